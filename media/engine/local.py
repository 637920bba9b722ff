"""The engine in this process: carries out the door's commands, one place per mixer, one ticker for all."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import structlog

from media.candidates import NO_CONNECTION, Announced
from media.engine.addresses import dropped
from media.engine.door import (
    ENGINE,
    LATE_EDGES_S,
    AddCandidate,
    Answered,
    ClosePlace,
    Command,
    Connect,
    Disconnect,
    Done,
    EngineFigures,
    Event,
    Measure,
    Measured,
    Outcome,
    PlaceFigures,
    Refused,
    Route,
    Show,
    Survey,
    Surveyed,
    Thin,
    Ticks,
)
from media.engine.ledger import Ledger
from media.engine.native import lib
from media.engine.peer import Peer
from media.engine.place import Place
from media.engine.port import read_paced
from media.engine.process import process_figures
from media.engine.ticker import Ticker
from media.engine.transcoding import Transcoding
from media.errors import LocalError, MediaError
from media.transcode_budget import cores_for_pictures

log = structlog.get_logger("engine")

CLOSE_TIMEOUT_S = 4.0
START_BITS_PER_S = 2_000_000
"""What a browser is told to begin with (`x-google-start-bitrate`): full size within 3 s instead of tens (measured)."""


class LocalEngine:
    """`addresses`: local addresses offered in candidates; `announced`: public ones told beside them.

    `transcode_cores`: what may be spent on making pictures anew, None: what sound leaves of this machine; engines that
    are given the same `transcode_ledger`, a file, spend it together; one that cannot have it spends as if alone.
    """

    def __init__(
        self,
        addresses: tuple[str, ...],
        announced: Announced = (),
        transcode_cores: float | None = None,
        transcode_ledger: Path | None = None,
    ) -> None:
        if lib is None:
            log.warning("without_native", hint="pictures and sound take more CPU; `make run` compiles the part in C")
        if transcode_cores is None:
            transcode_cores = cores_for_pictures(len(os.sched_getaffinity(0)))
        self._transcoding = Transcoding(
            transcode_cores, None if transcode_ledger is None else _shared(transcode_ledger)
        )
        self._addresses = addresses
        self._announced = announced
        self._places: dict[str, Place] = {}
        self._listener: Callable[[Event], None] = lambda event: None
        self._ticker = Ticker(self._tick)
        self._faulty: set[str] = set()
        self._closed = PlaceFigures("", {}, {}, 0, {})

    @property
    def ticks(self) -> int:
        """How often the sound's clock has ticked: it does from the first command on, for as long as all is well."""
        return self._ticker.lateness.ticks

    def figures(self) -> Surveyed:
        """Everything that is counted here, as `Survey` asks for it."""
        late = self._ticker.lateness
        bins = late.counts(LATE_EDGES_S)
        places = (self._closed, *(place.survey() for place in self._places.values()))
        ticks = Ticks(late.ticks, late.late, late.skipped, LATE_EDGES_S, bins, late.sum_s)
        engine = EngineFigures(ENGINE, True, ticks, dropped["strangers"], process_figures())
        return Surveyed(places, (engine,), {})

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Have `listener` called with every event; it must not block."""
        self._listener = listener

    async def perform(self, command: Command) -> Outcome:
        """Carry out a command. Bad input is `Refused`, never an exception."""
        self._ticker.start()
        if isinstance(command, Thin):
            self._transcoding.thinning.turn(command.on)
            return Done()
        try:
            return await self._perform(command)
        except MediaError as error:
            return Refused(error.code, error.message)
        except ValueError as error:  # a gain, a time or a shape that cannot be
            return Refused("bad_word", f"{error}.")

    async def close(self) -> None:
        """Drop everything; returns within 5 s."""
        self._ticker.stop()
        closing = [peer.close() for place in self._places.values() for peer in place.close()]
        self._places.clear()
        ending = [asyncio.ensure_future(self._transcoding.close()), *closing]
        await asyncio.wait(ending, timeout=CLOSE_TIMEOUT_S)

    async def _perform(self, command: Command) -> Outcome:
        match command:
            case Connect():
                return await self._connect(command)
            case AddCandidate(place, seat, generation):
                peer = self._peer(place, seat, generation)
                if peer is None:
                    return Refused("no_offer", NO_CONNECTION)
                await peer.add_candidate(command)
            case Disconnect(place, seat, generation):
                if place in self._places:
                    self._places[place].drop(seat, generation)
            case Route(place, gains):
                self._place(place).route(gains)
            case Show(place, views):
                self._place(place).show(views)
            case ClosePlace(place):
                if (gone := self._places.pop(place, None)) is not None:
                    gone.close()
                    self._closed = _together(self._closed, gone.survey())
            case Measure(place):
                return self._measure(place)
            case Survey():
                return self.figures()
        return Done()

    async def _connect(self, connect: Connect) -> Outcome:
        place = self._place(connect.place)
        if place.peer(connect.seat, connect.generation) is not None:
            return Refused("offer_exists", "This connection has its offer already; reconnect for a new one.")
        peer = Peer(connect, place, self._addresses, self._announced, START_BITS_PER_S)
        place.add(peer)
        try:
            return Answered(await peer.answer())
        except BaseException:  # a cancelled Connect must not stay behind either
            place.drop(peer.seat, peer.generation)
            raise

    def _measure(self, name: str) -> Measured:
        late = self._ticker.lateness
        place = self._places.get(name)
        streams, drops = place.figures() if place is not None else ((), {})
        return Measured(
            streams,
            ticks=late.ticks,
            ticks_late=late.late,
            ticks_skipped=late.skipped,
            late_p50_ms=late.p50_ms,
            late_p99_ms=late.p99_ms,
            late_max_ms=late.max_ms,
            drops=drops | dropped,
        )

    def _tick(self, number: int) -> None:
        read_paced()
        for place in self._places.values():
            try:
                place.tick(number)
                self._faulty.discard(place.name)
            except Exception:  # one booth's fault is not heard in another, nor told 50 times a second
                if place.name not in self._faulty:
                    log.exception("tick_failed", place=place.name)
                self._faulty.add(place.name)

    def _place(self, name: str) -> Place:
        place = self._places.get(name)
        if place is None:
            loop = asyncio.get_running_loop()
            place = self._places[name] = Place(name, self._tell, loop.call_soon, self._transcoding)
        return place

    def _peer(self, place: str, seat: str, generation: int) -> Peer | None:
        return self._places[place].peer(seat, generation) if place in self._places else None

    def _tell(self, event: Event) -> None:
        self._listener(event)


def _together(one: PlaceFigures, other: PlaceFigures) -> PlaceFigures:
    """The counts of two places that are gone; nothing of them stands now."""
    counts = {name: one.counts.get(name, 0) + other.counts.get(name, 0) for name in one.counts | other.counts}
    drops = {name: one.drops.get(name, 0) + other.drops.get(name, 0) for name in one.drops | other.drops}
    return PlaceFigures("", counts, drops, 0, {})


def _shared(path: Path) -> Ledger | None:
    """The page of this engine; None where there is none to be had: a consultation needs none."""
    try:
        return Ledger(path)
    except LocalError as error:
        log.warning("transcoding_not_shared", reason=str(error))
        return None
