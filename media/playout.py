"""Playout of one source's sound: encoded packets come in as the network brings them, one is due every 20 ms."""

from __future__ import annotations

from dataclasses import dataclass

from media.delay import MOST, Delay
from media.opus import duration_samples
from media.sound import FRAME_SAMPLES

CAPACITY = 25  # packets, 500 ms: what a stalled reader may leave behind; the oldest goes
SILENT_BYTES = 2  # an Opus packet up to this size carries no sound: the sender is about to pause (RFC 6716 section 3.1)
LONGEST_HOLD = MOST  # ticks waited for a packet before the source is taken as paused
LONGEST_HOLE = MOST  # lost packets concealed one by one; a greater hole is skipped
LONGEST_PAUSE = CAPACITY  # ticks of silence inside the buffer; a greater jump of the timestamp is the sender's clock
LONGEST_JUMP = 100  # sequence numbers a packet may be off before the source must have restarted (RFC 3550 A.1)
LONGEST_JUMP_SAMPLES = 60 * 48_000  # the same for timestamps: a minute of pause
STRETCH_TICKS = 25  # how long a quiet moment is waited for before the delay is stretched in running speech


@dataclass(frozen=True, slots=True)
class Due:
    """What is due in one tick: a packet, the concealment of a missing one, or silence because nothing is expected."""

    payload: bytes | None
    """The Opus packet to decode, or None."""
    missing: bool
    """Whether a packet should be here and is not: conceal."""

    @property
    def idle(self) -> bool:
        """Whether nothing is expected: before the start, or in a pause of the sender."""
        return self.payload is None and not self.missing


IDLE = Due(None, False)
HOLD = Due(None, True)


class Playout:
    """Puts packets back in order and time. `push` what arrives, `pop` once per tick.

    Between them lie `delay.target` packets (2 at first). A packet that comes too late stretches the delay by one
    packet, a calm time shortens it again; see `media.delay`. All of it is meant for packets of 20 ms, which browsers
    send; with others, pop whenever less than 20 ms of decoded sound is left.
    """

    def __init__(self) -> None:
        self.delay = Delay()
        self.late = 0  # came after their time
        self.duplicates = 0
        self.dropped = 0  # pushed out of the full buffer
        self.skipped = 0  # left out to shorten the delay
        self.concealed = 0  # ticks with `missing`
        self.underruns = 0  # times the buffer ran empty
        self.resyncs = 0  # restarts of the source
        self._packets: dict[int, tuple[int, bytes]] = {}  # sequence -> (timestamp, payload), both without wrap
        self._newest: tuple[int, int] | None = None  # sequence and timestamp, both without wrap
        self._stray: int | None = None  # the sequence that would confirm a restart
        self._next: int | None = None  # the sequence that is due
        self._clock = 0  # the timestamp that is due
        self._playing = False
        self._waited = 0  # ticks since the first packet, while filling
        self._held = 0  # ticks concealed in wait for the packet that is due
        self._grown = False  # whether this wait raised the target
        self._stretch: int | None = None  # ticks since a late packet asked for more delay
        self._pausing = False  # whether the last packet announced a pause

    def __len__(self) -> int:
        """Count the packets held, CAPACITY at most."""
        return len(self._packets)

    @property
    def playing(self) -> bool:
        """Whether the source is being played now."""
        return self._playing

    @property
    def depth(self) -> int:
        """Packets from the one that is due to the newest, missing ones included."""
        if not self._packets or self._newest is None:
            return 0
        return self._newest[0] + 1 - (min(self._packets) if self._next is None else self._next)

    def push(self, sequence: int, timestamp: int, payload: bytes) -> None:
        """Take a packet with its RTP sequence number (16 bits) and timestamp (32 bits, 48 kHz)."""
        place = self._unwrap(sequence, timestamp)
        if place is None:
            return
        number, time = place
        if self._next is not None and number < self._next:
            self.late += 1
            if self._playing and self.delay.grow():
                self._stretch = 0
        elif number in self._packets:
            self.duplicates += 1
        else:
            self._packets[number] = (time, payload)
            if len(self._packets) > CAPACITY:
                del self._packets[min(self._packets)]
                self.dropped += 1
                self._go_to(min(self._packets))

    def pop(self, quiet: bool = False) -> Due:
        """Return what is due now; call it once per tick. `quiet`: the source is silent, a good moment to adapt."""
        if not self._playing and not self._start():
            return IDLE
        self.delay.observe(self.depth)
        if self._packets and self.delay.excess(quiet=quiet):
            self._leave_out()
        elif self._stretching(quiet):
            self.concealed += 1
            return HOLD
        return self._take()

    def _take(self) -> Due:
        while self._packets:
            assert self._next is not None
            packet = self._packets.get(self._next)
            if packet is None:
                if (due := self._lost()) is not None:
                    return due
                continue
            time, payload = packet
            pause = (time - self._clock + FRAME_SAMPLES // 2) // FRAME_SAMPLES
            if self._held:  # what was taken for lateness was, as far as it goes, a pause of the sender
                pause -= min(self._held, max(pause, 0))
                self._held = 0
            if 0 < pause <= LONGEST_PAUSE:
                self._clock = time - (pause - 1) * FRAME_SAMPLES
                return IDLE
            del self._packets[self._next]
            self._next += 1
            self._clock = time + duration_samples(payload)
            self._pausing = len(payload) <= SILENT_BYTES
            return Due(payload, False)
        return self._wait()

    def _lost(self) -> Due | None:
        """The packet that is due is not here, but later ones are: conceal it, or None when there is nothing to play."""
        assert self._next is not None
        if self._held:  # it was waited for, and proves lost: the wait was its concealment
            self._held -= 1
            if self._grown:
                self.delay.take_back()
                self._grown = False
            self._next += 1
            self._clock += FRAME_SAMPLES
            return None
        oldest = min(self._packets)
        if oldest - self._next > LONGEST_HOLE or self._packets[oldest][0] < self._clock + FRAME_SAMPLES // 2:
            self._go_to(oldest)
            return None
        self._next += 1
        self._clock += FRAME_SAMPLES
        self.concealed += 1
        return HOLD

    def _wait(self) -> Due:
        """Nothing is here: wait for the packet that is due, until the source must be taken as paused."""
        if self._pausing or self._held >= LONGEST_HOLD:
            self._rest()
            return IDLE
        if not self._held:
            self.underruns += 1
            self._grown = self.delay.grow()
        self._held += 1
        self.concealed += 1
        return HOLD

    def _rest(self) -> None:
        self._playing, self._pausing, self._stretch = False, False, None
        self._waited = self._held = 0

    def _start(self) -> bool:
        """Begin to play once the target is reached, or the first packet has waited as long as that would take."""
        if not self._packets or self._newest is None:
            return False
        self._waited += 1
        oldest, newest = min(self._packets), self._newest[0]
        if newest - oldest + 1 < self.delay.target and self._waited <= self.delay.target:
            return False
        first = newest - self.delay.target + 1
        for number in [number for number in self._packets if number < first]:
            del self._packets[number]
            self.skipped += 1
        self._go_to(min(self._packets))
        self._playing = True
        self.delay.restart()
        return True

    def _stretching(self, quiet: bool) -> bool:
        """Whether to play one frame more than was sent, because packets come later than the delay allows for."""
        if self._stretch is None:
            return False
        self._stretch += 1
        if not self._packets or not (quiet or self._stretch > STRETCH_TICKS):
            return False
        self._stretch = None
        return True

    def _leave_out(self) -> None:
        assert self._next is not None
        packet = self._packets.pop(self._next, None)
        self.skipped += 1
        self._next += 1
        self._clock = self._clock + FRAME_SAMPLES if packet is None else packet[0] + duration_samples(packet[1])

    def _go_to(self, number: int) -> None:
        self._next, self._clock, self._held = number, self._packets[number][0], 0

    def _unwrap(self, sequence: int, timestamp: int) -> tuple[int, int] | None:
        """Return sequence and timestamp without wrap, or None for a packet that fits nowhere."""
        if self._newest is None:
            self._newest = (sequence, timestamp)
            return self._newest
        number, time = self._newest
        step = _signed(sequence - number, 16)
        span = _signed(timestamp - time, 32)
        ordered = step == span == 0 or (step > 0 and span >= 0) or (step < 0 and span <= 0)
        if ordered and abs(step) <= LONGEST_JUMP and abs(span) <= LONGEST_JUMP_SAMPLES:
            place = (number + step, time + span)
            self._newest = max(self._newest, place)
            self._stray = None
            return place
        if sequence != self._stray:  # one such packet may be an old straggler; the next in order confirms a restart
            self._stray = (sequence + 1) & 0xFFFF
            return None
        self.resyncs += 1
        self.skipped += len(self._packets)
        self._packets.clear()
        self._next, self._stray = None, None
        self._rest()
        self._newest = (sequence, timestamp)
        return self._newest


def _signed(difference: int, bits: int) -> int:
    half = 1 << (bits - 1)
    return ((difference + half) & ((1 << bits) - 1)) - half
