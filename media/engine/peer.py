"""One participant's peer connection, as the engine sees it: answer an offer, tell what arrives, send what is put."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any, Protocol

import structlog
from aiortc import RTCRtpSender, RTCSessionDescription
from aiortc.sdp import candidate_from_sdp
from av.packet import Packet

from media import equipment
from media.assembly import PLI_EVERY_S, EncodedFrame
from media.candidates import MOST_CANDIDATES, allowed, announce, parse
from media.engine.door import AddCandidate, Connect, StreamFigures
from media.engine.seam import EncodedTrack, Incoming, PeerConnection, Receiver, offering
from media.engine.spawn import spawn
from media.engine.vp8 import MAX_BITS_PER_S, MIN_BITS_PER_S
from media.errors import CandidateError, OfferError, SizeError
from media.picture_in import PictureIn
from media.sdp import check_offer, filter_candidates, tune_answer

log = structlog.get_logger("engine.peer")

CONNECT_TIMEOUT_S = 15.0
ANSWER_TIMEOUT_S = 5.0
"""A candidate may overtake the answer to its offer by as much."""
SILENCE_S = 3.0
"""No RTP of any kind for this long is a lost connection; the library itself notices after about 32 s."""
SECOND_KIND_S = 2.0
"""A connection carries once every kind has arrived, or this long after the first (a camera may be slow to open)."""
SOUND_OUT = 10
"""Packets, 200 ms: a sender that far behind skips the oldest."""
PICTURE_OUT = 30
"""Frames, one second."""
NO_CONNECTION = "There is no connection that this candidate could belong to."
ANSWERS = {"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly"}


class Owner(Protocol):
    """To whom a peer tells what happens: its place. Nothing of it may block."""

    def carrying(self, peer: Peer) -> None: ...  # media of every kind has arrived, for the first time or again

    def lost(self, peer: Peer) -> None: ...  # it carried, and is silent now

    def failed(self, peer: Peer, code: str, message: str) -> None: ...  # it never came up, or cannot go on

    def sound(self, peer: Peer, sequence: int, timestamp: int, payload: bytes) -> None: ...  # one Opus packet

    def frame(self, peer: Peer, frame: EncodedFrame) -> None: ...  # one whole encoded picture

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
        self._opened_at = time.monotonic()
        self._arrived: dict[str, float] = {}
        self._last_rtp_at: float | None = None
        self._closing: asyncio.Task[None] | None = None
        self._failed = False
        self._asked_at = float("-inf")
        self.is_carrying = False
        self.is_lost = False
        self.sound_out: EncodedTrack | None = None
        self.picture_out: EncodedTrack | None = None
        self._receivers: dict[str, Receiver] = {}
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
        one_way = "sendrecv" not in (connect.audio, connect.video)
        offer = equipment.passive(offer) if one_way else offer
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
        answer = equipment.multiplexed(answer) if one_way else answer
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

    async def ask_key_frame(self) -> None:
        """Have the participant's picture begin anew; wishes within 300 ms are one, since each answer is a burst."""
        now = time.monotonic()
        if "video" in self._receivers and now - self._asked_at >= PLI_EVERY_S:
            self._asked_at = now
            await self._receivers["video"].ask_key_frame()

    @property
    def hears(self) -> bool:
        """Whether sound can be sent to it now."""
        return self.sound_out is not None and self.is_carrying

    def put_sound(self, packet: Packet[Any]) -> None:
        """Send an Opus packet; before the connection carries, nothing is queued."""
        if self.sound_out is not None and self.is_carrying:
            self.sound_out.put(packet)

    def put_picture(self, packet: Packet[Any]) -> None:
        """Send an encoded picture; before the connection carries, nothing is queued."""
        if self.picture_out is not None and self.is_carrying:
            self.picture_out.put(packet)

    def figures(self) -> StreamFigures:
        """What this connection received so far."""
        audio = self._receivers["audio"].counts() if "audio" in self._receivers else (0, 0)
        video = self._receivers["video"].counts() if "video" in self._receivers else (0, 0)
        return StreamFigures(self.seat, self.generation, *audio, *video, self._picture.frames, *self._picture.size)

    @property
    def counts(self) -> dict[str, float]:
        """What it received and sent so far, by the door's `COUNTS`."""
        return self._pc.counts()

    @property
    def drops(self) -> dict[str, int]:
        """What was dropped on this connection: packets, frames, candidates."""
        return {
            "sound_out": self.sound_out.dropped if self.sound_out else 0,
            "picture_out": self.picture_out.dropped if self.picture_out else 0,
            "picture_in": self._picture.dropped,
            "candidates": self._candidates_dropped,
            "malformed": self._pc.malformed,
        }

    # What the seam tells us

    def on_sound(self, sequence: int, timestamp: int, payload: bytes) -> None:
        if self._hear_from("audio"):
            self._owner.sound(self, sequence, timestamp, payload)

    def on_picture(
        self, sequence: int, timestamp: int, marker: bool, payload: bytes, begins: bool | None, key: bool
    ) -> None:
        if not self._hear_from("video"):
            return
        try:
            frames = self._picture.push(sequence, timestamp, marker, payload, begins, key, time.monotonic())
        except SizeError as error:  # a decode bomb ends the connection
            self._fail(error.code, error.message)
            return
        for frame in frames:
            self._owner.frame(self, frame)

    def on_key_frame_wanted(self) -> None:
        self._owner.key_frame_wanted(self)

    def on_bitrate(self, bits_per_s: int) -> None:
        self._owner.bitrate(self, bits_per_s)

    # Inside

    def _add_transceiver(self, kind: str) -> None:
        offered = self._connect.audio if kind == "audio" else self._connect.video
        direction = ANSWERS[offered or "sendrecv"]
        track: EncodedTrack | None = None
        if direction in ("sendrecv", "sendonly"):
            capacity = SOUND_OUT if kind == "audio" else PICTURE_OUT
            track = EncodedTrack(kind, capacity, self.on_key_frame_wanted if kind == "video" else lambda: None)
        transceiver = self._pc.addTransceiver(track or kind, direction=direction)
        wanted = ("audio/opus",) if kind == "audio" else (f"video/{self._picture.codec}", "video/rtx")
        codecs = [codec for codec in RTCRtpSender.getCapabilities(kind).codecs if codec.mimeType.lower() in wanted]
        transceiver.setCodecPreferences(codecs)
        if kind == "audio":
            self.sound_out = track
        else:
            self.picture_out = track
        if direction in ("sendrecv", "recvonly"):
            receiver: object = transceiver.receiver
            assert isinstance(receiver, Receiver)
            self._receivers[kind] = receiver

    def _fail(self, code: str, message: str) -> None:
        """Say once that this connection cannot go on; nothing is taken from it any more."""
        if not self._failed and self._closing is None:
            self._failed = True
            self._owner.failed(self, code, message)

    def _hear_from(self, kind: str) -> bool:
        """Note that a packet came; whether it may be used."""
        if self._failed or self._closing is not None:
            return False
        now = time.monotonic()
        self._last_rtp_at = now
        if not self.is_carrying:
            self._arrived.setdefault(kind, now)
            if len(self._arrived) == len(self._receivers) or now - min(self._arrived.values()) > SECOND_KIND_S:
                self.is_carrying = True
                self._owner.carrying(self)
        elif self.is_lost:
            self.is_lost = False
            self._owner.carrying(self)
        return True

    def _state_changed(self) -> None:
        if self._closing is not None:
            return
        if self._pc.connectionState == "connected" and not self._receivers and not self.is_carrying:
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
        """Every 20 ms: what is missing of the picture; whether the line is silent; whether it ever came up."""
        while True:
            await asyncio.sleep(0.020)
            now = time.monotonic()
            if self._picture.assembler.waiting and "video" in self._receivers:
                ask = self._picture.assembler.ask(now)
                if ask.again:
                    await self._receivers["video"].ask_again(ask.again)
                if ask.key_frame:
                    await self.ask_key_frame()
            if not self.is_carrying and now - self._opened_at > CONNECT_TIMEOUT_S:
                self._fail("media_timeout", "The media connection was not up within 15 seconds.")
                return
            if self.is_carrying and not self.is_lost and now - (self._last_rtp_at or now) > SILENCE_S:
                self._lose()
