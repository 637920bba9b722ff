"""A consultation's participants, in the same words for every server: who speaks, who shows, what reaches them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bench import rtp, speech
from bench.clip import Clip
from bench.line import CLEAN, Impairment, Line
from bench.peer import Peer
from bench.receiving import Inlet
from bench.sdp import RECEIVES, SENDS, Way
from bench.sending import PictureOutlet, VoiceOutlet

ROOMS = ("left", "right")
INTERPRETER = "interpreter"
VOICE_S = 10.0  # then it begins again
MOST_JOINS = 3
LANGUAGE_OF = {"left": "ko", "right": "vi", INTERPRETER: "en"}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a measurement wants of its participants. `clip` None: nobody shows anything."""

    people: tuple[str, ...] = ROOMS
    clip: Clip | None = None
    shown_by: tuple[str, ...] = ROOMS
    voices: bool = True
    """Whether sound is wanted at all; a server that cannot do without has it silent."""
    keep: bool = False
    chase: bool = False
    up: Impairment = CLEAN
    down: Impairment = CLEAN
    seed: int = 0

    def shows(self, person: str) -> bool:
        return self.clip is not None and person in self.shown_by

    def watches(self, person: str) -> bool:
        """Whether somebody's picture is meant for this person: rooms see each other."""
        return person in ROOMS and any(self.shows(other) for other in ROOMS if other != person)


@dataclass
class Participant:
    """Who joined: the connections, and what goes through them."""

    name: str
    peers: list[Peer] = field(default_factory=list)
    microphone: VoiceOutlet | None = None
    camera: PictureOutlet | None = None
    hearing: Inlet | None = None
    screen: Inlet | None = None

    def attach(self, peer: Peer, wish: Wish) -> None:
        """Put outlets and inlets on a connection, by the ways of its lines; the connection need not be up yet."""
        self.peers.append(peer)
        inlets: dict[int, Inlet] = {}
        """By payload type."""
        for way in peer.ways:
            if way.direction in SENDS:
                self._send(peer, way, wish)
            if way.direction in RECEIVES:
                inlet = self._receive(peer, way, wish)
                inlets |= {number: inlet for number in (way.payload_type, way.rtx_type) if number}

        def take(data: bytes, now_s: float) -> None:
            inlet = inlets.get(data[1] & 0x7F)
            if inlet is not None:
                inlet.take(data, now_s)

        def hear(data: bytes, now_s: float) -> None:
            for said in rtp.rtcp(data):
                if isinstance(said, rtp.SenderReport):
                    for inlet in set(inlets.values()):
                        inlet.hear(said, now_s)
                elif self.camera is not None:
                    self.camera.hear(said, now_s)

        peer.on_rtp, peer.on_rtcp = take, hear

    def _send(self, peer: Peer, way: Way, wish: Wish) -> None:
        if way.kind == "audio":
            self.microphone = VoiceOutlet(peer, way)
        elif wish.clip is not None and wish.shows(self.name):
            self.camera = PictureOutlet(peer, way, wish.clip)

    def _receive(self, peer: Peer, way: Way, wish: Wish) -> Inlet:
        picture = way.kind == "video"
        inlet = Inlet(peer, way, keep=wish.keep, chase=wish.chase and picture and wish.watches(self.name))
        if picture:
            self.screen = inlet
        else:
            self.hearing = inlet
        return inlet

    def speak(self, packets: Sequence[bytes] | None = None) -> None:
        """Talk without an end: these packets, or this person's language."""
        assert self.microphone is not None
        self.microphone.start(packets or speech.packets(LANGUAGE_OF[self.name], VOICE_S))

    def be_quiet(self) -> None:
        """Stay connected without a word."""
        if self.microphone is not None:
            self.microphone.rest(speech.silence())

    def forget(self) -> None:
        """Drop what was logged of what came."""
        for inlet in (self.screen, self.hearing):
            if inlet is not None:
                inlet.forget()

    def impair(self, up: Impairment, down: Impairment) -> None:
        """From now on its line does this."""
        for peer in self.peers:
            assert peer.up is not None
            assert peer.down is not None
            peer.up.impairment, peer.down.impairment = up, down

    async def leave(self) -> None:
        """Stop everything and drop the connections."""
        for outlet in (self.camera, self.microphone):
            if outlet is not None:
                outlet.stop()
                outlet.end()
        for inlet in (self.hearing, self.screen):
            if inlet is not None:
                inlet.close()
        for peer in self.peers:
            await peer.close()


def lines(wish: Wish, person: str) -> tuple[Line, Line]:
    """Up and down of somebody's line. Untouched ones cost the load nothing that counts."""
    seed = wish.seed * 1000 + sum(person.encode())
    return Line(wish.up, seed), Line(wish.down, seed + 1)


class Visit(Protocol):
    """A consultation that is going on."""

    people: dict[str, Participant]

    async def leave(self) -> None:
        """Everybody leaves, and what was made for them goes."""


class Server(Protocol):
    """A server that can hold consultations."""

    name: str

    @property
    def pid(self) -> int:
        """Of the process that everything else of it descends from."""

    async def meet(self, wish: Wish, place: int = 0) -> Visit:
        """Everybody joins: connected, and what they send is heard and seen. `place` keeps consultations apart."""

    async def stop(self) -> None:
        """End the process."""


retries: Counter[str] = Counter()
"""Joins that had to be tried again, by server; the report says so."""


async def meeting(server: Server, wish: Wish, place: int = 0) -> Visit:
    """`server.meet`; on a machine that stalls a join may run out of time, and is tried twice more."""
    for _ in range(MOST_JOINS - 1):
        try:
            return await server.meet(wish, place)
        except (TimeoutError, ConnectionError):
            retries[server.name] += 1
    return await server.meet(wish, place)
