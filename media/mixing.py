"""The mixer: a matrix of gains between sources and listeners, and one mix per listener every tick."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from media.gain import Ramp, linear
from media.sound import FRAME_SAMPLES, Frame, silence

UNNAMED_RAMP_S = 0.030  # how fast a cell that nobody names any more falls silent: quick, and without a click


def checked(
    gains: Iterable[tuple[str, str, float | None, float]],
) -> dict[tuple[str, str], tuple[float | None, float]]:
    """(dB or None, ramp in seconds) by (listener, source). Raises ValueError for one that is not finite."""
    named = {(listener, source): (db, ramp_s) for listener, source, db, ramp_s in gains}
    for db, ramp_s in named.values():
        linear(db)
        if not 0.0 <= ramp_s < float("inf"):
            raise ValueError(f"a ramp takes a finite time of zero seconds or more, not {ramp_s}")
    return named


class Mixer:
    """Sources x listeners, both by id. A listener hears only what a cell says: nobody hears themself by accident."""

    __slots__ = ("_cells", "_scratch")

    def __init__(self) -> None:
        self._cells: dict[str, dict[str, Ramp]] = {}  # listener -> source -> gain
        self._scratch = silence()

    def aim(self, gains: Iterable[tuple[str, str, float | None, float]]) -> None:
        """Set the whole matrix: (listener, source, dB or None, ramp in seconds) each.

        Cells that are not named fall silent in 30 ms. Raises ValueError for a gain that is not finite, and then
        changes nothing.
        """
        named = checked(gains)
        for listener, row in self._cells.items():
            for source, ramp in row.items():
                if (listener, source) not in named:
                    ramp.aim(None, UNNAMED_RAMP_S)
        for (listener, source), (db, ramp_s) in named.items():
            if (present := self._cells.get(listener, {}).get(source)) is not None:
                present.aim(db, ramp_s)
            elif db is not None:
                cell = self._cells.setdefault(listener, {})[source] = Ramp(None)
                cell.aim(db, ramp_s)

    def mix(self, frames: Mapping[str, Frame], listeners: Iterable[str]) -> dict[str, Frame]:
        """Return what each of `listeners` hears in this tick: a fresh float32 (960,) each, not limited yet.

        `frames` holds float32 (960,) by source; a source without a frame is silent. Gains move on for everybody,
        present or not.
        """
        mixes = {listener: self._mix_row(listener, frames) for listener in listeners}
        for listener, row in self._cells.items():
            if listener not in mixes:
                for ramp in row.values():
                    ramp.skip()
        self._forget_silent()
        return mixes

    def gain(self, listener: str, source: str) -> float:
        """Return the present amplitude factor of a cell."""
        cell = self._cells.get(listener, {}).get(source)
        return 0.0 if cell is None else cell.present

    def __len__(self) -> int:
        """Count the cells that sound or may sound."""
        return sum(len(row) for row in self._cells.values())

    def _mix_row(self, listener: str, frames: Mapping[str, Frame]) -> Frame:
        mixed: Frame | None = None
        scratch = self._scratch
        for source, ramp in self._cells.get(listener, {}).items():
            frame = frames.get(source)
            if frame is None:
                ramp.skip()
                continue
            gain = ramp.next(FRAME_SAMPLES)
            if isinstance(gain, float) and gain == 0.0:
                continue
            if mixed is None:
                mixed = np.multiply(frame, gain)
            else:
                np.multiply(frame, gain, out=scratch)
                mixed += scratch
        return silence() if mixed is None else mixed

    def _forget_silent(self) -> None:
        gone = [
            (listener, source)
            for listener, row in self._cells.items()
            for source, ramp in row.items()
            if ramp.silent and ramp.target is None
        ]
        for listener, source in gone:
            del self._cells[listener][source]
            if not self._cells[listener]:
                del self._cells[listener]
