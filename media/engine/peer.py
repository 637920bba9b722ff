"""One participant's peer connection, as the engine sees it: answer an offer, tell what arrives, send what is put."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Protocol

import structlog
from aiortc import RTCRtpSender, RTCSessionDescription
from aiortc.sdp import candidate_from_sdp

from media import equipment
from media.assembly import EncodedFrame
from media.candidates import MOST_CANDIDATES, allowed, announce, parse
from media.capture_clock import CaptureClock
from media.engine.addresses import offering
from media.engine.door import AddCandidate, Connect, StreamFigures
from media.engine.receiving import Receiving
from media.engine.screen import Screen
from media.engine.seam import PeerConnection, Sender
from media.engine.sending import Sending
from media.engine.session import Incoming
from media.engine.spawn import spawn
from media.engine.vp8 import MAX_BITS_PER_S, MIN_BITS_PER_S
from media.errors import CandidateError, MediaError, OfferError, SizeError
from media.numbering import PicturePacket
from media.picture_in import PictureIn
from media.rtp import RtpPacket
from media.sdp import check_offer, filter_candidates, tune_answer
from media.sound import FRAME_SAMPLES

log = structlog.get_logger("engine.peer")

CONNECT_TIMEOUT_S = 15.0
ANSWER_TIMEOUT_S = 5.0
"""A candidate may overtake the answer to its offer by as much."""
SILENCE_S = 3.0
"""No RTP of any kind for this long is a lost connection; the library itself notices after about 32 s."""
SECOND_KIND_S = 2.0
"""A connection carries once every kind has arrived, or this long after the first (a camera may be slow to open)."""
WATCH_EVERY_S = 0.250
"""How often silence is looked for."""
NO_CONNECTION = "There is no connection that this candidate could belong to."
ANSWERS = {"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly"}


class Owner(Protocol):
    """To whom a peer tells what happens: its place. Nothing of it may block."""

    def carrying(self, peer: Peer) -> None: ...  # media of every kind has arrived, for the first time or again

    def lost(self, peer: Peer) -> None: ...  # it carried, and is silent now

    def failed(self, peer: Peer, code: str, message: str) -> None: ...  # it never came up, or cannot go on

    def sound(self, peer: Peer, packet: RtpPacket, now: float) -> None: ...  # one Opus packet

    def picture(self, peer: Peer, packet: PicturePacket, now: float) -> None: ...  # one packet of its picture

    def frame(self, peer: Peer, frame: EncodedFrame) -> None: ...  # one whole encoded picture, if `assemble` was asked

    def key_frame_wanted(self, peer: Peer) -> None: ...  # as a viewer it cannot go on without one

    def bitrate(self, peer: Peer, bits_per_s: int) -> None: ...  # what it believes, as a viewer, that its line carries


class Peer(Incoming):
    """One connection of one seat. `answer` first; `close` at the end, whatever happened."""

    def __init__(
        self, connect: Connect, owner: Owner, addresses: tuple[str, ...], announced: str | None, start_bits_per_s: int
    ) -> None:
        self.seat = connect.seat
        self.generation = connect.generation
        self._connect = connect
        self._owner = owner
        self._addresses = addresses
        self._announced = announced
        self._start_bits_per_s = start_bits_per_s
        self._pc = PeerConnection(self, start_bits_per_s)
        self._picture = PictureIn("vp8")
        self._assembling = False
        self._clock = CaptureClock()
        self._opened_at = time.monotonic()
        self._arrived: dict[str, float] = {}
        self._last_rtp_at: float | None = None
        self._closing: asyncio.Task[None] | None = None
        self._failed = False
        self.is_carrying = False
        self.is_lost = False
        self.screen: Screen | None = None
        """Where it is shown pictures; None where it takes none."""
        self._sound_out: Sending | None = None
        self._sound_sequence = 0
        self._kinds: set[str] = set()
        self._watch: asyncio.Task[None] | None = None
        self._answered = asyncio.Event()
        self._candidates = 0
        self._candidates_dropped = 0

    async def answer(self) -> str:
        """The answer to the offer, candidates included. Raises OfferError; nothing then stays behind after `close`."""
        connect = self._connect
        offer = equipment.unbundled(connect.offer)
        check_offer(offer, audio=connect.audio, video=connect.video)
        offer, self._candidates_dropped = filter_candidates(offer, loopback=connect.loopback_candidates)
        if "sendrecv" not in (connect.audio, connect.video):
            offer = equipment.passive(offer)
        chosen = equipment.h264_format(offer) if connect.video == "sendonly" else None
        if chosen is not None:
            offer = equipment.only(offer, chosen)
            self._picture = PictureIn("h264", chosen.sets)
        for line in offer.splitlines():
            if line.startswith("m="):  # transceivers in the offer's order: the first one owns the bundled transport
                self._add_transceiver(line[2:].split()[0])
        try:
            with offering(self._addresses):
                await self._pc.setRemoteDescription(RTCSessionDescription(offer, "offer"))
                await self._pc.setLocalDescription(await self._pc.createAnswer())
        except Exception as error:  # the library raises every kind of exception on SDP it does not understand
            log.info("offer_not_understood", kind=type(error).__name__)
            raise OfferError("The offer could not be understood.") from error
        if self._closing is not None:
            raise OfferError("The connection was closed before its answer was ready.", "media_failed")
        start, least, most = (bits // 1000 for bits in (self._start_bits_per_s, MIN_BITS_PER_S, MAX_BITS_PER_S))
        answer = self._pc.localDescription.sdp
        answer = tune_answer(equipment.answered(answer, chosen) if chosen else answer, start, least, most)
        self._pc.on("connectionstatechange", self._state_changed)
        self._watch = spawn(self._watchdog(), "peer-watchdog")
        self._answered.set()
        return announce(answer, dict.fromkeys(self._addresses, self._announced)) if self._announced else answer

    async def add_candidate(self, command: AddCandidate) -> None:
        """Add a remote candidate; one that is not allowed is dropped. Raises CandidateError for one of no use."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._answered.wait(), ANSWER_TIMEOUT_S)
        if self._closing is not None or not self._answered.is_set():
            raise CandidateError(NO_CONNECTION, "no_offer")
        if not command.candidate:
            await self._pc.addIceCandidate(None)
            return
        if not allowed(parse(command.candidate), loopback=self._connect.loopback_candidates):
            self._candidates_dropped += 1
            return
        self._candidates += 1
        if self._candidates > MOST_CANDIDATES:
            raise CandidateError(f"A connection may have {MOST_CANDIDATES} candidates at most.")
        candidate = candidate_from_sdp(command.candidate.removeprefix("candidate:"))
        # Bundled: every candidate belongs to the one transport, which the library files under the first m-line.
        candidate.sdpMid = self._pc.getTransceivers()[0].mid
        candidate.sdpMLineIndex = 0
        await self._pc.addIceCandidate(candidate)

    def close(self) -> asyncio.Task[None]:
        """Begin to close, once; in a task of its own, since a cancelled close hangs every later one."""
        if self._closing is None:
            if self._watch is not None:
                self._watch.cancel()
            self._closing = spawn(self._pc.close(), "peer-close")
            self._answered.set()  # who waits for the answer waits in vain
        return self._closing

    # As a camera

    @property
    def picture_codec(self) -> str:
        return self._picture.codec

    @property
    def picture_size(self) -> tuple[int, int]:
        return self._picture.size

    def assemble(self, wanted: bool) -> None:
        """Whether the owner wants frames, and not packets only."""
        if wanted and not self._assembling and self._picture.codec == "vp8":
            self._picture.begin_anew()
        self._assembling = wanted

    def ask_key_frame(self) -> None:
        """Have the participant's picture begin anew; wishes within 300 ms are one, since each answer is a burst."""
        if (receiving := self._receiving("video")) is not None:
            receiving.want_key_frame(time.monotonic())

    def cap(self, bits_per_s: int | None) -> None:
        """Ask for no more than this; None for no bound."""
        if (receiving := self._receiving("video")) is not None:
            receiving.cap(bits_per_s)

    def captured(self, kind: str, timestamp: int) -> float | None:
        """When what has this timestamp (32 bits) was captured, in monotonic seconds; None while nobody knows."""
        return self._clock.captured(kind, timestamp)

    # As a listener

    @property
    def hears(self) -> bool:
        """Whether sound can be sent to it now."""
        return self._sound_out is not None and self._sound_out.live and self.is_carrying

    def put_sound(self, payload: bytes, tick: int, now: float, captured: float) -> None:
        """Send the Opus packet of a tick; `captured` is when its sound was, for lip sync."""
        if self._sound_out is not None and self.hears:
            timestamp = (self._sound_out.first_timestamp + tick * FRAME_SAMPLES) & 0xFFFFFFFF
            self._sound_out.send(self._sound_sequence, timestamp, False, payload, now)
            self._sound_out.stamp(timestamp, captured)
            self._sound_sequence = (self._sound_sequence + 1) & 0xFFFF

    def figures(self) -> StreamFigures:
        """What this connection received so far."""
        audio, video = self._received("audio"), self._received("video")
        return StreamFigures(self.seat, self.generation, *audio, *video, self._picture.pictures, *self._picture.size)

    @property
    def counts(self) -> dict[str, float]:
        """What it received and sent so far, by the door's `COUNTS`."""
        counts: dict[str, float] = {}
        for kind in self._kinds:
            counts[f"{kind}_packets"], counts[f"{kind}_lost"] = self._received(kind)
        counts["received_bytes"], counts["sent_bytes"] = self._pc.carried_bytes
        return counts

    @property
    def drops(self) -> dict[str, int]:
        """What was dropped on this connection: packets, candidates."""
        video = self._receiving("video")
        return {
            "sound_out": self._sound_out.missed if self._sound_out else 0,
            "picture_out": self.screen.sending.missed if self.screen else 0,
            "picture_in": video.dropped if video else 0,
            "candidates": self._candidates_dropped,
            "malformed": self._pc.malformed,
        }

    # What the session tells us

    def on_packet(self, codec: str, number: int, packet: RtpPacket, now: float) -> None:
        if codec == "opus":
            if self._hear_from("audio", now):
                self._owner.sound(self, packet, now)
        elif self._hear_from("video", now):
            try:
                self._see(self._picture.read(number, packet.timestamp, packet.marker, packet.payload), now)
            except SizeError as error:  # a decode bomb ends the connection
                self._fail(error.code, error.message)
            except MediaError:  # as good as lost, and it would come no better a second time
                self.on_lost(number)
                self.ask_key_frame()
                raise

    def on_lost(self, number: int) -> None:
        for frame in self._picture.lost(number):
            self._owner.frame(self, frame)

    def on_key_frame_wanted(self) -> None:
        self._owner.key_frame_wanted(self)

    def on_bitrate(self, bits_per_s: int) -> None:
        self._owner.bitrate(self, bits_per_s)

    def on_report(self, kind: str, ntp: int, timestamp: int, now: float) -> None:
        self._clock.report(kind, ntp, timestamp, now)

    # Inside

    def _add_transceiver(self, kind: str) -> None:
        offered = self._connect.audio if kind == "audio" else self._connect.video
        direction = ANSWERS[offered or "sendrecv"]
        transceiver = self._pc.addTransceiver(kind, direction=direction)
        wanted = ("audio/opus",) if kind == "audio" else (f"video/{self._picture.codec}", "video/rtx")
        codecs = [codec for codec in RTCRtpSender.getCapabilities(kind).codecs if codec.mimeType.lower() in wanted]
        transceiver.setCodecPreferences(codecs)
        if direction in ("sendrecv", "sendonly"):
            sender: object = transceiver.sender
            assert isinstance(sender, Sender)
            if kind == "audio":
                self._sound_out, self._sound_sequence = sender.sending, sender.sending.first_sequence
            else:
                self.screen = Screen(sender.sending)
        if direction in ("sendrecv", "recvonly"):
            self._kinds.add(kind)

    def _receiving(self, kind: str) -> Receiving | None:
        return self._pc.session.receivings.get(kind)

    def _received(self, kind: str) -> tuple[int, int]:
        receiving = self._receiving(kind)
        return (0, 0) if receiving is None else receiving.counts

    def _see(self, packet: PicturePacket, now: float) -> None:
        """Hand a packet of the picture on, and the frames that are whole with it if they are wanted."""
        self._owner.picture(self, packet, now)
        key = packet.descriptor is not None and packet.descriptor.key
        if self._assembling or self._picture.codec == "h264":
            for frame in self._picture.frames(packet):
                self._owner.frame(self, frame)
            if self._picture.codec == "h264":
                key = not self._picture.need_key
        if key and (receiving := self._receiving("video")) is not None:
            receiving.key_frame_began()

    def _fail(self, code: str, message: str) -> None:
        """Say once that this connection cannot go on; nothing is taken from it any more."""
        if not self._failed and self._closing is None:
            self._failed = True
            self._owner.failed(self, code, message)

    def _hear_from(self, kind: str, now: float) -> bool:
        """Note that a packet came; whether it may be used."""
        if self._failed or self._closing is not None:
            return False
        self._last_rtp_at = now
        if not self.is_carrying:
            self._arrived.setdefault(kind, now)
            if len(self._arrived) == len(self._kinds) or now - min(self._arrived.values()) > SECOND_KIND_S:
                self.is_carrying = True
                self._owner.carrying(self)
        elif self.is_lost:
            self.is_lost = False
            self._owner.carrying(self)
        return True

    def _state_changed(self) -> None:
        if self._closing is not None:
            return
        if self._pc.connectionState == "connected" and not self._kinds and not self.is_carrying:
            self.is_carrying = True  # a receive-only seat sends nothing that could tell
            self._owner.carrying(self)
        if self._pc.connectionState in ("closed", "failed"):
            self._lose()

    def _lose(self) -> None:
        if self.is_carrying and not self.is_lost:
            self.is_lost = True
            self._owner.lost(self)
        elif not self.is_carrying:
            self._fail("media_failed", "The media connection was closed before it carried anything.")

    async def _watchdog(self) -> None:
        """Whether the line is silent; whether it ever came up."""
        while True:
            await asyncio.sleep(WATCH_EVERY_S)
            now = time.monotonic()
            if not self.is_carrying and now - self._opened_at > CONNECT_TIMEOUT_S:
                self._fail("media_timeout", "The media connection was not up within 15 seconds.")
                return
            if self.is_carrying and not self.is_lost and now - (self._last_rtp_at or now) > SILENCE_S:
                self._lose()
