"""One source's voice on its way into the mix: playout buffer, decoder, concealment, 20 ms at a time."""

from __future__ import annotations

import av
import numpy as np

from media.conceal import Concealment
from media.engine.opus import Decoder
from media.playout import Playout
from media.sound import FRAME_SAMPLES, TICK_S, Frame, silence

PACKETS_PER_TICK = 8
"""2.5 ms packets are the shortest that Opus knows."""
FADE_TICKS = 3
"""60 ms: where the concealment reaches silence."""


class Voice:
    """`push` packets as they arrive; `next` gives the 960 samples of a tick, or None when nothing is playing."""

    def __init__(self) -> None:
        self._playout = Playout()
        self._decoder = Decoder()
        self._concealment = Concealment()
        self._rest: Frame = silence(0)
        self._fading = 0
        self._concealed = 0
        self._dropped_before = 0

    def push(self, sequence: int, timestamp: int, payload: bytes) -> None:
        """Take one Opus packet (RTP sequence number, 48 kHz timestamp)."""
        self._playout.push(sequence, timestamp, payload)

    def next(self, *, quiet: bool) -> Frame | None:
        """float32 (960,) of this tick; None while the source is idle. `quiet`: a good moment to adapt the delay."""
        for _ in range(PACKETS_PER_TICK):
            if len(self._rest) >= FRAME_SAMPLES:
                break
            due = self._playout.pop(quiet)
            if due.idle:
                break
            if due.payload is None or (samples := self._decode(due.payload)) is None:
                self._concealed += 1
                return self._concealment.lost()
            self._rest = np.concatenate((self._rest, samples)) if len(self._rest) else samples
        if not len(self._rest):
            return self._fade()
        self._fading = FADE_TICKS
        frame, self._rest = self._rest[:FRAME_SAMPLES], self._rest[FRAME_SAMPLES:]
        if len(frame) < FRAME_SAMPLES:
            frame = np.concatenate((frame, silence(FRAME_SAMPLES - len(frame))))
        return self._concealment.good(frame)

    def begin_anew(self) -> None:
        """Another connection speaks from now on: what was playing fades out."""
        self._dropped_before = self.drops["sound_in"]
        self._playout, self._decoder, self._rest = Playout(), Decoder(), silence(0)

    @property
    def delay_s(self) -> float | None:
        """How much sound is kept back to be in time; None while nothing plays."""
        return self._playout.delay.target * TICK_S if self._playout.playing else None

    @property
    def drops(self) -> dict[str, int]:
        """Packets that came too late or did not fit, and ticks that were filled in for missing or broken ones."""
        too_late = self._dropped_before + self._playout.late + self._playout.dropped
        return {"sound_in": too_late, "sound_concealed": self._concealed}

    def _fade(self) -> Frame | None:
        """A pause that begins in loud sound would click: fade out first."""
        if not self._fading:
            return None
        self._fading -= 1
        return self._concealment.lost()

    def _decode(self, payload: bytes) -> Frame | None:
        """The samples, or None for a broken packet, which is as good as lost."""
        try:
            return self._decoder.decode(payload)
        except av.FFmpegError:
            return None
