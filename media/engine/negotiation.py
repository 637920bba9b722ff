"""Offer, answer and candidates of one peer connection: what is agreed before media flows."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress

import structlog
from aiortc import RTCRtpSender, RTCSessionDescription
from aiortc.rtcrtpparameters import RTCRtpCodecCapability
from aiortc.sdp import candidate_from_sdp

from media import equipment
from media.candidates import MOST_CANDIDATES, NO_CONNECTION, Announced, allowed, announce, parse
from media.engine.addresses import offering
from media.engine.door import AddCandidate, Connect
from media.engine.seam import PeerConnection, Sender
from media.engine.sending import Sending
from media.engine.vp8 import MAX_BITS_PER_S, MIN_BITS_PER_S
from media.errors import CandidateError, OfferError
from media.sdp import check_offer, filter_candidates, tune_answer

log = structlog.get_logger("engine.negotiation")

ANSWER_TIMEOUT_S = 5.0
"""A candidate may overtake the answer to its offer by as much."""
ANSWERS = {"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly"}


class Negotiation:
    """`answer` once; what was agreed stands in the attributes then. `end` when the connection closes."""

    def __init__(
        self,
        pc: PeerConnection,
        connect: Connect,
        addresses: tuple[str, ...],
        announced: Announced,
        start_bits_per_s: int,
    ) -> None:
        self.receives: set[str] = set()
        """The kinds that come from the peer: `audio`, `video`."""
        self.sends: dict[str, Sending] = {}
        """The streams that go to it, by kind."""
        self.codec = "vp8"
        """Of the picture that comes."""
        self.sets: Iterable[bytes] = ()
        """H.264 parameter sets that the offer had."""
        self.formats: dict[int, str] = {}
        """In which payload types a picture may go to the peer as H.264, with the profile-level-id of each."""
        self.candidates_dropped = 0
        self._pc = pc
        self._connect = connect
        self._addresses = addresses
        self._announced = announced
        self._start_bits_per_s = start_bits_per_s
        self._answered = asyncio.Event()
        self._ended = False
        self._candidates = 0

    async def answer(self) -> str:
        """The answer to the offer, candidates included. Raises OfferError; nothing then stays behind after `close`."""
        connect = self._connect
        offer = equipment.unbundled(connect.offer)
        check_offer(offer, audio=connect.audio, video=connect.video)
        offer, self.candidates_dropped = filter_candidates(offer, loopback=connect.loopback_candidates)
        one_way = "sendrecv" not in (connect.audio, connect.video)
        offer = equipment.passive(offer) if one_way else offer
        chosen = equipment.h264_format(offer) if connect.video == "sendonly" else None
        if chosen is not None:
            offer = equipment.only(offer, chosen)
            self.codec, self.sets = "h264", chosen.sets
        taken: tuple[equipment.Format, ...] = ()
        if connect.video in ("sendrecv", "recvonly"):
            taken = equipment.viewable(offer)
            offer = equipment.beside(offer, taken)
            self.formats = {int(one.payload): one.profile for one in taken}
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
        if self._ended:
            raise OfferError("The connection was closed before its answer was ready.", "media_failed")
        start, least, most = (bits // 1000 for bits in (self._start_bits_per_s, MIN_BITS_PER_S, MAX_BITS_PER_S))
        answer = self._pc.localDescription.sdp
        answer = equipment.multiplexed(answer) if one_way else answer
        formats = (chosen,) if chosen is not None else taken
        answer = tune_answer(equipment.answered(answer, *formats), start, least, most)
        self._answered.set()
        return announce(answer, self._announced)

    async def add_candidate(self, command: AddCandidate) -> None:
        """Add a remote candidate; one that is not allowed is dropped. Raises CandidateError for one of no use."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._answered.wait(), ANSWER_TIMEOUT_S)
        if self._ended or not self._answered.is_set():
            raise CandidateError(NO_CONNECTION, "no_offer")
        if not command.candidate:
            await self._pc.addIceCandidate(None)
            return
        if not allowed(parse(command.candidate), loopback=self._connect.loopback_candidates):
            self.candidates_dropped += 1
            return
        self._candidates += 1
        if self._candidates > MOST_CANDIDATES:
            raise CandidateError(f"A connection may have {MOST_CANDIDATES} candidates at most.")
        candidate = candidate_from_sdp(command.candidate.removeprefix("candidate:"))
        # Bundled: every candidate belongs to the one transport, which the library files under the first m-line.
        candidate.sdpMid = self._pc.getTransceivers()[0].mid
        candidate.sdpMLineIndex = 0
        await self._pc.addIceCandidate(candidate)

    def end(self) -> None:
        """Who waits for the answer waits in vain."""
        self._ended = True
        self._answered.set()

    def _add_transceiver(self, kind: str) -> None:
        offered = self._connect.audio if kind == "audio" else self._connect.video
        direction = ANSWERS[offered or "sendrecv"]
        transceiver = self._pc.addTransceiver(kind, direction=direction)
        transceiver.setCodecPreferences(self._preferred(kind))
        sender: object = transceiver.sender
        assert isinstance(sender, Sender)
        if direction in ("sendrecv", "sendonly"):
            self.sends[kind] = sender.sending
        if direction in ("sendrecv", "recvonly"):
            self.receives.add(kind)

    def _preferred(self, kind: str) -> list[RTCRtpCodecCapability]:
        """What is answered, best first: browsers send what stands first, and VP8 is what every viewer takes."""
        wanted = ["audio/opus"] if kind == "audio" else [f"video/{self.codec}", "video/rtx"]
        if kind == "video" and self.formats:
            wanted.append("video/h264")

        def place(codec: RTCRtpCodecCapability) -> tuple[int, bool]:
            profile = codec.parameters.get("profile-level-id", "")
            return wanted.index(codec.mimeType.lower()), not equipment.LIBRARY_FORMATS[0].endswith(str(profile))

        codecs = RTCRtpSender.getCapabilities(kind).codecs
        return sorted((codec for codec in codecs if codec.mimeType.lower() in wanted), key=place)
