"""The packets of one source, put back in order: RTP's counters without their wraps, and what they tell of a restart."""

from __future__ import annotations

from dataclasses import dataclass

CAPACITY = 50  # packets, 1 s of the usual ones: what a stalled reader may leave behind; the oldest goes
LONGEST_JUMP = 100  # sequence numbers a packet may be off before the source must have restarted (RFC 3550 A.1)
LONGEST_JUMP_SAMPLES = 60 * 48_000  # the same for timestamps: a minute of pause


@dataclass(slots=True)
class Packet:
    """One packet with sequence number and timestamp (samples at 48 kHz) as they would be without wraps."""

    number: int
    time: int
    payload: bytes


class JitterBuffer:
    """`place` tells where a packet belongs, `put` keeps it."""

    def __init__(self) -> None:
        self.duplicates = 0
        self.dropped = 0  # pushed out of the full buffer
        self.restarts = 0  # of the source
        self._packets: dict[int, Packet] = {}
        self._newest: tuple[int, int] | None = None  # number and time
        self._stray: int | None = None  # the sequence that would confirm a restart

    def __len__(self) -> int:
        """Count the packets held, CAPACITY at most."""
        return len(self._packets)

    @property
    def oldest(self) -> Packet | None:
        """The packet that comes next of those that are here."""
        return self._packets[min(self._packets)] if self._packets else None

    def place(self, sequence: int, timestamp: int, payload: bytes) -> Packet | None:
        """Return the packet at its place, or None for one that fits nowhere: a straggler of another time.

        The second of two such packets that follow each other begins a new time, counted in `restarts`: all that is
        held is dropped then.
        """
        if self._newest is None:
            self._newest = (sequence, timestamp)
            return Packet(sequence, timestamp, payload)
        number, time = self._newest
        step = _signed(sequence - number, 16)
        span = _signed(timestamp - time, 32)
        ordered = step == span == 0 or (step > 0 and span >= 0) or (step < 0 and span <= 0)
        if ordered and abs(step) <= LONGEST_JUMP and abs(span) <= LONGEST_JUMP_SAMPLES:
            self._newest = max(self._newest, (number + step, time + span))
            self._stray = None
            return Packet(number + step, time + span, payload)
        if sequence != self._stray:
            self._stray = (sequence + 1) & 0xFFFF
            return None
        self.restarts += 1
        self.dropped += len(self._packets)
        self._packets.clear()
        self._stray = None
        self._newest = (sequence, timestamp)
        return Packet(sequence, timestamp, payload)

    def put(self, packet: Packet) -> None:
        """Keep a packet; one that is here already is counted and left out."""
        if packet.number in self._packets:
            self.duplicates += 1
            return
        self._packets[packet.number] = packet
        if len(self._packets) > CAPACITY:
            del self._packets[min(self._packets)]
            self.dropped += 1

    def take(self, number: int) -> Packet | None:
        """Take a packet out."""
        return self._packets.pop(number, None)

    def __contains__(self, number: int) -> bool:
        """Say whether a packet is here."""
        return number in self._packets


def _signed(difference: int, bits: int) -> int:
    half = 1 << (bits - 1)
    return ((difference + half) & ((1 << bits) - 1)) - half
