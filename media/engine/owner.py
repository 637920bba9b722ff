"""To whom a connection tells what happens on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from media.assembly import EncodedFrame
from media.engine.flow import Outlet, Passage
from media.numbering import PicturePacket
from media.rtp import RtpPacket

if TYPE_CHECKING:  # it knows its owner in turn
    from media.engine.peer import Peer


class Owner(Protocol):
    """To whom a peer tells what happens: its place. Nothing of it may block."""

    def carrying(self, peer: Peer) -> None: ...  # media of every kind has arrived, for the first time or again

    def lost(self, peer: Peer) -> None: ...  # it carried, and is silent now

    def failed(self, peer: Peer, code: str, message: str) -> None: ...  # it never came up, or cannot go on

    def picture_refused(self, peer: Peer, code: str, message: str) -> None: ...  # it goes on without its picture

    def sound(self, peer: Peer, packet: RtpPacket, now: float) -> None: ...  # one Opus packet

    def voice(self, peer: Peer) -> Any | None: ...  # where they may be heard by themselves; None: it wants to see each

    def picture(self, peer: Peer, packet: PicturePacket, now: float) -> None: ...  # one packet of its picture

    def passage(self, peer: Peer, passage: Passage, number: int) -> None: ...  # packets that passed by themselves

    def outlets(self, peer: Peer) -> list[Outlet] | None: ...  # where they may pass to; None: it wants to see each

    def frame(self, peer: Peer, frame: EncodedFrame) -> None: ...  # one whole encoded picture, if `assemble` was asked

    def key_frame_wanted(self, peer: Peer) -> None: ...  # as a viewer it cannot go on without one

    def bitrate(self, peer: Peer, bits_per_s: int) -> None: ...  # what it believes, as a viewer, that its line carries
