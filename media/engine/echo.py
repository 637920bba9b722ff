"""How long a datagram takes to a peer and back, asked many times a second: the queue in front of it shows at once.

A binding request of ICE (RFC 8445 section 2.2) is what every peer answers at once, whatever its page does. Asked so
often, each request is made once and sent again and again: what comes back names it, and who waits knows when it left.
"""

from __future__ import annotations

import time
from collections import deque
from typing import Any, NamedTuple

import aioice.ice

from media.transit import Transit

TOUCHED = {
    "aioice.ice.Connection": ("_nominated", "build_request", "remote_password"),
    "aioice.ice.CandidatePair": ("protocol", "remote_addr"),
}
"""What is used here below the library's public surface."""

REQUESTS = 64
"""Different ones; one that is sent again while its answer is still under way would measure nothing: 64 take 1.3 s."""
FORGOTTEN_S = 1.2
"""What was asked so long ago is lost, or asked again soon."""
LEAST_UNANSWERED = 3
"""Fewer may be lost."""
DUE_S = 0.040
"""Jitter keeps an answer back for so long."""
ANSWERS = 64
"""Answers remembered: 1.3 s at least; the oldest goes."""
ID_AT, ID_ENDS = 8, 20
"""Where the transaction id of a STUN message stands (RFC 8489 section 5)."""

_asked: dict[bytes, Echo] = {}
"""By transaction id, REQUESTS of each connection that asks."""


def heard(data: bytes) -> bool:
    """Take a STUN message; whether it is an answer that somebody here waits for."""
    mark = bytes(data[ID_AT:ID_ENDS])
    echo = _asked.get(mark)
    if echo is None:
        return False
    echo.answered(mark, time.monotonic())
    return True


class Asked(NamedTuple):
    """A request: when it left, and how many octets the connection had sent before."""

    at: float
    octets: int


class Echo:
    """Of one connection. `ask` as often as is wanted; `close` at its end. `now` is monotonic seconds."""

    def __init__(self, ice: aioice.ice.Connection) -> None:
        self.transit = Transit()
        self._ice = ice
        self._pair: Any = None
        self._requests: list[tuple[bytes, bytes]] = []  # REQUESTS at most: id and datagram
        self._next = 0
        self._waiting: dict[bytes, Asked] = {}  # REQUESTS at most
        self._answers: deque[tuple[float, Asked]] = deque(maxlen=ANSWERS)
        self._newest = Asked(float("-inf"), 0)
        """Of those that were answered."""

    def ask(self, octets: int, now: float) -> None:
        """Send one, once a pair of addresses is agreed on; another pair is another line."""
        pair = self._ice._nominated.get(1)
        if pair is not self._pair:
            self.close()
            self._pair = pair
        if pair is None:
            return
        if len(self._requests) < REQUESTS:
            self._requests.append(self._make(pair))
            mark, request = self._requests[-1]
        else:
            mark, request = self._requests[self._next]
            self._next = (self._next + 1) % REQUESTS
        self._waiting[mark] = Asked(now, octets)
        pair.protocol.transport.sendto(request, pair.remote_addr)

    def answered(self, mark: bytes, now: float) -> None:
        """The answer to one came."""
        asked = self._waiting.pop(mark, None)
        if asked is None:
            return
        self.transit.came(now - asked.at, now)
        self._newest = max(self._newest, asked)
        self._answers.append((now, self._newest))

    def late_s(self, now: float) -> float:
        """How late the line is there and back, at least: an answer that does not come is as late as it is overdue."""
        for mark in [mark for mark, asked in self._waiting.items() if now - asked.at > FORGOTTEN_S]:
            del self._waiting[mark]
        return max(self.transit.lasting_s, self.overdue_s(now))

    def standing_s(self, span_s: float, now: float) -> float:
        """How late all answers are that came in so many seconds, at least; where none came, how overdue they are."""
        standing_s = self.transit.standing_s(span_s, now)
        return self.overdue_s(now) if standing_s is None else standing_s

    def overdue_s(self, now: float, least: int = LEAST_UNANSWERED) -> float:
        """For how long the oldest answer to what was asked since the newest one came has been due; 0.0 for fewer."""
        waiting = sorted(self._unanswered())
        if len(waiting) < least or not self._answers:
            return 0.0
        if now - waiting[least - 1].at - self.transit.quickest_s <= DUE_S:
            return 0.0  # one or two may be lost: those asked since are to be late, too
        return now - waiting[0].at - self.transit.quickest_s

    def most_octets_per_s(self, span_s: float, octets: int, now: float) -> float | None:
        """How many octets a second may have got through in the last so many seconds, at most; None: nobody can say yet.

        All that was sent before the oldest request without an answer, less what was answered for before.
        """
        before = next(((at, asked) for at, asked in reversed(self._answers) if now - at >= span_s), None)
        if before is None:
            return None
        at, asked = before
        return (min(self._unanswered(), default=Asked(now, octets)).octets - asked.octets) / (now - at)

    def close(self) -> None:
        """Ask no more, and wait for no answer."""
        for mark, _ in self._requests:
            _asked.pop(mark, None)
        self._requests, self._waiting, self._pair, self._next = [], {}, None, 0
        self._newest = Asked(float("-inf"), 0)
        self._answers.clear()
        self.transit = Transit()

    def _unanswered(self) -> list[Asked]:
        """Those after which none was answered: one of before was lost on the way."""
        return [asked for asked in self._waiting.values() if asked > self._newest]

    def _make(self, pair: Any) -> tuple[bytes, bytes]:
        request = self._ice.build_request(pair, nominate=False)
        request.add_message_integrity((self._ice.remote_password or "").encode())
        data = bytes(request)
        mark = data[ID_AT:ID_ENDS]
        _asked[mark] = self
        return mark, data
