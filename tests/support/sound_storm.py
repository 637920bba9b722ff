"""Drives the sound in C with whatever a network and a desk may bring: a part of `native_storm`."""

from __future__ import annotations

import math
import random
from collections import Counter
from typing import Any

from cffi import FFI

from media.engine.opus import Decoder, Encoder, function

SOURCES = 3


class Sources:
    """Playouts, with streams that go on, break off and start anew, packets of any bytes and a reader of any manners."""

    def __init__(self, ffi: FFI, lib: Any, chance: random.Random) -> None:
        self.ffi, self.lib, self.chance = ffi, lib, chance
        self.playouts = [ffi.new("playout *") for _ in range(SOURCES)]
        self.streams = [[65_000, 0xFFFF_0000] for _ in self.playouts]  # they wrap soon
        self.due = ffi.new("due *")
        self.now = 0.0
        self.seen: Counter[int] = Counter()
        for one in self.playouts:
            lib.playout_begin(one)

    def seldom(self, usual: Any, *unusual: Any) -> Any:
        return self.chance.choice(unusual) if self.chance.random() < 0.05 else usual

    def payload(self) -> bytes:
        """Hardest to read is code 3, with padding and lengths that lead anywhere."""
        chance = self.chance
        size = chance.choice((0, 1, 2, 3, 4, 5, 30, 300, chance.randrange(1502)))
        coded = bytes((chance.randrange(128) | 3, 0xC0 | chance.getrandbits(6))) + b"\xff" * size
        speech = bytes((0x48, chance.getrandbits(8))) + chance.randbytes(60)
        return chance.choice((speech, speech, coded, coded[:size], chance.randbytes(size)))

    def push(self, at: int) -> None:
        chance, stream = self.chance, self.streams[at]
        step, span = self.seldom((1, 960), (-1, -960), (0, 0), (2, 1920), (60, 30_000), (101, 960), (1, 3_000_000))
        stream[0] = self.seldom(stream[0] + step, stream[0] + step, chance.getrandbits(16)) & 0xFFFF
        stream[1] = self.seldom(stream[1] + span, stream[1] + span, chance.getrandbits(32)) & 0xFFFFFFFF
        payload = self.payload()
        exactly = self.ffi.new("uint8_t[]", len(payload))  # the next byte is not its own
        self.ffi.buffer(exactly)[:] = payload
        now = self.now + self.seldom(0.0, -0.3, 0.2)
        self.lib.playout_push(self.playouts[at], *stream, exactly, len(payload), now)

    def turn(self) -> None:
        chance, lib, due = self.chance, self.lib, self.due
        self.now += self.seldom(0.02, 0.1, 0.1, 3.0, 100_000.0)
        for at, one in enumerate(self.playouts):
            for _ in range(self.seldom(1, 0, 2, 2 * lib.PLAYOUT_PACKETS)):
                self.push(at)
            for _ in range(self.seldom(1, 0, 24)):
                lib.playout_pop(one, self.now, due)
                self.seen[due.kind] += 1
                assert 0 <= due.samples <= 5760
                assert due.samples % 120 == 0
                assert len(self.ffi.buffer(due.payload, due.bytes)[:] if due.payload else b"") <= lib.PLAYOUT_PAYLOAD
            lib.playout_settle(one, self.now, self.seldom(480, 0, chance.randrange(48_000)))
            if chance.random() < 0.1:
                lib.playout_changed(one, self.seldom(one.change, chance.randrange(-3000, 3000)))
            assert lib.playout_ready(one) in (0, 1)
            assert one.waiting <= lib.PLAYOUT_PACKETS
            assert sorted(one.order) == list(range(lib.PLAYOUT_PACKETS))
            if chance.random() < 0.0005:
                lib.playout_begin(one)


class Desk:
    """Voices that anything is said with, and listeners whose packets leave as the pictures do."""

    def __init__(self, ffi: FFI, lib: Any, chance: random.Random, outlets: list[Any]) -> None:
        self.ffi, self.lib, self.chance, self.number = ffi, lib, chance, 0
        lib.voices(*(ffi.cast("void *", function(f"opus_{name}")) for name in ("decode_float", "decoder_ctl")))
        lib.desks(ffi.cast("void *", function("opus_encode_float")))
        self.coders = [Decoder() for _ in range(SOURCES)], [Encoder() for _ in outlets]
        self.voices = [ffi.new("voice *") for _ in range(SOURCES)]
        for voice, decoder in zip(self.voices, self.coders[0], strict=True):
            lib.voice_begin(voice, ffi.cast("void *", decoder.address))
        self.cells = [[ffi.new("cell *") for _ in self.voices] for _ in outlets]
        self.earphones = [ffi.new("earphone *", {"out": one}) for one in outlets]
        self.listeners = [ffi.new("listener *") for _ in outlets]
        self.arrays: list[Any] = []
        for listener, encoder, cells, earphone in zip(
            self.listeners, self.coders[1], self.cells, self.earphones, strict=True
        ):
            for cell, voice in zip(cells, self.voices, strict=True):
                cell.source = voice
            self.arrays += [ffi.new("cell *[]", cells), ffi.new("earphone *[]", [earphone])]
            listener.cells, listener.earphones = self.arrays[-2:]
            listener.cells_count, listener.earphones_count, listener.hears = len(cells), 1, 1
            listener.encoder = ffi.cast("void *", encoder.address)
            listener.limiter.ceiling, listener.limiter.release = 0.7, 0.9998
        self.arrays += [ffi.new("voice *[]", self.voices), ffi.new("listener *[]", self.listeners)]
        self.cdata = ffi.new("desk *", {"voices": self.arrays[-2], "listeners": self.arrays[-1]})
        self.cdata.voices_count, self.cdata.listeners_count = len(self.voices), len(self.listeners)

    def turn(self, payload: bytes, sequence: int) -> None:
        chance, ffi, lib = self.chance, self.ffi, self.lib
        now = self.number * 0.02
        for voice in self.voices[1:]:
            exactly = ffi.new("uint8_t[]", len(payload))
            ffi.buffer(exactly)[:] = payload
            lib.voice_push(voice, sequence & 0xFFFF, sequence * 960 & 0xFFFFFFFF, exactly, len(payload), now)
        if chance.random() < 0.3:
            cell = chance.choice(chance.choice(self.cells))
            lib.ramp_aim(
                ffi.addressof(cell, "gain"), chance.choice((-math.inf, 0.0, -20.0, 30.0)), chance.randrange(240, 9999)
            )
        if chance.random() < 0.02:
            lib.voice_begin_anew(chance.choice(self.voices))
        chance.choice(self.listeners).hears = chance.random() < 0.9
        faults = lib.desk_tick(self.cdata, self.number, now)
        assert faults == 0
        self.number += 1
        for voice in self.voices:
            assert lib.PAST <= voice.tape.begin <= voice.tape.end <= lib.TAPE
            assert not voice.sounds or all(map(math.isfinite, voice.frame[0 : lib.FRAME]))
