"""The voices that are sent: espeak-ng in three languages, where it is missing a babble of our own; encoded once."""

from __future__ import annotations

import io
import shutil
import subprocess
import wave
from functools import cache
from math import gcd

import numpy as np

from bench.opus import encode
from media.sound import FRAME_SAMPLES, RATE_HZ

LEVEL_DBFS = -20.0
PEAK = 0.7
LANGUAGES = ("ko", "vi", "en")
TEXTS = {
    "ko": "안녕하십니까. 저희 회사는 가정용 공유기를 만들고 있습니다. 이 제품은 설치가 쉽고 보증 기간이 이 년입니다. "
    "첫 주문은 오백 대부터 가능하며, 납기는 육 주 정도 걸립니다.",
    "vi": "Xin chào quý công ty. Chúng tôi quan tâm đến sản phẩm này cho thị trường miền Bắc. Giá xuất xưởng là "
    "bao nhiêu, và quý vị có thể giao hàng trước cuối tháng sau không?",
    "en": "Good morning, and thank you for your time. We would like to see how the device is set up, and what happens "
    "when the power fails. Could you tell us about the warranty and the delivery terms?",
}
ESPEAK = "espeak-ng"


def available() -> bool:
    """Whether real words can be spoken here."""
    return shutil.which(ESPEAK) is not None


@cache
def speech(language: str, seconds: float) -> np.ndarray:
    """That many seconds of speech, mono float32 at 48 kHz near -20 dBFS, without long pauses. Read only."""
    spoken = _espeak(language) if available() else _babble(language, seconds)
    joined = _without_pauses(spoken)
    wanted = int(seconds * RATE_HZ)
    looped = np.tile(joined, -(-wanted // joined.size))[:wanted]
    looped = looped * 10 ** (LEVEL_DBFS / 20) / np.sqrt(np.mean(np.square(looped)))
    clipped: np.ndarray = np.clip(looped, -PEAK, PEAK).astype(np.float32)
    return clipped


@cache
def packets(language: str, seconds: float) -> tuple[bytes, ...]:
    """The same, encoded: 48 kb/s with FEC."""
    return tuple(encode(speech(language, seconds)))


@cache
def silence() -> bytes:
    """One packet of nothing."""
    return encode(np.zeros(FRAME_SAMPLES * 10, np.float32))[-1]


def _espeak(language: str) -> np.ndarray:
    from scipy.signal import resample_poly

    said = subprocess.run(
        [ESPEAK, "-v", "en-us" if language == "en" else language, "-s", "150", "--stdout", TEXTS[language]],
        capture_output=True,
        check=True,
    )
    with wave.open(io.BytesIO(said.stdout)) as file:
        rate = file.getframerate()
        samples = np.frombuffer(file.readframes(1 << 30), np.int16).astype(np.float64) / 32768
    common = gcd(RATE_HZ, rate)
    return np.asarray(resample_poly(samples, RATE_HZ // common, rate // common), np.float32)


def _babble(language: str, seconds: float) -> np.ndarray:
    from media.engine.simulated_speech import Speaker, sentence

    pitch_hz = {"ko": 110.0, "vi": 190.0, "en": 140.0}[language]
    return sentence(Speaker(pitch_hz, 1.0, len(language)), seconds, LANGUAGES.index(language))


def _without_pauses(samples: np.ndarray) -> np.ndarray:
    """Leave out what is silent for more than 120 ms: continuous speech is what is compared."""
    blocks = samples[: samples.size // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    loud = np.sqrt(np.mean(np.square(blocks), axis=1)) > 0.003
    kept = [np.any(loud[max(0, at - 3) : at + 4]) for at in range(len(blocks))]
    return blocks[np.array(kept)].reshape(-1)
