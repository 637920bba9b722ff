"""Playout of one source's sound: encoded packets come in as the network brings them, and are due in their time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from media.delay import FIRST_S, Delay
from media.jitter_buffer import JitterBuffer, Packet
from media.opus import LONGEST_SAMPLES, PAUSE_BYTES, SHORTEST_SAMPLES, carries_previous, duration_samples
from media.sound import FRAME_SAMPLES, RATE_HZ

LONGEST_HOLD = 10 * FRAME_SAMPLES  # 200 ms waited for a packet before the source is taken as paused
LONGEST_HOLE = 10 * FRAME_SAMPLES  # lost sound that is filled in; a greater hole is skipped
LONGEST_PAUSE = 25 * FRAME_SAMPLES  # a sender in DTX says every 400 ms that it still pauses (libopus); then it is gone
FIRST_TICKS = 2  # the very first packet waits no longer than this, even if the clock stood still
MOST_TICKS = 10  # nor does any other at the start
REVIEW_TICKS = 20  # 400 ms: how often the delay is thought over, at 0.1 ms of CPU; a late packet raises it at once


class Kind(Enum):
    """What is to be done for the sound that is due."""

    DECODE = "decode"
    """Decode `payload`."""
    MEND = "mend"
    """Lost: decode its copy in `payload`, the packet after it, which stays."""
    CONCEAL = "conceal"
    """Lost or late: fill in `samples`."""
    PAUSE = "pause"
    """The sender pauses: `samples` of its noise."""
    IDLE = "idle"
    """Nothing is expected."""


@dataclass(frozen=True, slots=True)
class Due:
    """What is due: `samples` of sound, and what it is made of."""

    kind: Kind
    samples: int = 0
    payload: bytes = b""


IDLE = Due(Kind.IDLE)


class Playout:
    """`push` what arrives. In each tick: `pop` until there are 960 samples, read them, then `settle`.

    `change` says by how many samples what was decoded should be made longer or shorter; tell `changed` what was done.
    """

    def __init__(self) -> None:
        self.buffer = JitterBuffer()
        self.delay = Delay()
        self.late = 0  # came after their time
        self.skipped = 0  # too old at the start
        self.underruns = 0  # times the buffer ran empty
        self.change = 0
        """Samples to be put in (> 0) or left out (< 0) where it is not heard."""
        self.urgency = 0
        """Ticks for which `change` has been wanted."""
        self.held_s = 0.0
        """How long packets lie here before they are needed."""
        self._next: int | None = None  # the number that is due
        self._clock = 0  # the time that is due
        self._playing = False
        self._filling = 0  # ticks since the first packet
        self._waited = 0  # samples concealed in wait for the packet that is due
        self._pausing = False  # whether the last packet announced a pause
        self._leads: list[float] = []  # of the last ticks; a tick that was late itself has too great a one
        self._restarts = 0

    @property
    def playing(self) -> bool:
        """Whether the source is being played now."""
        return self._playing

    @property
    def clock(self) -> int:
        """The time (timestamp without wrap) right after all that was popped."""
        return self._clock + self._waited

    @property
    def ready(self) -> bool:
        """Whether the packet that is due is here: it may be popped early, to have more sound to work on."""
        if not self._playing or self._next is None or self._waited:
            return False
        packet = self.buffer.oldest
        return packet is not None and packet.number == self._next and packet.time - self._clock < SHORTEST_SAMPLES

    def push(self, sequence: int, timestamp: int, payload: bytes, now: float) -> None:
        """Take a packet: RTP sequence number (16 bits), timestamp (32 bits, 48 kHz), and when it came in s."""
        packet = self.buffer.place(sequence, timestamp, payload)
        if self._restarts != self.buffer.restarts:
            self._restarts = self.buffer.restarts
            self.delay, self._next, self._filling = Delay(), None, 0
            self._rest()
        if packet is None:
            return
        self.delay.arrived(packet.number, packet.time, payload, now)
        if self._next is not None and packet.number < self._next:
            self.late += 1
            return
        dropped = self.buffer.dropped
        self.buffer.put(packet)
        if self.buffer.dropped > dropped:  # a second too much: to fill its holes would last for ever
            self._rest()

    def pop(self, now: float) -> Due:
        """Return what is due next."""
        if not self._playing and not self._start(now):
            return IDLE
        packet = self.buffer.oldest
        if packet is None:
            return self._wait()
        gap = self._gap(packet)
        if gap >= SHORTEST_SAMPLES:
            return self._fill(packet, gap)
        self.buffer.take(packet.number)
        self._next = packet.number + 1
        samples = duration_samples(packet.payload)
        self._clock = packet.time + samples
        self._pausing = len(packet.payload) <= PAUSE_BYTES
        return Due(Kind.DECODE, samples, packet.payload)

    def settle(self, now: float, left: int) -> None:
        """End a tick in which a frame was played and `left` samples stay decoded: think the delay over."""
        if not self._playing or self._waited:
            return
        if self.change:
            self.urgency += 1
            return
        duration = self.delay.duration_samples
        needed = self._clock - duration * (left // duration + 1)  # the youngest packet that this tick needed
        self._leads.append(now - needed / RATE_HZ)
        if len(self._leads) < REVIEW_TICKS:
            return
        lead_s = min(self._leads)
        self._leads.clear()
        step = round(self.delay.step_s * RATE_HZ)
        waste = left % step
        steps = self.delay.steps(lead_s)
        self.held_s = self.delay.held_s(lead_s) + waste / RATE_HZ
        self.change = steps * step - waste
        if -SHORTEST_SAMPLES < self.change < 0:
            self.change = 0
        self.urgency = 0

    def changed(self, samples: int) -> None:
        """Take note that the sound was made longer (> 0) or shorter (< 0)."""
        before = self.change
        self.change -= samples
        if before > 0 >= self.change or (before < 0 and self.change > -SHORTEST_SAMPLES):
            self.change = 0
        self._leads.clear()

    def _gap(self, packet: Packet) -> int:
        """Samples between what was played and the oldest packet; what was waited counts as far as it goes."""
        assert self._next is not None
        gap = packet.time - self._clock
        if self._waited:
            spent = min(self._waited, max(gap, 0))
            self._clock += spent
            self._waited = 0
            self._leads.clear()  # it may have come late, and is played all the same: the delay is greater now
            gap -= spent
        longest = LONGEST_PAUSE if packet.number == self._next else LONGEST_HOLE
        if gap > longest:  # the sender's clock, or too much to fill in: bridge the cut
            self._clock = packet.time - FRAME_SAMPLES
            gap = FRAME_SAMPLES
        return gap

    def _fill(self, packet: Packet, gap: int) -> Due:
        """Something is missing before `packet`: mend it, conceal it, or let the sender pause."""
        if packet.number == self._next:
            kind, samples = Kind.PAUSE, min(gap, FRAME_SAMPLES)
        else:
            kind, samples = Kind.CONCEAL, min(gap, FRAME_SAMPLES)
            if carries_previous(packet.payload):
                mendable = min(duration_samples(packet.payload), gap)
                if gap == mendable:
                    kind, samples = Kind.MEND, gap
                    self._next = packet.number  # whoever comes after all has been heard
                else:
                    samples = min(samples, gap - mendable)
        samples = max(SHORTEST_SAMPLES, samples // SHORTEST_SAMPLES * SHORTEST_SAMPLES)
        self._clock += samples
        return Due(kind, min(samples, LONGEST_SAMPLES), packet.payload if kind is Kind.MEND else b"")

    def _wait(self) -> Due:
        """Nothing is here: wait for the packet that is due, until the source must be taken as paused."""
        if self._waited >= (LONGEST_PAUSE if self._pausing else LONGEST_HOLD):
            self._rest()
            return IDLE
        if not self._waited and not self._pausing:
            self.underruns += 1
        self._waited += FRAME_SAMPLES
        return Due(Kind.PAUSE if self._pausing else Kind.CONCEAL, FRAME_SAMPLES)

    def _rest(self) -> None:
        self._playing, self._pausing = False, False
        self._waited = self._filling = self.change = 0
        self._leads.clear()

    def _start(self, now: float) -> bool:
        """Begin to play when what came has waited as long as the delay wants; what is older than that is skipped."""
        oldest = self.buffer.oldest
        if oldest is None:
            return False
        self._filling += 1
        if self._filling == 1 and self.delay.experienced:
            self.delay.excuse(oldest.number, oldest.number + len(self.buffer) - FIRST_TICKS)
        lead_s = now - oldest.time / RATE_HZ
        steps = self.delay.steps(lead_s)
        unsure = not self.delay.experienced and self.delay.held_s(lead_s) < FIRST_S
        if (unsure and self._filling <= FIRST_TICKS) or (steps > 0 and self._filling <= MOST_TICKS):
            return False
        first = oldest.time - steps * round(self.delay.step_s * RATE_HZ)
        while oldest.time < first and len(self.buffer) > 1:
            self.buffer.take(oldest.number)
            self.skipped += 1
            oldest = self.buffer.oldest
            assert oldest is not None
        self._next, self._clock, self._playing = oldest.number, oldest.time, True
        return True
