"""Effects on the engine: connections in the background, one after the other by seat; sound and pictures at once."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

import structlog

from media.engine import door
from server.conductor.spawn import end, spawn
from signaling import effects, inputs

log = structlog.get_logger("conductor")

CONNECT_TIMEOUT_S = 10.0  # a page gives up after 15 s and would come again
ROUTE_TIMEOUT_S = 2.0
LANE = 64  # an offer with its 32 candidates, twice; what comes on top is refused, what disconnects never is

LineEffect = effects.Connect | effects.AddCandidate | effects.Disconnect


async def ask(engine: door.Engine, command: door.PlaceCommand, timeout_s: float) -> door.Outcome:
    """The engine's outcome; `media_failed` when it gives none in time, or breaks."""
    try:
        async with asyncio.timeout(timeout_s):
            return await engine.perform(command)
    except TimeoutError:
        log.warning("engine_timeout", command=type(command).__name__, place=command.place)
    except Exception:
        log.exception("engine_broke", command=type(command).__name__, place=command.place)
    return door.Refused("media_failed", "The media server gave no answer.")


class Media:
    """The engine, as one place sees it. Outcomes come back through `post`."""

    def __init__(
        self, engine: door.Engine, place: str, post: Callable[[inputs.Input], None], *, loopback_candidates: bool
    ) -> None:
        self._engine = engine
        self._place = place
        self._post = post
        self._loopback_candidates = loopback_candidates
        self._lanes: dict[str, Lane] = {}

    async def route(self, effect: effects.Route) -> None:
        gains = tuple(door.Gain(gain.listener, gain.source, gain.db, gain.ramp_s) for gain in effect.gains)
        await self._at_once(door.Route(self._place, gains))

    async def show(self, effect: effects.Show) -> None:
        views = tuple(door.View(v.viewer, v.source, v.width, v.height, v.framing, v.exact) for v in effect.views)
        await self._at_once(door.Show(self._place, views))

    def line(self, effect: LineEffect) -> None:
        """Connect, add a candidate or disconnect, after what was asked before for the same seat."""
        lane = self._lanes.get(effect.seat)
        if lane is None:
            lane = self._lanes[effect.seat] = Lane(self._perform, self._post, f"lane {effect.seat}")
        lane.put(effect)

    async def measure(self) -> door.Measured | None:
        """The figures of the place, None when the engine gives none."""
        outcome = await ask(self._engine, door.Measure(self._place), ROUTE_TIMEOUT_S)
        return outcome if isinstance(outcome, door.Measured) else None

    async def close(self, *, for_good: bool) -> None:
        """Stop; `for_good` also has the engine forget the place."""
        await end(lane.task for lane in self._lanes.values())
        if for_good:
            await self._at_once(door.ClosePlace(self._place))

    async def _at_once(self, command: door.PlaceCommand) -> None:
        outcome = await ask(self._engine, command, ROUTE_TIMEOUT_S)
        if isinstance(outcome, door.Refused):
            log.error("engine_refused", command=type(command).__name__, place=self._place, code=outcome.code)

    async def _perform(self, effect: LineEffect) -> None:
        seat, generation = effect.seat, effect.generation
        match effect:
            case effects.Connect(_, _, audio, video, offer):
                connect = door.Connect(self._place, seat, generation, audio, video, offer, self._loopback_candidates)
                outcome = await ask(self._engine, connect, CONNECT_TIMEOUT_S)
                if isinstance(outcome, door.Answered):
                    self._post(inputs.Answered(seat, generation, outcome.sdp))
                elif isinstance(outcome, door.Refused):
                    await ask(self._engine, door.Disconnect(self._place, seat, generation), CONNECT_TIMEOUT_S)
                    self._post(inputs.OfferRefused(seat, generation, outcome.code, outcome.message))
            case effects.AddCandidate(_, _, candidate, mid, line):
                add = door.AddCandidate(self._place, seat, generation, candidate, mid, line)
                outcome = await ask(self._engine, add, CONNECT_TIMEOUT_S)
                if isinstance(outcome, door.Refused):
                    self._post(inputs.CandidateRefused(seat, generation, outcome.code, outcome.message))
            case effects.Disconnect():
                await ask(self._engine, door.Disconnect(self._place, seat, generation), CONNECT_TIMEOUT_S)


class Lane:
    """The engine's errands of one seat, one at a time."""

    def __init__(
        self, perform: Callable[[LineEffect], Awaitable[None]], post: Callable[[inputs.Input], None], name: str
    ) -> None:
        self._perform = perform
        self._post = post
        self._waiting: deque[LineEffect] = deque()
        self._wake = asyncio.Event()
        self.task = spawn(self._run(), name)

    def put(self, effect: LineEffect) -> None:
        """Queue an errand. What a client can pile up is bounded; whatever of it is void by now is forgotten."""
        if isinstance(effect, effects.Disconnect):
            self._forget(effect.generation)
        elif len(self._waiting) >= LANE:
            refused = inputs.OfferRefused if isinstance(effect, effects.Connect) else inputs.CandidateRefused
            self._post(refused(effect.seat, effect.generation, "too_fast", "Too much is waiting for this seat."))
            return
        self._waiting.append(effect)
        self._wake.set()

    def _forget(self, generation: int) -> None:
        """A connection that is dropped before it was begun never begins."""
        self._waiting = deque(each for each in self._waiting if each.generation != generation)

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                await self._perform(self._waiting.popleft())
