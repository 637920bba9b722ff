"""Intelligibility and quality of speech against what was said: ESTOI (Jensen and Taal 2016), PESQ-WB (P.862.2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.hearing import RATE_HZ, lag_samples

WIDE_HZ = 16_000  # the rate that both are defined for

SILENT = 1e-4  # -80 dBFS


@dataclass(frozen=True, slots=True)
class Scores:
    """ESTOI 0 ... 1; PESQ-WB as MOS-LQO 1.0 ... 4.64."""

    estoi: float
    pesq: float


def score(said: np.ndarray, heard: np.ndarray) -> Scores:
    """Score `heard` (at least as long as `said`, lagging behind it) as a listener who knows nothing of the delay."""
    from pesq import NoUtterancesError, pesq
    from pystoi import stoi
    from scipy.signal import resample_poly

    if heard.size < said.size:
        heard = np.pad(heard, (0, said.size - heard.size))
    lag, _ = lag_samples(said, heard)
    cut = heard[lag : lag + said.size]
    if not np.any(np.abs(cut) > SILENT):
        return Scores(0.0, 1.0)  # nothing was heard, and both measures fail on nothing
    clean, degraded = (resample_poly(one, WIDE_HZ, RATE_HZ) for one in (said, cut))
    try:
        quality = float(pesq(WIDE_HZ, clean, degraded, "wb"))
    except NoUtterancesError:
        quality = 1.0  # nothing was heard
    return Scores(float(stoi(clean, degraded, WIDE_HZ, extended=True)), quality)
