"""What the engine holds for one seat: as one who speaks and shows, and as one who hears."""

from __future__ import annotations

from media.engine.limiting import limiter
from media.engine.opus import Encoder
from media.engine.peer import Peer
from media.engine.showing import Showing
from media.engine.voice import Voice
from media.level import Level
from media.sound import Frame


class Source:
    """What the engine holds for one seat that speaks and shows."""

    def __init__(self, showing: Showing) -> None:
        self.voice = Voice()
        self.meter = Level()
        self.showing = showing
        self.speaker: Peer | None = None
        """The connection that counts: its packets are taken, those of others are not."""
        self.age_s = 0.0
        """How long ago the sound that is played was captured; as last known, in a pause."""

    def next(self, now: float) -> Frame | None:
        """The sound of this tick, metered; None while there is none."""
        samples = self.voice.next(quiet=self.meter.quiet, now=now)
        self.meter.add(samples)
        if self.speaker is not None and self.voice.playing is not None:
            captured = self.speaker.captured("audio", self.voice.playing, now)
            self.age_s = (self.voice.delay_s or 0.0) if captured is None else now - captured
        return samples

    @property
    def drops(self) -> dict[str, int]:
        """What was dropped of its sound and its picture, by queue."""
        return self.voice.drops | self.showing.line.drops

    @property
    def counts(self) -> dict[str, float]:
        """What was counted of its sound and its picture, by the door's `COUNTS`."""
        return self.showing.counts | {"sound_recovered": self.voice.recovered}


class Listener:
    """What the engine holds for one seat that hears."""

    def __init__(self) -> None:
        self.limiter = limiter()
        self.encoder = Encoder()
        self.age_s = 0.0
        """How old what is heard is, for lip sync."""
