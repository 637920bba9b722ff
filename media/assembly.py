"""Puts the packets of a picture stream back into whole frames, in order, released on the marker bit."""

from __future__ import annotations

from dataclasses import dataclass, field

from media.rtp import nearest

CAPACITY = 1024
"""Packets held at most: about 4 s of a 2.5 Mb/s picture; beyond it the stream is given up until a key frame."""


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


@dataclass(slots=True)
class _Part:
    timestamp: int
    marker: bool
    payload: bytes
    begins: bool | None
    key: bool


@dataclass(slots=True)
class Assembler:
    """Frames from packets, in the order of their numbers without wrap (`media.loss`).

    A frame ends at its marker bit, or where another timestamp begins: the bit of H.264 is not to be relied upon (RFC
    6184 section 5.1). After anything that was lost it goes on from a key frame.
    """

    need_key: bool = True
    """Whether it waits for a key frame."""
    _parts: dict[int, _Part] = field(default_factory=dict)  # CAPACITY at most
    _next: int | None = None
    _timestamp: int | None = None
    _before: _Part | None = None
    """What stood in front of `_next`; None when that was lost, or nothing did."""

    def push(
        self, number: int, timestamp: int, marker: bool, payload: bytes, *, begins: bool | None, key: bool
    ) -> list[EncodedFrame]:
        """Take one packet (payload without its codec descriptor) and return the frames that it completes.

        `begins` and `key` as in `Fragment`. A packet without payload (padding, RFC 3550 section 5.1) only fills its
        place. One that comes too late is of no use; one from beyond CAPACITY begins anew.
        """
        if self._next is None or number - self._next >= CAPACITY:
            self._parts.clear()
            self._next, self._before, self.need_key = number, None, True
        if number < self._next:
            return []
        self._parts[number] = _Part(self._unwrap_timestamp(timestamp), marker, payload, begins, key)
        return self._complete()

    def give_up(self, number: int) -> list[EncodedFrame]:
        """What is missing up to this number never comes: go on behind it, from a key frame."""
        if self._next is None or number < self._next:
            return []
        self._parts = {at: part for at, part in self._parts.items() if at > number}
        self._next, self._before, self.need_key = number + 1, None, True
        return self._complete()

    def begin_anew(self) -> None:
        """Some packets were not handed in, and never will be: go on with the next one, from a key frame."""
        self._parts.clear()
        self._next = self._before = None

    def start_over(self) -> None:
        """The last frame was of no use: go on from a key frame."""
        self.need_key = True

    def _complete(self) -> list[EncodedFrame]:
        frames: list[EncodedFrame] = []
        while self._next is not None and (first := self._parts.get(self._next)) is not None:
            if not first.payload:
                self._drop(self._next)
                continue
            if not self._opens(first):
                self._drop(self._next)
                self.need_key = True
                continue
            end = self._end(self._next)
            if end is None:
                break
            parts = [self._parts[at] for at in range(self._next, end)]
            for at in range(self._next, end):
                self._drop(at)
            if any(part.key for part in parts):
                self.need_key = False
            if not self.need_key:
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

    def _unwrap_timestamp(self, timestamp: int) -> int:
        self._timestamp = nearest(timestamp, 32, self._timestamp or timestamp + (1 << 32))
        return self._timestamp
