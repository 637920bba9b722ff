"""The mixing desk in C (`native/desk.h`): Python says who speaks, who hears and how loud."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from media.engine.earphone import Earphone
from media.engine.native import ffi, lib
from media.engine.opus import Decoder, Encoder, function
from media.errors import LocalError
from media.gain import SHORTEST_SAMPLES
from media.limiter import CEILING_DB, RELEASE_S
from media.mixing import UNNAMED_RAMP_S, checked
from media.sound import RATE_HZ


class NativeVoice:
    """A voice and its meter."""

    def __init__(self) -> None:
        _introduce()
        self._decoder = Decoder()  # held for C
        self.cdata = ffi.new("voice *")
        lib.voice_begin(self.cdata, ffi.cast("void *", self._decoder.address))

    def push(self, sequence: int, timestamp: int, payload: bytes, now: float) -> None:
        lib.voice_push(self.cdata, sequence, timestamp, payload, len(payload), now)

    def begin_anew(self) -> None:
        lib.voice_begin_anew(self.cdata)

    @property
    def playing(self) -> int | None:
        return int(self.cdata.playing) if self.cdata.plays else None

    @property
    def delay_s(self) -> float | None:
        return float(self.cdata.playout.held_s) if self.cdata.playout.playing else None

    @property
    def dbfs(self) -> float | None:
        return float(self.cdata.level.dbfs) if self.cdata.level.known else None

    @property
    def speaking(self) -> bool:
        return bool(self.cdata.level.speaking)

    @property
    def recovered(self) -> int:
        return int(self.cdata.recovered)

    @property
    def drops(self) -> dict[str, int]:
        return {"sound_in": int(lib.voice_too_late(self.cdata)), "sound_concealed": int(self.cdata.concealed)}


class _Listener:
    """One listener of C, and how loud each source is for them."""

    def __init__(self) -> None:
        self.cdata = ffi.new("listener *")
        self.cells: dict[str, Any] = {}
        self.slow: list[Earphone] = []
        """Whose packets do not leave by themselves."""
        self._encoder: Encoder | None = None
        self._array = self._lines = ffi.NULL  # held for C, as what they point to is
        self._earphones: tuple[Earphone, ...] = ()

    def aim(self, source: str, db: float | None, ramp_s: float) -> None:
        """Move one gain; None is silence."""
        cell = self.cells.get(source)
        if cell is None:
            if db is None:
                return
            cell = self.cells[source] = ffi.new("cell *")
            lib.ramp_begin(ffi.addressof(cell, "gain"), -math.inf)
        samples = max(SHORTEST_SAMPLES, round(ramp_s * RATE_HZ))
        lib.ramp_aim(ffi.addressof(cell, "gain"), -math.inf if db is None else db, samples)

    def lay(self, voices: Mapping[str, NativeVoice]) -> None:
        """Have C know its cells; those that are silent for good are forgotten."""
        for source, cell in tuple(self.cells.items()):
            voice = voices.get(source)
            cell.source = ffi.NULL if voice is None else voice.cdata
            if not cell.gain.legs_count and cell.gain.target == -math.inf:
                del self.cells[source]
        self._array = ffi.new("cell *[]", list(self.cells.values()))
        self.cdata.cells, self.cdata.cells_count = self._array, len(self.cells)

    def hear(self, ears: Mapping[Earphone, Any | None]) -> None:
        """By what they hear, and by which lines of C; by nothing: the next one who does begins with fresh ears."""
        if not ears:
            self.cdata.hears, self._encoder = 0, None
        elif self._encoder is None:
            self._encoder = Encoder()
            self.cdata.encoder = ffi.cast("void *", self._encoder.address)
            self.cdata.limiter = fresh_limiter()[0]
            self.cdata.still = 0
            self.cdata.hears = 1
        self.slow = [earphone for earphone, line in ears.items() if line is None]
        self._earphones = tuple(ears)
        self._lines = ffi.new("earphone *[]", [line for line in ears.values() if line is not None])
        self.cdata.earphones, self.cdata.earphones_count = self._lines, len(self._lines)


class NativeDesk:
    """`media.engine.desk.Desk` says what each method does."""

    def __init__(self) -> None:
        _introduce()
        self._cdata = ffi.new("desk *")
        self._voices: dict[str, NativeVoice] = {}
        self._listeners: dict[str, _Listener] = {}
        self._ears: dict[Earphone, Any | None] | None = {}
        """None: not all of the last ones hear any more."""
        self._slow: list[_Listener] = []
        self._arrays: tuple[Any, ...] = ()  # held for C

    def voice(self, seat: str) -> NativeVoice:
        voice = self._voices[seat] = NativeVoice()
        self._lay()
        return voice

    def dismiss(self, seat: str) -> None:
        self._voices.pop(seat, None)
        if seat in self._listeners:
            self._listeners[seat].hear({})
            self._ears = None
        self._lay()

    def aim(self, gains: Iterable[tuple[str, str, float | None, float]]) -> None:
        named = checked(gains)
        for seat, listener in self._listeners.items():
            for source in listener.cells:
                if (seat, source) not in named:
                    listener.aim(source, None, UNNAMED_RAMP_S)
        for (seat, source), (db, ramp_s) in named.items():
            self._listener(seat).aim(source, db, ramp_s)
        self._lay()

    def connect(self, earphones: Mapping[str, Sequence[Earphone]]) -> None:
        ears = {one: one.line() for some in earphones.values() for one in some}
        if ears == self._ears:
            return
        self._ears = ears
        for seat in earphones:
            self._listener(seat)
        for seat, listener in self._listeners.items():
            listener.hear({one: ears[one] for one in earphones.get(seat, ())})
        self._lay()

    def tick(self, number: int, now: float) -> None:
        faults = lib.desk_tick(self._cdata, number & 0xFFFFFFFF, now)
        for listener in self._slow:
            if listener.cdata.bytes <= 0:
                continue
            payload = bytes(ffi.buffer(listener.cdata.payload, listener.cdata.bytes))
            for earphone in listener.slow:
                earphone.put(payload, number, now)
        if faults:
            raise LocalError(f"libopus cannot encode for {faults} listeners")

    def _listener(self, seat: str) -> _Listener:
        if seat not in self._listeners:
            self._listeners[seat] = _Listener()
        return self._listeners[seat]

    def _lay(self) -> None:
        """Have C know who is there."""
        for seat, listener in tuple(self._listeners.items()):
            listener.lay(self._voices)
            if not listener.cells and not listener.cdata.hears:
                del self._listeners[seat]
        self._slow = [listener for listener in self._listeners.values() if listener.slow]
        voices = ffi.new("voice *[]", [voice.cdata for voice in self._voices.values()])
        listeners = ffi.new("listener *[]", [listener.cdata for listener in self._listeners.values()])
        self._cdata.voices, self._cdata.voices_count = voices, len(voices)
        self._cdata.listeners, self._cdata.listeners_count = listeners, len(listeners)
        self._arrays = voices, listeners


@cache
def _introduce() -> None:
    """Have C know libopus: the one that made our decoders and encoders."""
    decode, control, encode = (
        ffi.cast("void *", function(f"opus_{name}")) for name in ("decode_float", "decoder_ctl", "encode_float")
    )
    lib.voices(decode, control)
    lib.desks(encode)


def fresh_limiter() -> Any:
    """One that has heard nothing."""
    fresh = ffi.new("limiter *")
    fresh.ceiling = 10.0 ** (CEILING_DB / 20.0)
    fresh.release = math.exp(-1.0 / (RELEASE_S * RATE_HZ))
    return fresh
