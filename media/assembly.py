"""Puts the packets of a picture stream back into whole frames, in order, released on the marker bit.

It also says what to ask of the sender: which packets again (NACK, RFC 4585 section 6.2.1), or a key frame (PLI, 6.3.1).
Time comes in as an argument; nothing here waits.
"""

from __future__ import annotations

from dataclasses import dataclass, field

CAPACITY = 1024
"""Packets held at most: about 4 s of a 2.5 Mb/s picture; beyond it the stream is given up until a key frame."""
NACK_AFTER_S = 0.010
"""A gap younger than this is reordering, not loss."""
NACK_AGAIN_S = 0.060
"""Ask again after this: a little over the 40-80 ms round trip of the event's line."""
GIVE_UP_S = 0.400
"""A gap older than this costs more in delay than a key frame costs in rate."""
PLI_EVERY_S = 0.300
"""Key-frame requests are rate-limited: each answer is a 40 KB burst."""
NACKS_AT_ONCE = 64
HALF = 1 << 15


@dataclass(frozen=True, slots=True)
class Fragment:
    """What one packet brings of a frame, without its codec's RTP header."""

    payload: bytes
    begins: bool | None
    """Whether it opens a frame; None where its codec does not say, so that the packet before decides."""
    key: bool
    """Whether it shows that its frame needs no other."""


@dataclass(frozen=True, slots=True)
class EncodedFrame:
    """One whole encoded picture; `timestamp` in 90 kHz units, unwrapped; `codec` is `vp8` or `h264`."""

    payload: bytes
    timestamp: int
    key: bool
    codec: str = "vp8"


@dataclass(frozen=True, slots=True)
class Ask:
    """What the sender is asked for: RTP sequence numbers again, and whether a key frame is needed."""

    again: tuple[int, ...]
    key_frame: bool


NOTHING = Ask((), False)


@dataclass(slots=True)
class _Part:
    timestamp: int
    marker: bool
    payload: bytes
    begins: bool | None
    key: bool


@dataclass(slots=True)
class _Gap:
    since: float
    asked: float | None = None


@dataclass(slots=True)
class Assembler:
    """Frames from packets. Drops are counted: `given_up` (gaps that were never filled) and `late` (too late to use).

    A frame ends at its marker bit, or where another timestamp begins: the bit of H.264 is not to be relied upon (RFC
    6184 section 5.1).
    One packet from out of reach is taken for a stray; when the next in order follows it, the sender has begun anew.
    """

    given_up: int = 0
    late: int = 0
    _parts: dict[int, _Part] = field(default_factory=dict)
    _gaps: dict[int, _Gap] = field(default_factory=dict)
    _next: int | None = None
    _highest: int = 0
    _need_key: bool = True
    _last_pli: float = float("-inf")
    _timestamp: int | None = None
    _stray: tuple[int, _Part] | None = None
    _before: _Part | None = None
    """What stood in front of `_next`; None when that was lost, or nothing did."""

    def push(
        self, sequence: int, timestamp: int, marker: bool, payload: bytes, *, begins: bool | None, key: bool, now: float
    ) -> list[EncodedFrame]:
        """Take one packet (payload without its codec descriptor) and return the frames that it completes.

        `begins` and `key` as in `Fragment`. A packet without payload (padding, RFC 3550 section 5.1) only fills its
        place.
        """
        index, part = self._unwrap(sequence), _Part(timestamp, marker, payload, begins, key)
        if self._next is None:
            self._restart(index)
        elif not -CAPACITY <= index - self._next < CAPACITY:
            stray, self._stray = self._stray, (sequence, part)
            if stray is None or stray[0] != (sequence - 1) & 0xFFFF:
                self.late += 1
                return []
            self._restart(index - 1)
            return self._take(index - 1, stray[1], now) + self._take(index, part, now)
        return self._take(index, part, now)

    def ask(self, now: float) -> Ask:
        """What to ask of the sender now; to be called after each packet and while `waiting` every 20 ms."""
        if self._gaps and now - min(gap.since for gap in self._gaps.values()) > GIVE_UP_S:
            self._skip()
        again: list[int] = []
        for index, gap in self._gaps.items():
            if len(again) == NACKS_AT_ONCE:
                break
            if now - gap.since >= NACK_AFTER_S and (gap.asked is None or now - gap.asked >= NACK_AGAIN_S):
                gap.asked = now
                again.append(index & 0xFFFF)
        key_frame = self._need_key and self._next is not None and now - self._last_pli >= PLI_EVERY_S
        if key_frame:
            self._last_pli = now
        return Ask(tuple(again), key_frame) if again or key_frame else NOTHING

    def start_over(self) -> None:
        """The last frame was of no use: go on from a key frame."""
        self._need_key = True

    @property
    def waiting(self) -> bool:
        """Whether something is missing: `ask` wants to be called again soon."""
        return bool(self._gaps) or self._need_key

    def _take(self, index: int, part: _Part, now: float) -> list[EncodedFrame]:
        assert self._next is not None
        if index < self._next:
            self.late += 1
            return []
        for hole in range(self._highest + 1, index):
            self._gaps[hole] = _Gap(now)
        self._highest = max(self._highest, index)
        self._gaps.pop(index, None)
        part.timestamp = self._unwrap_timestamp(part.timestamp)
        self._parts[index] = part
        return self._complete()

    def _complete(self) -> list[EncodedFrame]:
        frames: list[EncodedFrame] = []
        while self._next is not None and (first := self._parts.get(self._next)) is not None:
            if not first.payload:
                self._drop(self._next)
                continue
            if not self._opens(first):
                self._drop(self._next)
                self._need_key = True
                continue
            end = self._end(self._next)
            if end is None:
                break
            parts = [self._parts[at] for at in range(self._next, end)]
            for at in range(self._next, end):
                self._drop(at)
            if any(part.key for part in parts):
                self._need_key = False
            if not self._need_key:
                payload = b"".join(part.payload for part in parts)
                frames.append(EncodedFrame(payload, first.timestamp, any(part.key for part in parts)))
        return frames

    def _opens(self, part: _Part) -> bool:
        """Whether the packet at `_next` opens a frame."""
        if part.begins is not None:
            return part.begins
        return self._before is not None and (self._before.marker or self._before.timestamp != part.timestamp)

    def _end(self, index: int) -> int | None:
        """Where the frame that opens at `index` ends: the number behind its last packet; None when not all is here."""
        timestamp = self._parts[index].timestamp
        while (part := self._parts.get(index)) is not None:
            if part.payload and part.timestamp != timestamp:
                return index
            index += 1
            if part.marker:
                return index
        return None

    def _drop(self, index: int) -> None:
        part = self._parts.pop(index)
        if part.payload or part.marker:
            self._before = part
        self._next = index + 1

    def _skip(self) -> None:
        """Give up every gap: go on behind the last one, from a key frame."""
        behind = max(self._gaps) + 1
        self.given_up += len(self._gaps)
        self._gaps.clear()
        self._parts = {index: part for index, part in self._parts.items() if index >= behind}
        self._next, self._before = behind, None
        self._need_key = True

    def _restart(self, index: int) -> None:
        self.given_up += len(self._gaps)
        self._parts.clear()
        self._gaps.clear()
        self._next, self._highest, self._stray, self._before = index, index - 1, None, None
        self._need_key = True

    def _unwrap(self, sequence: int) -> int:
        """The 16-bit number that lies nearest to the highest seen (RFC 3550 appendix A.1)."""
        if self._next is None:
            return sequence + (1 << 16)
        delta = (sequence - self._highest) & 0xFFFF
        return self._highest + (delta - (1 << 16) if delta >= HALF else delta)

    def _unwrap_timestamp(self, timestamp: int) -> int:
        if self._timestamp is None:
            self._timestamp = timestamp + (1 << 32)
        else:
            delta = (timestamp - self._timestamp) & 0xFFFFFFFF
            self._timestamp += delta - (1 << 32) if delta >= 1 << 31 else delta
        return self._timestamp
