"""The mixing desk in Python, for where there was no compiler."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from media.engine.earphone import Earphone
from media.engine.opus import Encoder
from media.engine.voice import Voice
from media.errors import LocalError
from media.level import Level
from media.limiter import Limiter
from media.mixing import Mixer
from media.opus import STILL, STILL_PACKETS
from media.sound import Frame


class PlainVoice:
    """A voice and its meter."""

    cdata = None

    def __init__(self) -> None:
        self._voice = Voice()
        self._meter = Level()
        self.push = self._voice.push
        self.begin_anew = self._voice.begin_anew

    def next(self, now: float) -> Frame | None:
        """The sound of this tick, metered; None while there is none."""
        samples = self._voice.next(quiet=self._meter.quiet, now=now)
        self._meter.add(samples)
        return samples

    @property
    def playing(self) -> int | None:
        return self._voice.playing

    @property
    def delay_s(self) -> float | None:
        return self._voice.delay_s

    @property
    def dbfs(self) -> float | None:
        return self._meter.dbfs

    @property
    def speaking(self) -> bool:
        return self._meter.speaking

    @property
    def recovered(self) -> int:
        return self._voice.recovered

    @property
    def drops(self) -> dict[str, int]:
        return self._voice.drops


class _Listener:
    def __init__(self) -> None:
        self._limiter = Limiter()
        self._encoder = Encoder()
        self._still = 0
        self._payload = b""

    def packet(self, mix: Frame) -> bytes:
        """The next one: of lasting stillness the same again and again. Raises LocalError."""
        limited = self._limiter.process(mix)
        if not np.all(np.abs(mix) < STILL):
            self._still = 0
        if self._still < STILL_PACKETS:
            self._payload = self._encoder.encode(limited)
            self._still += 1
        return self._payload


class PlainDesk:
    """`media.engine.desk.Desk` says what each method does."""

    def __init__(self) -> None:
        self._mixer = Mixer()
        self._voices: dict[str, PlainVoice] = {}
        self._listeners: dict[str, _Listener] = {}
        self._earphones: dict[str, Sequence[Earphone]] = {}

    def voice(self, seat: str) -> PlainVoice:
        voice = self._voices[seat] = PlainVoice()
        return voice

    def dismiss(self, seat: str) -> None:
        self._voices.pop(seat, None)
        self._listeners.pop(seat, None)
        self._earphones.pop(seat, None)

    def aim(self, gains: Iterable[tuple[str, str, float | None, float]]) -> None:
        self._mixer.aim(gains)

    def connect(self, earphones: Mapping[str, Sequence[Earphone]]) -> None:
        self._earphones = dict(earphones)

    def tick(self, number: int, now: float) -> None:
        frames: dict[str, Frame] = {}
        for seat, voice in self._voices.items():
            if (samples := voice.next(now)) is not None:
                frames[seat] = samples
        faults = 0
        for seat, mix in self._mixer.mix(frames, self._earphones).items():
            listener = self._listeners.get(seat)
            if listener is None:
                listener = self._listeners[seat] = _Listener()
            try:
                payload = listener.packet(mix)
            except LocalError:  # the others hear all the same
                faults += 1
                continue
            for earphone in self._earphones[seat]:
                earphone.put(payload, number, now)
        if faults:
            raise LocalError(f"libopus cannot encode for {faults} listeners")
