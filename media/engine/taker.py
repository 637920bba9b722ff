"""Who takes what arrives on a connection."""

from __future__ import annotations

from typing import Any, Protocol

from media.engine.flow import Outlet, Passage
from media.rtp import RtpPacket


class Taker(Protocol):
    """Nothing of it may block."""

    def on_packet(self, codec: str, number: int, packet: RtpPacket, now: float) -> None:
        """One packet of media; `number` is its sequence number, of a picture without wrap."""

    def on_lost(self, number: int) -> None:
        """Of the picture, everything up to this number that has not arrived never will."""

    def on_passage(self, passage: Passage, number: int) -> None:
        """Packets of the picture that passed by themselves; the last one has this number."""

    def outlets(self) -> list[Outlet] | None:
        """Where packets that continue the picture may leave by themselves; None while each has to be seen."""

    def on_sounds(self, at: float) -> None:
        """Packets of sound were heard by themselves, the last one then."""

    def voice(self) -> Any | None:
        """Where packets of sound may be heard by themselves (of C); None while each has to be seen."""
