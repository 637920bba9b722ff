"""One mixer: the connections of a booth (or of one loopback test), who hears whom, who sees whom.

A seat may have two connections while it reconnects: as a source the newest that carries counts, as a listener and
viewer every one gets the same packets, encoded once per seat.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import structlog
from av.packet import Packet

from media.assembly import PLI_EVERY_S, EncodedFrame
from media.engine.door import Carrying, Event, Failed, Gain, Levels, Lost, StreamFigures, View
from media.engine.opus import Encoder
from media.engine.peer import Peer
from media.engine.picture import Deliver, PictureLine, Shape
from media.engine.spawn import spawn
from media.engine.voice import Voice
from media.level import Level
from media.limiter import Limiter
from media.mixing import Mixer
from media.sound import Frame

log = structlog.get_logger("engine.place")

LEVELS_EVERY_TICKS = 10
"""200 ms: the meters of the pages."""
REMB_FLOOR_S = 10.0
"""A viewer's estimate starts low and climbs; below the start rate it is not believed for this long."""


class Source:
    """What the engine holds for one seat that speaks and shows."""

    def __init__(self, deliver: Deliver, ask_key_frame: Callable[[], object]) -> None:
        self.voice = Voice()
        self.meter = Level()
        self.line = PictureLine(deliver, ask_key_frame)


class Listener:
    """What the engine holds for one seat that hears."""

    def __init__(self) -> None:
        self.limiter = Limiter()
        self.encoder = Encoder()


class Place:
    """All calls come from the event loop; `call_soon` brings the picture threads' words into it."""

    def __init__(self, name: str, tell: Callable[[Event], None], call_soon: Callable[..., object]) -> None:
        self.name = name
        self._tell = tell
        self._call_soon = call_soon
        self._peers: dict[tuple[str, int], Peer] = {}
        self._sources: dict[str, Source] = {}
        self._listeners: dict[str, Listener] = {}
        self._mixer = Mixer()
        self._views: tuple[View, ...] = ()
        self._asked_at: dict[str, float] = {}
        self._carrying_since: dict[str, float] = {}
        self._ticks = 0
        self._gone_drops: dict[str, int] = {}

    # Connections

    def add(self, peer: Peer) -> None:
        """Take a connection that is about to come up."""
        self._peers[peer.seat, peer.generation] = peer

    def peer(self, seat: str, generation: int) -> Peer | None:
        """The connection of that seat and generation."""
        return self._peers.get((seat, generation))

    def drop(self, seat: str, generation: int) -> None:
        """Forget a connection and begin to close it; its seat's voice and picture end with its last connection."""
        peer = self._peers.pop((seat, generation), None)
        if peer is None:
            return
        for queue, count in zip(("sound_out", "picture_out"), peer.dropped, strict=True):
            self._gone_drops[queue] = self._gone_drops.get(queue, 0) + count
        peer.close()
        if not any(key[0] == seat for key in self._peers):
            self._listeners.pop(seat, None)
            source = self._sources.pop(seat, None)
            if source is not None:
                source.line.close()

    def close(self) -> list[Peer]:
        """Drop everything; the peers that are closing."""
        peers = list(self._peers.values())
        for peer in peers:
            self.drop(peer.seat, peer.generation)
        return peers

    # What a peer tells

    def carrying(self, peer: Peer) -> None:
        """The newest connection that carries is the seat's source from now on: it begins with an empty buffer."""
        source = self._source(peer.seat)
        if peer is self._speaker(peer.seat):
            source.voice = Voice()
        self._carrying_since[peer.seat] = time.monotonic()
        self._show()
        if source.line.wanted:
            self._ask_key_frame(peer.seat)
        for view in self._views:
            if view.viewer == peer.seat:
                self._source(view.source).line.want_key_frame(peer.seat)
        self._tell(Carrying(self.name, peer.seat, peer.generation))

    def lost(self, peer: Peer) -> None:
        self._tell(Lost(self.name, peer.seat, peer.generation))

    def failed(self, peer: Peer, code: str, message: str) -> None:
        self._tell(Failed(self.name, peer.seat, peer.generation, code, message))

    def sound(self, peer: Peer, sequence: int, timestamp: int, payload: bytes) -> None:
        if peer is self._speaker(peer.seat):
            self._source(peer.seat).voice.push(sequence, timestamp, payload)

    def frame(self, peer: Peer, frame: EncodedFrame) -> None:
        if peer is self._speaker(peer.seat):
            self._source(peer.seat).line.offer(frame)

    def key_frame_wanted(self, peer: Peer) -> None:
        for view in self._views:
            if view.viewer == peer.seat and view.source in self._sources:
                self._sources[view.source].line.want_key_frame(peer.seat)

    def bitrate(self, peer: Peer, bits_per_s: int) -> None:
        if time.monotonic() - self._carrying_since.get(peer.seat, 0.0) < REMB_FLOOR_S:
            return
        for view in self._views:
            if view.viewer == peer.seat and view.source in self._sources:
                self._sources[view.source].line.want_rate(peer.seat, bits_per_s)

    # Commands

    def route(self, gains: tuple[Gain, ...]) -> None:
        """Aim the whole gain matrix."""
        self._mixer.aim((gain.listener, gain.source, gain.db, gain.ramp_s) for gain in gains)

    def show(self, views: tuple[View, ...]) -> None:
        """Set who sees whom."""
        self._views = views
        self._show()

    def figures(self) -> tuple[tuple[StreamFigures, ...], dict[str, int]]:
        """Figures of every connection, and drops by queue."""
        drops = dict(self._gone_drops)

        def count(queue: str, drops_here: int) -> None:
            drops[queue] = drops.get(queue, 0) + drops_here

        for peer in self._peers.values():
            sound, picture = peer.dropped
            count("sound_out", sound)
            count("picture_out", picture)
        for source in self._sources.values():
            count("sound_in", source.voice.drops)
            count("sound_concealed", source.voice.concealed)
            count("picture_skipped", source.line.skipped)
            count("picture_backlog", source.line.overflows)
        return tuple(peer.figures() for peer in self._peers.values()), drops

    # The tick

    def tick(self, number: int) -> None:
        """Mix and send 20 ms of sound; `number` counts ticks of the engine's clock and stamps the packets."""
        frames: dict[str, Frame] = {}
        for seat, source in self._sources.items():
            samples = source.voice.next(quiet=source.meter.quiet)
            source.meter.add(samples)
            if samples is not None:
                frames[seat] = samples
        hearing = {peer.seat for peer in self._peers.values() if peer.hears}
        mixes = self._mixer.mix(frames, hearing)
        for seat in hearing:
            listener = self._listeners.setdefault(seat, Listener())
            mix = listener.limiter.process(mixes[seat])
            for packet in listener.encoder.encode(mix, number):
                for peer in self._connections(seat):
                    peer.put_sound(packet)
        self._ticks += 1
        if self._ticks % LEVELS_EVERY_TICKS == 0 and self._sources:
            dbfs = {seat: source.meter.dbfs for seat, source in self._sources.items()}
            speaking = tuple(seat for seat, source in self._sources.items() if source.meter.speaking)
            self._tell(Levels(self.name, dbfs, speaking))

    # Inside

    def _connections(self, seat: str) -> list[Peer]:
        return [peer for (owner, _), peer in self._peers.items() if owner == seat]

    def _speaker(self, seat: str) -> Peer | None:
        carrying = [peer for peer in self._connections(seat) if peer.is_carrying]
        return max(carrying, key=lambda peer: peer.generation, default=None)

    def _source(self, seat: str) -> Source:
        source = self._sources.get(seat)
        if source is None:
            deliver = partial(self._call_soon, self._deliver)
            ask = partial(self._call_soon, self._ask_key_frame, seat)
            source = self._sources[seat] = Source(deliver, ask)
        return source

    def _deliver(self, viewers: frozenset[str], packet: Packet[Any]) -> None:
        for seat in viewers:
            for peer in self._connections(seat):
                peer.put_picture(packet)

    def _show(self) -> None:
        wanted: dict[str, dict[str, Shape]] = {}
        for view in self._views:
            wanted.setdefault(view.source, {})[view.viewer] = Shape(view.width, view.height, view.framing)
        for seat, source in self._sources.items():
            source.line.show(wanted.get(seat, {}))

    def _ask_key_frame(self, seat: str) -> None:
        """Pass a wish for a key frame on to the source, at most every 300 ms."""
        now = time.monotonic()
        speaker = self._speaker(seat)
        if speaker is not None and now - self._asked_at.get(seat, float("-inf")) >= PLI_EVERY_S:
            self._asked_at[seat] = now
            spawn(speaker.ask_key_frame(), "ask-key-frame")
