"""A source of Opus packets of any make, a line of any weather, a reader that is not always there; in simulated time."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass

from media.opus import duration_samples
from media.playout import Kind, Playout
from media.sound import FRAME_SAMPLES, RATE_HZ, TICK_S

LENGTHS = (120, 240, 480, 960, 1920, 2880, 5760)
"""Samples of 2.5, 5, 10, 20, 40, 60 and 120 ms."""
FRAMES = {
    120: (16, 20, 24, 28),
    240: (17, 21, 25, 29),
    480: (0, 4, 8, 12, 14, 18, 30),
    960: (1, 5, 9, 13, 15, 19, 31),
    1920: (2, 6, 10),
    2880: (3, 7, 11),
}
"""Configurations by the length of their frames (RFC 6716 section 3.1)."""
SPEECH = (0.5, 4.0)
PAUSE = (0.2, 3.0)
"""Seconds."""
NOISE_S = 0.4
"""How often a sender in DTX says that it still pauses."""


@dataclass(frozen=True)
class Weather:
    """What a line does to packets, a sender to its stream and a reader to its time. Shares are per packet or tick."""

    loss: float = 0.0
    burst: int = 1
    """Packets lost at once."""
    jitter_ms: float = 0.0
    late: float = 0.0
    """Up to 400 ms later than others."""
    grain_ms: float = 0.0
    """Arrivals fall on multiples of it, so that lateness meets its thresholds exactly; 0: anywhere."""
    twice: float = 0.0
    outage: float = 0.0
    """0.1 to 2 s in which nothing comes; all of it comes at once afterwards."""
    restart: float = 0.0
    halt: float = 0.0
    """The sender stops for up to 2 s, and its timestamps stand still."""
    relength: float = 0.0
    """The sender changes the length of its packets."""
    garbage: float = 0.0
    pausing: bool = False
    """DTX."""
    stall: float = 0.0
    """The reader is away for up to 1.5 s."""
    lazy: float = 0.0
    """Ticks in which a change that is wanted is not made."""
    ppm: float = 0.0
    samples: int = FRAME_SAMPLES


def opus(chance: random.Random, samples: int) -> bytes:
    """A packet of this length, of any mode, code and number of frames, with any flags."""
    frame = chance.choice([length for length in FRAMES if samples % length == 0 and samples // length <= 48])
    count = samples // frame
    first = chance.choice(FRAMES[frame]) << 3 | chance.choice((0, 0, 4))
    codes = {1: (0, 0, 3), 2: (1, 2, 3)}.get(count, (3,))
    code = chance.choice(codes)
    head = bytes((first | code,))
    if code == 2:
        head += chance.choice((b"\x03", b"\xfd\x02"))
    if code == 3:
        padded, varied = chance.random() < 0.3, chance.random() < 0.5
        head += bytes((count | padded << 6 | varied << 7,))
        head += (b"\xff" * chance.randrange(3) + bytes((chance.randrange(255),))) if padded else b""
        head += b"".join(chance.choice((b"\x03", b"\xfd\x02")) for _ in range(count - 1)) if varied else b""
    return head + chance.randbytes(chance.choice((2, 3, 8, 60)))


class RoughLine:
    """`run` plays so many ticks, and counts what happened: kinds of what was due, "stretched", "stalled"."""

    def __init__(self, playout: Playout, weather: Weather, seed: int) -> None:
        self.playout = playout
        self.weather = weather
        self.seen: Counter[str] = Counter()
        self._chance = random.Random(seed)
        self._samples = weather.samples
        self._sequence, self._timestamp = self._chance.getrandbits(16), self._chance.getrandbits(32)
        self._sends_at = self._cut_until = self._away_until = 0.0
        self._speaks, self._turn_at = True, 1.0
        self._lost = 0
        self._coming: list[tuple[float, int, int, bytes]] = []
        self._held = 0

    def run(self, ticks: int) -> None:
        for tick in range(ticks):
            now = tick * TICK_S + 0.01
            self._send_until(now)
            self._arrive_until(now)
            if self._happens(self.weather.stall):
                self._away_until = now + self._chance.random() * 1.5
            if now >= self._away_until:
                self._read(now)
            else:
                self.seen["stalled"] += 1

    def _happens(self, share: float) -> bool:
        return share > 0.0 and self._chance.random() < share

    def _send_until(self, now: float) -> None:
        chance, weather = self._chance, self.weather
        while self._sends_at < now:
            if self._happens(weather.restart):
                self._sequence, self._timestamp = chance.getrandbits(16), chance.getrandbits(32)
            if self._happens(weather.halt):
                self._sends_at += chance.random() * 2.0
            if self._happens(weather.relength):
                self._samples = chance.choice(LENGTHS)
            if weather.pausing and self._sends_at >= self._turn_at:
                self._speaks = not self._speaks
                self._turn_at = self._sends_at + chance.uniform(*(SPEECH if self._speaks else PAUSE))
            if self._speaks:
                payload = opus(chance, self._samples)
                if self._happens(weather.garbage):
                    payload = chance.randbytes(chance.choice((1, 2, 3, 4, 9, 1500)))
                spacing = duration_samples(payload)
            else:
                payload, spacing = b"\x48" + b"\x00" * chance.randrange(2), int(NOISE_S * RATE_HZ)
            self._send(payload)
            self._sequence += 1
            self._timestamp += spacing
            self._sends_at += spacing / RATE_HZ * (1.0 - weather.ppm / 1e6)

    def _send(self, payload: bytes) -> None:
        chance, weather = self._chance, self.weather
        if self._happens(weather.loss):
            self._lost = chance.randrange(1, weather.burst + 1)
        if self._happens(weather.outage):
            self._cut_until = self._sends_at + chance.uniform(0.1, 2.0)
        self._lost -= 1
        if self._lost >= 0:
            return
        for _ in range(2 if self._happens(weather.twice) else 1):
            jitter_ms = 400.0 if self._happens(weather.late) else weather.jitter_ms
            at = max(self._sends_at + chance.random() * jitter_ms / 1000, self._cut_until)
            if weather.grain_ms:
                at = round(at * 1000 / weather.grain_ms) * weather.grain_ms / 1000
            self._coming.append((at, self._sequence & 0xFFFF, self._timestamp & 0xFFFFFFFF, payload))

    def _arrive_until(self, now: float) -> None:
        self._coming.sort(key=lambda one: one[0])
        while self._coming and self._coming[0][0] <= now:
            at, sequence, timestamp, payload = self._coming.pop(0)
            self.playout.push(sequence, timestamp, payload, at)

    def _read(self, now: float) -> None:
        """What media/engine/voice.py does in a tick, without a codec."""
        playout = self.playout
        for _ in range(24):
            early = playout.change < 0 and self._held < 2 * FRAME_SAMPLES and playout.ready
            if self._held >= FRAME_SAMPLES and not early:
                break
            due = playout.pop(now)
            self.seen[due.kind.value] += 1
            if due.kind is Kind.IDLE:
                self._held = 0
                return
            self._held += due.samples
        if self._held < FRAME_SAMPLES:
            return
        if playout.change and not self._happens(self.weather.lazy):
            most = self._chance.randrange(120, 600)
            done = min(playout.change + 119, most) if playout.change > 0 else -min(-playout.change, most)
            if self._chance.random() < 0.2:  # what is left then is all, or next to too little to be worth it
                done = playout.change + self._chance.choice((-1, 0, 119, 120, 121))
            done = max(done, FRAME_SAMPLES - self._held)
            if done:
                self._held += done
                playout.changed(done)
                self.seen["stretched"] += 1
        self._held -= FRAME_SAMPLES
        playout.settle(now, self._held)
