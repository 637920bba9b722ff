"""One participant's peer connection, as the engine sees it: answer an offer, tell what arrives, send what is put."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import structlog

from media.candidates import Announced
from media.capture_clock import CaptureClock
from media.carriage import Carriage
from media.engine.door import AddCandidate, Connect, StreamFigures
from media.engine.earphone import Earphone
from media.engine.flow import Outlet, Passage
from media.engine.line_watch import LineWatch
from media.engine.negotiation import Negotiation
from media.engine.owner import Owner
from media.engine.receiving import Receiving
from media.engine.screen import Screen
from media.engine.seam import PeerConnection
from media.engine.session import Incoming
from media.engine.spawn import spawn
from media.errors import MediaError, SizeError
from media.numbering import PicturePacket
from media.picture_in import PictureIn
from media.rtp import RtpPacket

log = structlog.get_logger("engine.peer")


class Peer(Incoming):
    """One connection of one seat. `answer` first; `close` at the end, whatever happened."""

    def __init__(
        self, connect: Connect, owner: Owner, addresses: tuple[str, ...], announced: Announced, start_bits_per_s: int
    ) -> None:
        self.seat = connect.seat
        self.generation = connect.generation
        self._owner = owner
        self._pc = PeerConnection(self, start_bits_per_s)
        self._negotiation = Negotiation(self._pc, connect, addresses, announced, start_bits_per_s)
        self._picture = PictureIn("vp8")
        self._assembling = False
        self._clock = CaptureClock()
        self._carriage = Carriage(time.monotonic())
        self._closing: asyncio.Task[None] | None = None
        self._failed = self._picture_refused = False
        self.screen: Screen | None = None
        """Where it is shown pictures; None where it takes none."""
        self.line = LineWatch(self._pc)
        self._earphone: Earphone | None = None
        self._is_watched = False
        self._pictures = 0
        """Packets of pictures that came and went until the last look; where more do, nothing waits for a tick."""

    async def answer(self) -> str:
        """The answer to the offer, candidates included. Raises OfferError; nothing then stays behind after `close`."""
        answer = await self._negotiation.answer()
        self._picture = PictureIn(self._negotiation.codec, self._negotiation.sets)
        if (sending := self._negotiation.sends.get("audio")) is not None:
            self._earphone = Earphone(sending)
        if (sending := self._negotiation.sends.get("video")) is not None:
            self.screen = Screen(sending, self._negotiation.formats)
        self._pc.on("connectionstatechange", self._state_changed)
        self._is_watched = True
        return answer

    async def add_candidate(self, command: AddCandidate) -> None:
        """Add a remote candidate; one that is not allowed is dropped. Raises CandidateError for one of no use."""
        await self._negotiation.add_candidate(command)

    def close(self) -> asyncio.Task[None]:
        """Begin to close, once; in a task of its own, since a cancelled close hangs every later one."""
        if self._closing is None:
            self._closing = spawn(self._pc.close(), "peer-close")
            self.line.close()
            self.halt_sound()
            self._negotiation.end()
        return self._closing

    def watch(self, now: float) -> None:
        """Whether the line is silent; whether it ever came up. To be called a few times a second."""
        if not self._is_watched or self._closing is not None:
            return
        self._pc.session.tell()
        pictures = self._received("video")[0] + (self.screen.sending.packets if self.screen is not None else 0)
        self._pc.pace(self.is_carrying and pictures == self._pictures)
        self._pictures = pictures
        if self._carriage.overdue(now):
            self._fail("media_timeout", "The media connection was not up within 15 seconds.")
        if self._carriage.silent(now) and not self.line.is_hushed(now):
            self._lose()

    @property
    def is_carrying(self) -> bool:
        """Whether it has come up."""
        return self._carriage.is_carrying

    @property
    def is_live(self) -> bool:
        """Whether it carries now."""
        return self._carriage.live

    # As a camera

    @property
    def picture(self) -> PictureIn:
        return self._picture

    def assemble(self, wanted: bool) -> None:
        """Whether the owner wants frames, and not packets only."""
        if wanted and not self._assembling:
            self._picture.begin_anew()
        self._assembling = wanted
        if wanted:
            self.halt()

    def halt(self) -> None:
        """Hand on each packet of the picture again; after the next one others may pass by themselves."""
        if (receiving := self._receiving("video")) is not None:
            receiving.halt()

    def halt_sound(self) -> None:
        """The same for sound."""
        if (receiving := self._receiving("audio")) is not None:
            receiving.halt()

    def ask_key_frame(self) -> None:
        """Have the participant's picture begin anew; wishes within 300 ms are one, since each answer is a burst."""
        if (receiving := self._receiving("video")) is not None:
            receiving.want_key_frame(time.monotonic(), self._pc.session.round_trip_s)

    def ramp(self) -> None:
        """Its picture begins to be seen: its sender may start at full rate again."""
        if (receiving := self._receiving("video")) is not None:
            receiving.ramp(time.monotonic())

    def cap(self, bits_per_s: int | None) -> None:
        """Ask for no more than this; None for no bound."""
        if (receiving := self._receiving("video")) is not None:
            receiving.cap(bits_per_s)

    def captured(self, kind: str, timestamp: int, now: float) -> float | None:
        """When what has this timestamp (32 bits) and is shown or played now was captured; None while nobody knows."""
        return self._clock.captured(kind, timestamp, now)

    # As a listener

    @property
    def earphone(self) -> Earphone | None:
        """Where it hears; None where it does not, or not yet."""
        earphone = self._earphone
        return earphone if earphone is not None and earphone.sending.live and self.is_carrying else None

    def figures(self) -> StreamFigures:
        """What this connection received so far."""
        self._pc.session.tell()
        audio, video = self._received("audio"), self._received("video")
        return StreamFigures(self.seat, self.generation, *audio, *video, self._picture.pictures, *self._picture.size)

    @property
    def counts(self) -> dict[str, float]:
        """What it received and sent so far, by the door's `COUNTS`."""
        self._pc.session.tell()
        counts: dict[str, float] = {}
        for kind in self._negotiation.receives:
            counts[f"{kind}_packets"], counts[f"{kind}_lost"] = self._received(kind)
        counts["received_bytes"], counts["sent_bytes"] = self._pc.carried_bytes
        return counts

    @property
    def drops(self) -> dict[str, int]:
        """What was dropped on this connection: packets, candidates."""
        video = self._receiving("video")
        return {
            "sound_out": self._earphone.sending.missed if self._earphone else 0,
            "picture_out": self.screen.sending.missed if self.screen else 0,
            "picture_in": video.dropped if video else 0,
            "candidates": self._negotiation.candidates_dropped,
            "malformed": self._pc.malformed,
        }

    # What the session tells us

    def on_packet(self, codec: str, number: int, packet: RtpPacket, now: float) -> None:
        if codec == "opus":
            if self._hear_from("audio", now):
                self._owner.sound(self, packet, now)
        elif self._hear_from("video", now) and not self._picture_refused:
            self._picture = self._picture.of(codec)
            try:
                self._see(self._picture.read(number, packet.timestamp, packet.marker, packet.payload), now)
            except SizeError as error:  # a decode bomb
                self._refuse_picture(error)
            except MediaError:  # as good as lost, and it would come no better a second time
                self.on_lost(number)
                self.ask_key_frame()
                raise

    def on_passage(self, passage: Passage, number: int) -> None:
        last = passage.packets[-1]
        self._hear_from("video", last.at)
        self._picture.passed(number, last.timestamp, sum(row.marker for row in passage.packets))
        self._owner.passage(self, passage, number)  # whatever became of us meanwhile: they have left

    def outlets(self) -> list[Outlet] | None:
        ended = self._failed or self._picture_refused or self._closing is not None
        if self._assembling or not all(self._picture.size) or ended:
            return None
        return self._owner.outlets(self)

    def on_sounds(self, at: float) -> None:
        self._hear_from("audio", at)

    def voice(self) -> Any | None:
        ended = self._failed or self._closing is not None
        return self._owner.voice(self) if self.is_live and not ended else None

    def on_lost(self, number: int) -> None:
        try:
            for frame in self._picture.lost(number):
                self._owner.frame(self, frame)
        except SizeError as error:
            self._refuse_picture(error)

    def on_key_frame_wanted(self) -> None:
        if self.screen is None or not self.screen.paused:
            self._owner.key_frame_wanted(self)

    def on_bitrate(self, bits_per_s: int) -> None:
        self._owner.bitrate(self, bits_per_s)

    def on_report(self, kind: str, ntp: int, timestamp: int, now: float) -> None:
        self._clock.report(kind, ntp, timestamp, now)

    # Inside

    def _receiving(self, kind: str) -> Receiving | None:
        return self._pc.session.receivings.get(kind)

    def _received(self, kind: str) -> tuple[int, int]:
        receiving = self._receiving(kind)
        return (0, 0) if receiving is None else receiving.counts

    def _see(self, packet: PicturePacket, now: float) -> None:
        """Hand a packet of the picture on, and the frames that are whole with it if they are wanted."""
        self._owner.picture(self, packet, now)
        key = packet.key
        if self._assembling or not all(self._picture.size):  # whole frames may say what single packets do not
            for frame in self._picture.frames(packet):
                key |= frame.key and packet.codec == "h264"
                self._owner.frame(self, frame)
            if self._picture.need_key:
                self.ask_key_frame()
        if key and (receiving := self._receiving("video")) is not None:
            receiving.key_frame_began()

    def _fail(self, code: str, message: str) -> None:
        """Say once that this connection cannot go on; nothing is taken from it any more."""
        if not self._failed and self._closing is None:
            self._failed = True
            self.halt_sound()
            self._owner.failed(self, code, message)

    def _refuse_picture(self, error: SizeError) -> None:
        """Take no packet of the picture any more, and ask for none; the sound goes on."""
        if not self._picture_refused:
            self._picture_refused = True
            if (receiving := self._receiving("video")) is not None:
                receiving.stop()
            self._owner.picture_refused(self, error.code, error.message)

    def _hear_from(self, kind: str, now: float) -> bool:
        """Note that a packet came; whether it may be used."""
        if self._failed or self._closing is not None:
            return False
        if self._carriage.heard(kind, len(self._negotiation.receives), now):
            self.line.begin_anew()
            self._owner.carrying(self)
        return True

    def _state_changed(self) -> None:
        if self._closing is not None:
            return
        if self._pc.connectionState == "connected" and not self._negotiation.receives and not self.is_carrying:
            self._carriage.is_carrying = True  # a receive-only seat sends nothing that could tell
            self._owner.carrying(self)
        if self._pc.connectionState in ("closed", "failed"):
            self._lose()

    def _lose(self) -> None:
        if self._carriage.live:
            self._pc.session.tell()  # what came before
            self._carriage.is_lost = True
            self._owner.lost(self)
        elif not self.is_carrying:
            self._fail("media_failed", "The media connection was closed before it carried anything.")
