"""One source's voice on its way into the mix: playout, decoder, mending and stretching, 20 ms at a time."""

from __future__ import annotations

import numpy as np

from media.engine.opus import Decoder
from media.errors import CodecError
from media.playout import Due, Kind, Playout
from media.sound import FRAME_SAMPLES, Frame
from media.tape import Tape
from media.timescale import LONGEST_LAG, SHORTEST_LAG, WINDOW

DUES_PER_TICK = 24
"""20 ms of the shortest packets (2.5 ms) three times over: sound to leave out a period, and a hole."""
RISE_SAMPLES = 240
"""5 ms: sound that begins after silence does not click."""
TOO_MUCH = SHORTEST_LAG - 1
"""What is still to be put in may be less than any period, so a little more is: less than what is left out again."""
LIKENESS = 0.9
"""At this likeness a jump is not heard (measured on speech: the median of its best lags is 0.96)."""
LIKENESS_PER_TICK = 0.02
"""How much is given in with each tick, so that a change is made within a second."""
LEAST_LIKENESS = 0.5
_RISE: Frame = (np.arange(1, RISE_SAMPLES + 1) / RISE_SAMPLES).astype(np.float32)
_FALL: Frame = (np.arange(FRAME_SAMPLES, 0, -1) / FRAME_SAMPLES - 1 / FRAME_SAMPLES).astype(np.float32)


class Voice:
    """`push` packets as they arrive; `next` gives the 960 samples of a tick, or None when nothing is playing."""

    def __init__(self) -> None:
        self._playout = Playout()
        self._decoder = Decoder()
        self._tape = Tape()
        self._sounding = False
        self._ending: Frame | None = None  # the last of another connection, fading
        self._concealed = 0
        self._too_late_before = 0
        self.recovered = 0
        """Lost packets that were played after all, from the copy in the next one (FEC)."""
        self.playing: int | None = None
        """RTP timestamp (32 bits) of the first sample of the frame that `next` returned last; None while idle."""

    def push(self, sequence: int, timestamp: int, payload: bytes, now: float) -> None:
        """Take one Opus packet: RTP sequence number, 48 kHz timestamp, and when it arrived (monotonic s)."""
        if payload:
            self._playout.push(sequence, timestamp, payload, now)

    def next(self, *, quiet: bool, now: float) -> Frame | None:
        """float32 (960,) of this tick; None while the source is idle. `quiet`: a good moment to adapt the delay."""
        playing = self._fill(FRAME_SAMPLES, now)
        if playing and self._playout.change:
            self._stretch(quiet, now)
        if not playing:
            return self._rest()
        self.playing = (self._playout.clock - len(self._tape)) & 0xFFFFFFFF
        frame = self._tape.read(FRAME_SAMPLES)
        self._playout.settle(now, len(self._tape))
        if not self._sounding:
            frame[:RISE_SAMPLES] *= _RISE
            self._sounding = True
        if self._ending is not None:
            frame += self._ending
            self._ending = None
        return frame

    def begin_anew(self) -> None:
        """Another connection speaks from now on: what was playing fades out."""
        self._too_late_before = self.drops["sound_in"]
        if self._sounding:
            self._ending = self._fade()
        self._playout, self._decoder, self._tape = Playout(), Decoder(), Tape()
        self._sounding, self.playing = False, None

    @property
    def delay_s(self) -> float | None:
        """How long sound is held here on average, from its packet's arrival until it is played; None while idle."""
        return self._playout.held_s if self._playout.playing else None

    @property
    def drops(self) -> dict[str, int]:
        """Packets that came too late or did not fit, and ticks that were filled in for missing or broken ones."""
        playout = self._playout
        unread = self._tape.dropped // FRAME_SAMPLES
        too_late = self._too_late_before + playout.late + playout.skipped + playout.buffer.dropped + unread
        return {"sound_in": too_late, "sound_concealed": self._concealed}

    def _fill(self, samples: int, now: float) -> bool:
        """Decode until the tape holds so many samples; False when nothing more is expected."""
        for _ in range(DUES_PER_TICK):
            if len(self._tape) >= samples:
                return True
            due = self._playout.pop(now)
            if due.kind is Kind.IDLE:
                return False
            self._tape.write(self._sound(due))
        return True

    def _sound(self, due: Due) -> Frame:
        try:
            if due.kind is Kind.DECODE:
                return self._decoder.decode(due.payload)
            if due.kind is Kind.MEND:
                mended = self._decoder.decode_fec(due.payload, due.samples)
                self.recovered += 1
                return mended
        except CodecError:  # a broken packet is as good as lost
            pass
        if due.kind is not Kind.PAUSE:
            self._concealed += 1
        return self._decoder.conceal(due.samples)

    def _stretch(self, quiet: bool, now: float) -> None:
        """Make what is on the tape longer or shorter by a period of the voice, where that is not heard."""
        change = self._playout.change
        if change < 0:
            wanted = FRAME_SAMPLES + min(-change, LONGEST_LAG)
            while len(self._tape) < max(wanted, WINDOW + LONGEST_LAG) and self._playout.ready:
                self._fill(len(self._tape) + 1, now)
            change = -min(-change, len(self._tape) - FRAME_SAMPLES)
        else:
            change += TOO_MUCH
        least = max(LEAST_LIKENESS, LIKENESS - LIKENESS_PER_TICK * self._playout.urgency)
        if done := self._tape.stretch(change, -1.0 if quiet else least):
            self._playout.changed(done)

    def _rest(self) -> Frame | None:
        """A pause that begins in loud sound would click: fade out first."""
        if not self._sounding:
            self.playing = None
            ending, self._ending = self._ending, None
            return ending
        self.playing = (self._playout.clock - len(self._tape)) & 0xFFFFFFFF
        self._sounding = False
        return self._fade()

    def _fade(self) -> Frame:
        held = self._tape.read(min(len(self._tape), FRAME_SAMPLES))
        self._tape.clear()
        going_on = self._decoder.conceal(FRAME_SAMPLES)[: FRAME_SAMPLES - len(held)]
        return np.concatenate((held, going_on)) * _FALL
