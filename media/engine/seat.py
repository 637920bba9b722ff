"""What the engine holds for one seat that speaks and shows."""

from __future__ import annotations

from media.engine.desk import Voice
from media.engine.peer import Peer
from media.engine.showing import Showing


class Source:
    """`voice` on the mixing desk, `showing` what it shows."""

    def __init__(self, voice: Voice, showing: Showing) -> None:
        self.voice = voice
        self.showing = showing
        self.speaker: Peer | None = None
        """The connection that counts: its packets are taken, those of others are not."""
        self.age_s = 0.0
        """How long ago the sound that is played was captured; as last known, in a pause."""

    def look(self, now: float) -> None:
        """See how old the sound of the tick at `now` was."""
        if self.speaker is not None and self.voice.playing is not None:
            captured = self.speaker.captured("audio", self.voice.playing, now)
            self.age_s = (self.voice.delay_s or 0.0) if captured is None else now - captured

    @property
    def drops(self) -> dict[str, int]:
        """What was dropped of its sound and its picture, by queue."""
        return self.voice.drops | self.showing.line.drops

    @property
    def counts(self) -> dict[str, float]:
        """What was counted of its sound and its picture, by the door's `COUNTS`."""
        return self.showing.counts | {"sound_recovered": self.voice.recovered}
