"""The mixing desk of a place: who speaks, who hears, and how loud; every 20 ms one packet for each who hears."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from media.engine.earphone import Earphone
from media.engine.native import lib
from media.engine.native_desk import NativeDesk
from media.engine.plain_desk import PlainDesk


class Voice(Protocol):
    """One source."""

    @property
    def cdata(self) -> Any | None:
        """Where its packets may be put by themselves (the voice of C); None: only by `push`."""

    @property
    def playing(self) -> int | None:
        """RTP timestamp (32 bits) of the first sample of the last tick; None while idle."""

    @property
    def delay_s(self) -> float | None:
        """How long sound is held on average, from its packet's arrival until it is played; None while idle."""

    @property
    def dbfs(self) -> float | None:
        """RMS of the last 200 ms; None when nothing arrived in them."""

    @property
    def speaking(self) -> bool:
        """Whether somebody speaks there."""

    @property
    def recovered(self) -> int:
        """Lost packets that were played after all, from the copy in the next one (FEC)."""

    @property
    def drops(self) -> dict[str, int]:
        """Packets that came too late or did not fit, and ticks that were filled in for missing or broken ones."""

    def push(self, sequence: int, timestamp: int, payload: bytes, now: float) -> None:
        """Take one Opus packet: RTP sequence number, 48 kHz timestamp, and when it arrived (monotonic s)."""

    def begin_anew(self) -> None:
        """Another connection speaks from now on: what was playing fades out."""


class Desk(Protocol):
    """Speakers and listeners by seat."""

    def voice(self, seat: str) -> Voice:
        """Have a new one."""

    def dismiss(self, seat: str) -> None:
        """Who speaks and hears there is gone; how loud they were stays."""

    def aim(self, gains: Iterable[tuple[str, str, float | None, float]]) -> None:
        """Set the whole matrix: (listener, source, dB or None, ramp in seconds) each.

        Cells that are not named fall silent in 30 ms. Raises ValueError for a gain that is not finite, and then
        changes nothing.
        """

    def connect(self, earphones: Mapping[str, Sequence[Earphone]]) -> None:
        """By whom each seat hears; seats that are not named do not."""

    def tick(self, number: int, now: float) -> None:
        """Mix and send 20 ms; `number` counts ticks, `now` is monotonic seconds. Raises LocalError."""


def desk() -> Desk:
    """The faster one of this machine."""
    return PlainDesk() if lib is None else NativeDesk()
