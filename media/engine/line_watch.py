"""Watches the line of one connection, both ways: where its queue grows, the picture on it yields to the voice.

How full the way to the peer is says the echo, less what of it the way from there accounts for; how full that one is
says what arrives, by the times at which it was sent.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from media.engine.echo import Echo
from media.engine.receiving import Receiving
from media.engine.screen import Screen
from media.engine.seam import PeerConnection
from media.sagging import PAUSE_LATE_S, Sag, Signs, Stage, review
from media.transit import Stamped, Transit, clock_s

LOOK_EVERY_TICKS = 2  # 40 ms; an echo is asked for as often (20 kb/s each way), and each 20 ms where one is overdue
CALM_EVERY_TICKS = 6
"""120 ms: so often a line on which nothing is late is judged, and asked for an echo. Each 40 ms would cost a
consultation a tenth more CPU."""
NOW_S, LATELY_S = 0.150, 2.0
"""What gets through now is compared with what was sent of late; a key frame is a small part of two seconds."""
SUSPECT_S = 0.040
"""What is overdue by this is asked for more often."""
STANDING_S, TRIAL_STANDING_S = 0.200, 0.100
"""A queue that stands holds up all that comes in so long; a peer or a radio that is busy for a moment does not. While
more is sent than the line may carry there is less time to make sure."""
SLEPT_S, AWAKE_S = 0.060, 0.200
"""When nobody looked for so long, what came meanwhile waits unread, and looks late for a while."""
KNOWN_S = 2.5
"""A connection that is younger says nothing of its line: what it usually carries, and how fast, is not known."""
GONE_S = 5.0
"""Whoever has sent nothing for so long is not expected to; before, a peer that falls silent was stopped, or cut off."""
STALE_S = 0.300
"""What has not come for so long does not come: it says nothing about the line."""
FLOOR_S = 10.0
"""A viewer's estimate starts low and climbs; for this long it is not believed."""
BEHIND = 1.25
"""Of what an answer is late, the way from the peer accounts for so many times what comes over it was late when it was
last seen: a queue grows while nobody sees it."""
FELL = 0.95
"""An estimate below this part of the greatest one fell: the line is narrower than what came over it."""
TICK_S = 0.020


@dataclass(slots=True)
class _Incoming:
    """What comes of one kind."""

    transit: Transit = field(default_factory=Transit)
    _clock: int | None = None
    _took_s: float | None = None
    _at: float = float("-inf")

    def look(self, newest: Stamped | None) -> None:
        if newest is None or newest.at == self._at:
            return
        stood = newest.clock and newest.at - self._at > STALE_S  # a browser's count of samples, without a microphone
        if newest.clock != self._clock or stood:
            self._clock, self._took_s = newest.clock, None
            self.transit.begin_anew()
        self._at = newest.at
        self._took_s = clock_s(self._took_s, newest.at - newest.left, newest.wraps_s)
        self.transit.came(self._took_s, newest.at)

    def flows(self, now: float) -> bool:
        return now - self._at < STALE_S

    def silent_s(self, now: float) -> float:
        return now - self._at


class _Load:
    """How much went over one way of a line lately: octets of all that it carries."""

    def __init__(self) -> None:
        self._counted: deque[tuple[float, int]] = deque(maxlen=int(LATELY_S / TICK_S / LOOK_EVERY_TICKS))

    def count(self, octets: int, now: float) -> None:
        self._counted.append((now, octets))

    def octets_in(self, span_s: float, now: float) -> float:
        """In the last so many seconds; before so much time was counted, as if what was were all the time."""
        first_at, first = next((each for each in self._counted if now - each[0] <= span_s + TICK_S), (now, 0))
        last_at, last = self._counted[-1] if self._counted else (now, 0)
        return (last - first) / (last_at - first_at) * span_s if last_at > first_at else 0.0


class LineWatch:
    """`look` at each tick once the connection carries; `close` at its end. `now` is monotonic seconds."""

    def __init__(self, pc: PeerConnection) -> None:
        self.shown = Sag()
        """What goes to the peer."""
        self.sent = Sag()
        """What comes from it."""
        self._pc = pc
        self._echo: Echo | None = None
        self._incoming = {"audio": _Incoming(), "video": _Incoming()}
        self._came, self._went = _Load(), _Load()
        self._turn = 0
        self._calm = False
        self._began_at, self._looked_at, self._woke_at = float("inf"), float("-inf"), float("-inf")
        self._known_since = float("inf")
        self._greatest: int | None = None
        """Of the estimates since the picture came back; None while they are believed as they are."""
        self._raised = True
        self._anew = False

    def begin_anew(self) -> None:
        """Something comes, for the first time or after a loss: a line that was cut is not one that is narrow."""
        self._anew = True

    def look(self, now: float, screen: Screen | None, seen: Callable[[], bool]) -> bool:
        """See how both ways stand; whether `paused` changed. `seen`: whether a picture goes to `screen`."""
        if now - self._looked_at > SLEPT_S:
            self._woke_at = now
        self._looked_at = now
        self._began_at, self._known_since = min(self._began_at, now), min(self._known_since, now)
        self._turn += 1
        if self._calm and not self._anew and not self._due(now):
            return False
        before = self.paused
        if self._anew:
            self._forget()
        if screen is not None and (self.shown.stage is not Stage.FLOWING or seen()):
            self._ask(now, screen)
        else:
            self._end_echo()
        if not self._carries_pictures(now):
            self._calm = True
        elif self._turn % LOOK_EVERY_TICKS == 0 and now - self._woke_at >= AWAKE_S:
            self._judge(now, screen)
        return self.paused != before

    @property
    def paused(self) -> tuple[str, ...]:
        """As the door's `Sagging` says it."""
        shown = () if self.shown.stage is Stage.FLOWING else ("in",)
        match self.sent.stage:
            case Stage.PAUSED:
                return (*shown, "out")
            case Stage.TRIAL:
                return (*shown, "trial")
        return shown

    def believes(self, bits_per_s: int, now: float) -> bool:
        """Whether the peer's estimate says something of its line, and not of how little it was sent so far."""
        if self.shown.stage is not Stage.FLOWING:
            return False
        if self._greatest is not None:
            if bits_per_s >= FELL * self._greatest:
                self._greatest = max(self._greatest, bits_per_s)
                return False
            self._greatest = None
        return now - self._began_at >= FLOOR_S

    def is_hushed(self, now: float) -> bool:
        """Whether nothing is to come: its picture was told to yield, and there is no sound."""
        return self.sent.stage is not Stage.FLOWING and self._incoming["audio"].silent_s(now) > GONE_S

    def close(self) -> None:
        """Ask nothing any more."""
        self._end_echo()

    def _due(self, now: float) -> bool:
        """Whether a calm line is to be looked at."""
        if self._turn % LOOK_EVERY_TICKS:
            return False
        suspect = self._echo is not None and self._echo.overdue_s(now, 1) > SUSPECT_S
        return suspect or self._turn % CALM_EVERY_TICKS == 0

    def _end_echo(self) -> None:
        if self._echo is not None:
            self._echo.close()
            self._echo = None

    def _forget(self) -> None:
        self._anew = self._calm = False
        self._end_echo()  # what it asked for during the cut is overdue for ever
        self.shown, self.sent = Sag(), Sag()
        self._incoming = {kind: _Incoming() for kind in self._incoming}
        self._came, self._went = _Load(), _Load()

    def _ask(self, now: float, screen: Screen) -> None:
        if self._echo is None:
            ice = self._pc.ice
            if ice is None:
                return
            self._echo = Echo(ice)
        trial = self.shown.trial_bits_per_s
        if trial is not None and not screen.sending.pad(int(trial * TICK_S / 8), now):
            self.shown = Sag(wait_s=self.shown.wait_s, since=now)  # nothing to try with
        if self._turn % LOOK_EVERY_TICKS == 0 or trial is not None or self._echo.overdue_s(now, 1) > SUSPECT_S:
            self._echo.ask(self._pc.carried_bytes[1], now)

    def _judge(self, now: float, screen: Screen | None) -> None:
        receivings = self._pc.session.receivings
        for kind, incoming in self._incoming.items():
            incoming.look(receivings[kind].newest if kind in receivings else None)
        came, went = self._pc.carried_bytes
        self._came.count(came, now)
        self._went.count(went, now)
        late_s = max((each.late_s for each in self._flowing(now)), default=0.0)
        if self._echo is not None:
            late_s = max(late_s, self._echo.late_s(now), self._echo.overdue_s(now, 1))
        if late_s > SUSPECT_S or not self._flows_freely:
            self._judge_sent(now)
            if screen is not None and self._echo is not None:
                self._judge_shown(self._echo, went, now)
        else:
            self.shown, self.sent = review(self.shown, Signs(), now), review(self.sent, Signs(), now)
        self._calm = late_s <= SUSPECT_S and self._flows_freely

    def _judge_sent(self, now: float) -> None:
        flows = self._incoming["video"].flows(now)
        if self.sent.stage is Stage.FLOWING and not flows:
            return
        if self.sent.stage is Stage.PAUSED and self.shown.stage is Stage.TRIAL:
            return  # one after the other: the answers to what is sent for a trial go the other way
        transits = self._flowing(now)
        late_s = max((each.lasting_s for each in transits), default=0.0)
        if self._standing_s(TRIAL_STANDING_S, now) < PAUSE_LATE_S / 2:
            late_s = 0.0  # a peer that was stopped sends all at once, and then in time
        share = self._came.octets_in(NOW_S, now) / NOW_S / max(1.0, self._came.octets_in(LATELY_S, now) / LATELY_S)
        signs = Signs(late_s, self._standing_s(_span_s(self.sent), now), share) if self._known(now) else Signs()
        self.sent = review(self.sent, signs, now)
        self._raise(now, self._pc.session.receivings.get("video"), flows=flows)

    def _judge_shown(self, echo: Echo, went: int, now: float) -> None:
        if self.shown.stage is Stage.PAUSED and self.sent.stage is Stage.TRIAL:
            return
        through = echo.most_octets_per_s(NOW_S, went, now)
        sent = self._went.octets_in(LATELY_S, now) / LATELY_S
        share = 1.0 if through is None else through / max(1.0, sent)
        behind_s = max((each.late_s for each in self._flowing(now)), default=0.0)
        if (sound := self._incoming["audio"]).flows(now):
            behind_s = max(behind_s, sound.transit.late_s + max(0.0, sound.transit.silent_s(now) - TICK_S))
        span_s = _span_s(self.shown)
        standing_s = echo.standing_s(span_s, now) - BEHIND * self._standing_s(span_s, now)
        before = self.shown.stage
        late_s = echo.late_s(now) - BEHIND * behind_s
        if STALE_S / 2 < sound.silent_s(now) < GONE_S:
            late_s = 0.0  # a peer that sends nothing just now answers nothing either
        standing_s = min(standing_s, late_s)
        signs = Signs(late_s, standing_s, share) if self._known(now) else Signs()
        self.shown = review(self.shown, signs, now)
        if self.shown.stage is Stage.FLOWING and before is not Stage.FLOWING:
            self._began_at, self._greatest = now, 0

    @property
    def _flows_freely(self) -> bool:
        return self.shown.stage is Stage.FLOWING and self.sent.stage is Stage.FLOWING

    def _carries_pictures(self, now: float) -> bool:
        """Whether there is a picture that could yield, or one that does."""
        video = self._pc.session.receivings.get("video")
        newest = None if video is None else video.newest
        return self._echo is not None or not self._flows_freely or (newest is not None and now - newest.at < GONE_S)

    def _known(self, now: float) -> bool:
        """Whether a pause may begin."""
        return now - self._known_since >= KNOWN_S

    def _flowing(self, now: float) -> list[Transit]:
        return [each.transit for each in self._incoming.values() if each.flows(now)]

    def _standing_s(self, span_s: float, now: float) -> float:
        """The length of the queue in front of what comes."""
        return max((each.standing_s(span_s, now) or 0.0 for each in self._flowing(now)), default=0.0)

    def _raise(self, now: float, receiving: Receiving | None, *, flows: bool) -> None:
        """Once a sender that was told to pause has paused: what it was asked for as the line fell is of no use later.

        It may climb meanwhile: what it believes of its line grows by 8 % a second, whether it sends or not.
        """
        if self.sent.stage is Stage.FLOWING:
            self._raised = False
        elif self.sent.stage is Stage.PAUSED and not flows and not self._raised and receiving is not None:
            self._raised = True
            receiving.raise_anew(now)


def _span_s(sag: Sag) -> float:
    return TRIAL_STANDING_S if sag.stage is Stage.TRIAL else STANDING_S
