"""One mixer: the connections of a booth (or of one loopback test), who hears whom, who sees whom.

A seat may have two connections while it reconnects: as a source the newest that carries and is not lost counts, as a
listener and viewer every one gets the same packets, encoded once per seat.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from media.assembly import EncodedFrame
from media.engine.desk import desk
from media.engine.door import (
    Carrying,
    Event,
    Failed,
    Gain,
    Levels,
    Lost,
    PictureRefused,
    PlaceFigures,
    Sagging,
    StreamFigures,
    View,
)
from media.engine.earphone import Earphone
from media.engine.flow import Outlet, Passage
from media.engine.peer import Peer
from media.engine.picture import MadeFrame, PictureLine
from media.engine.screen import Screen
from media.engine.seat import Source
from media.engine.showing import Showing
from media.engine.transcoding import Transcoding
from media.engine.yielding import yielding
from media.geometry import plan
from media.limiter import LOOKAHEAD_SAMPLES
from media.numbering import PicturePacket
from media.rtp import RtpPacket
from media.sound import RATE_HZ

LOOKAHEAD_S = LOOKAHEAD_SAMPLES / RATE_HZ
LEVELS_EVERY_TICKS = 10  # 200 ms: the meters of the pages


class Place:
    """All calls come from the event loop; `call_soon` puts a line's words off until the call behind them is through."""

    def __init__(
        self, name: str, tell: Callable[[Event], None], call_soon: Callable[..., object], transcoding: Transcoding
    ) -> None:
        self.name = name
        self._tell = tell
        self._call_soon = call_soon
        self._transcoding = transcoding
        self._peers: dict[tuple[str, int], Peer] = {}
        self._sources: dict[str, Source] = {}
        self._desk = desk()
        self._earphones: list[tuple[str, Earphone]] = []
        self._views: tuple[View, ...] = ()
        self._ticks = 0
        self._gone_drops: Counter[str] = Counter()
        self._gone_counts: Counter[str] = Counter()
        self._most: dict[str, float] = {}

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
        self._gone_drops.update(peer.drops)
        _add(self._gone_counts, peer.counts)
        peer.close()
        self._show()
        if self._connections(seat):
            self._follow(seat)
            return
        self._desk.dismiss(seat)
        for seen in self._seen_by(seat):
            seen.showing.want_rate(seat, None)
        if (source := self._sources.pop(seat, None)) is not None:
            self._gone_drops.update(source.drops)
            _add(self._gone_counts, source.counts)
            source.showing.close()

    def close(self) -> list[Peer]:
        """Drop everything; the peers that are closing."""
        peers = list(self._peers.values())
        for peer in peers:
            self.drop(peer.seat, peer.generation)
        return peers

    # What a peer tells

    def carrying(self, peer: Peer) -> None:
        """A connection is up, as a source and as a viewer."""
        if peer.seat not in self._sources:
            self._sources[peer.seat] = self._make_source(peer.seat)
        self._follow(peer.seat)
        self._show()
        for source in self._seen_by(peer.seat):
            source.showing.want_rate(peer.seat, None)
            source.showing.want_key_frame(peer.seat)
        self._tell(Carrying(self.name, peer.seat, peer.generation))

    def lost(self, peer: Peer) -> None:
        self._follow(peer.seat)
        self._tell(Lost(self.name, peer.seat, peer.generation))

    def failed(self, peer: Peer, code: str, message: str) -> None:
        self._tell(Failed(self.name, peer.seat, peer.generation, code, message))

    def picture_refused(self, peer: Peer, code: str, message: str) -> None:
        self._tell(PictureRefused(self.name, peer.seat, peer.generation, code, message))

    def sound(self, peer: Peer, packet: RtpPacket, now: float) -> None:
        if (source := self._spoken_by(peer)) is not None:
            source.voice.push(packet.sequence, packet.timestamp, packet.payload, now)

    def voice(self, peer: Peer) -> Any | None:
        source = self._spoken_by(peer)
        return None if source is None else source.voice.cdata

    def picture(self, peer: Peer, packet: PicturePacket, now: float) -> None:
        if (source := self._spoken_by(peer)) is not None:
            source.showing.packet(packet, now)

    def passage(self, peer: Peer, passage: Passage, number: int) -> None:
        if (source := self._spoken_by(peer)) is not None:
            source.showing.passage(passage, number)

    def outlets(self, peer: Peer) -> list[Outlet] | None:
        source = self._spoken_by(peer)
        return None if source is None else source.showing.outlets()

    def frame(self, peer: Peer, frame: EncodedFrame) -> None:
        if (source := self._spoken_by(peer)) is not None:
            source.showing.line.offer(frame)

    def key_frame_wanted(self, peer: Peer) -> None:
        for source in self._seen_by(peer.seat):
            source.showing.want_key_frame(peer.seat)

    def bitrate(self, peer: Peer, bits_per_s: int) -> None:
        if not peer.line.believes(bits_per_s, time.monotonic()):
            return
        for source in self._seen_by(peer.seat):
            source.showing.want_rate(peer.seat, bits_per_s)

    # Commands

    def route(self, gains: tuple[Gain, ...]) -> None:
        """Aim the whole gain matrix. Raises ValueError, and then changes nothing."""
        self._desk.aim((gain.listener, gain.source, gain.db, gain.ramp_s) for gain in gains)

    def show(self, views: tuple[View, ...]) -> None:
        """Set who sees whom. Raises ValueError for a shape that cannot be, and then changes nothing."""
        for view in views:
            plan(2, 2, view.width, view.height, view.framing)
        self._views = views
        self._show()

    def figures(self) -> tuple[tuple[StreamFigures, ...], dict[str, int]]:
        """Figures of every connection, and drops by queue."""
        drops = self._gone_drops.copy()
        counted: tuple[Peer | Source, ...] = (*self._peers.values(), *self._sources.values())
        for one in counted:
            drops.update(one.drops)
        return tuple(peer.figures() for peer in self._peers.values()), dict(drops)

    def survey(self) -> PlaceFigures:
        """Everything counted since the place began, those who left included, and how it stands now."""
        counts = Counter(self._gone_counts)
        counted: tuple[Peer | Source, ...] = (*self._peers.values(), *self._sources.values())
        for one in counted:
            _add(counts, one.counts)
        for name, count in counts.items():  # a packet that was lost and comes after all is lost no more: not here
            self._most[name] = max(count, self._most.get(name, 0))
        delays = {seat: source.voice.delay_s for seat, source in self._sources.items()}
        return PlaceFigures(
            self.name,
            dict(self._most),
            self.figures()[1],
            outputs=sum(source.showing.line.outputs for source in self._sources.values()),
            delays_s={seat: delay for seat, delay in delays.items() if delay is not None},
        )

    # The tick

    def tick(self, number: int) -> None:
        """Mix and send 20 ms of sound; `number` counts ticks of the engine's clock and stamps the packets."""
        now = time.monotonic()
        earphones = [(peer.seat, one) for peer in self._peers.values() if (one := peer.earphone) is not None]
        regular = self._ticks % LEVELS_EVERY_TICKS == 0
        if regular or earphones != self._earphones:  # regularly, for a connection's path may change
            self._connect(earphones)
        self._ticks += 1
        try:
            self._desk.tick(number, now)
        finally:  # a listener who cannot be served keeps watch and meters from nobody
            if regular:
                self._look_after_lips(now)
                for peer in tuple(self._peers.values()):  # a timer of each would wake the process for itself
                    peer.watch(now)
            elif self._ticks % LEVELS_EVERY_TICKS == 0 and self._sources:
                dbfs = {seat: source.voice.dbfs for seat, source in self._sources.items()}
                speaking = tuple(seat for seat, source in self._sources.items() if source.voice.speaking)
                self._tell(Levels(self.name, dbfs, speaking))
        for peer in yielding(self._peers.values(), self._seen_by, now):
            self._tell(Sagging(self.name, peer.seat, peer.generation, peer.line.paused))

    # Inside

    def _connections(self, seat: str) -> list[Peer]:
        return [peer for (owner, _), peer in self._peers.items() if owner == seat]

    def _connect(self, earphones: list[tuple[str, Earphone]]) -> None:
        """Have these hear from now on."""
        self._earphones = earphones
        by_seat: dict[str, list[Earphone]] = {}
        for seat, earphone in earphones:
            by_seat.setdefault(seat, []).append(earphone)
        self._desk.connect(by_seat)

    def _look_after_lips(self, now: float) -> None:
        """See how old the sound is by which each listener's lips are synchronised: that of whom they see."""
        for source in self._sources.values():
            source.look(now)
        for seat, earphone in self._earphones:
            seen = (source.age_s for source in self._seen_by(seat))
            earphone.age_s = LOOKAHEAD_S + max(seen, default=0.0)

    def _follow(self, seat: str) -> None:
        """See which connection counts; when it is another one, voice and picture of the seat begin anew."""
        carrying = [peer for peer in self._connections(seat) if peer.is_live]
        speaker = max(carrying, key=lambda peer: peer.generation, default=None)
        source = self._sources.get(seat)
        if source is None or speaker is source.speaker:
            return
        source.showing.halt()  # what passed from the one before is noted while it still counts
        if source.speaker is not None:
            source.speaker.halt_sound()
        source.speaker = speaker
        if speaker is not None:
            source.voice.begin_anew()
        source.showing.film(speaker)

    def _spoken_by(self, peer: Peer) -> Source | None:
        source = self._sources.get(peer.seat)
        return source if source is not None and source.speaker is peer else None

    def _make_source(self, seat: str) -> Source:
        def made(viewers: frozenset[str], frame: MadeFrame) -> None:
            self._call_soon(self._made, seat, viewers, frame)

        line = PictureLine(made, partial(self._call_soon, self._ask_key_frame, seat), self._transcoding)
        return Source(self._desk.voice(seat), Showing(seat, line, self._screens))

    def _made(self, seat: str, viewers: frozenset[str], frame: MadeFrame) -> None:
        if (source := self._sources.get(seat)) is not None:
            source.showing.made(viewers, frame, time.monotonic())

    def _ask_key_frame(self, seat: str) -> None:
        if (source := self._sources.get(seat)) is not None:
            source.showing.ask_key_frame()

    def _screens(self, seat: str) -> Iterator[Screen]:
        return (peer.screen for peer in self._connections(seat) if peer.screen is not None)

    def _seen_by(self, seat: str) -> Iterator[Source]:
        seen = (view.source for view in self._views if view.viewer == seat)
        return (self._sources[source] for source in seen if source in self._sources)

    def _show(self) -> None:
        for source in self._sources.values():
            source.showing.halt()  # a screen may go from one to another
        wanted: dict[str, dict[str, View]] = {}
        for view in self._views:
            wanted.setdefault(view.source, {})[view.viewer] = view
        for seat, source in self._sources.items():
            source.showing.show(wanted.get(seat, {}))


def _add(total: Counter[str], counts: dict[str, float]) -> None:
    for name, count in counts.items():
        total[name] += count  # type: ignore[assignment] # seconds, too
