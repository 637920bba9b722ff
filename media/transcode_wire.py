"""What crosses between an engine and its transcode processes: encoded pictures and orders, as bounded binary words.

A word is a version, a kind, a length (`HEADER`, network order) and so many bytes. The engine sends `Order` where
something changed, then an `Asked`; the process answers with a `Made` for each output that it made, then a `Done`: one
picture at a time, so that neither end ever holds a queue. No plain picture and no sound crosses.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from media.assembly import EncodedFrame
from media.errors import MediaError

VERSION = 1
HEADER = struct.Struct(">BBI")
MOST_FRAME_BYTES = 2 << 20
"""An encoded picture: more than the 1024 packets that `media.assembly` holds."""
MOST_OUTPUTS = 16
"""Shapes in which one source is wanted: an event has two screens, and displays of their sizes."""
MOST_FAULT_LETTERS = 64
CODECS = ("vp8", "h264")
FRAMINGS = ("fit", "fill")

_OUTPUT = struct.Struct(">BHHBIBB")
_ASKED = struct.Struct(">BBBq")
_MADE = struct.Struct(">BBq")
_DONE = struct.Struct(">BBBII")
MOST_BODY_BYTES = MOST_FRAME_BYTES + _ASKED.size


@dataclass(frozen=True, slots=True)
class Ready:
    """The process is set up, and waits for its first order."""


@dataclass(frozen=True, slots=True)
class OutputOrder:
    """One output: `number` (of 8 bits) stays its own; `every` nth picture is shown; a rate of 0 is its size's own."""

    number: int
    width: int
    height: int
    framing: str
    bits_per_s: int
    every: int
    key: bool
    """Whether its next picture is to be a key frame."""


@dataclass(frozen=True, slots=True)
class Order:
    """All outputs from now on; those that are not named end."""

    outputs: tuple[OutputOrder, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """The source's next encoded picture; `show` False: it is decoded only, because a newer one waits."""

    frame: EncodedFrame
    show: bool


@dataclass(frozen=True, slots=True)
class Made:
    """One picture of an output, in VP8; `timestamp` (90 kHz) is the source's."""

    number: int
    key: bool
    timestamp: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Done:
    """The picture is dealt with: whether one came out of the decoder, outputs made, outputs whose turn it was not.

    CPU in microseconds; `fault` names what was wrong with it, if anything was: the decoder then begins anew.
    """

    decoded: bool
    encoded: int
    thinned: int
    decode_us: int
    encode_us: int
    fault: str = ""


Word: TypeAlias = Ready | Order | Asked | Made | Done
KINDS: tuple[type[Word], ...] = (Ready, Order, Asked, Made, Done)
"""A word's kind on the wire is its place here."""


def to_bytes(word: Word) -> bytes:
    """A word as it crosses. Raises ValueError for one that is too large."""
    body = b""
    match word:
        case Order(outputs):
            if len(outputs) > MOST_OUTPUTS:
                raise ValueError("an order has too many outputs")
            body = b"".join(_output_bytes(one) for one in outputs)
        case Asked(frame, show):
            body = _ASKED.pack(show, frame.key, CODECS.index(frame.codec), frame.timestamp) + frame.payload
        case Made(number, key, timestamp, payload):
            body = _MADE.pack(number, key, timestamp) + payload
        case Done():
            counts = (word.decoded, word.encoded, word.thinned, word.decode_us, word.encode_us)
            body = _DONE.pack(*counts) + word.fault[:MOST_FAULT_LETTERS].encode("ascii", "replace")
    if len(body) > MOST_BODY_BYTES:
        raise ValueError("a word is too long")
    return HEADER.pack(VERSION, KINDS.index(type(word)), len(body)) + body


class Reader:
    """Words out of a stream's bytes. It holds one word and one read at most."""

    def __init__(self, *accepted: type[Word]) -> None:
        self._accepted = accepted
        self._held = bytearray()

    def feed(self, received: bytes | memoryview) -> Iterator[Word]:
        """The words that are whole with these bytes. Raises MediaError `bad_word` for what is none that is accepted."""
        self._held += received
        while len(self._held) >= HEADER.size:
            version, kind, length = HEADER.unpack_from(self._held)
            if version != VERSION or kind >= len(KINDS) or KINDS[kind] not in self._accepted:
                raise MediaError("bad_word", "The transcode wire brings a word of another version or kind.")
            if length > MOST_BODY_BYTES:
                raise MediaError("bad_word", "The transcode wire brings a word that is too long.")
            end = HEADER.size + length
            if len(self._held) < end:
                return
            body = bytes(memoryview(self._held)[HEADER.size : end])
            del self._held[:end]
            yield _parsed(KINDS[kind], body)


def _parsed(kind: type[Word], body: bytes) -> Word:
    try:
        if kind is Ready and not body:
            return Ready()
        if kind is Order:
            return _order(body)
        if kind is Asked:
            show, key, codec, timestamp = _ASKED.unpack_from(body)
            return Asked(EncodedFrame(body[_ASKED.size :], timestamp, bool(key), CODECS[codec]), bool(show))
        if kind is Made:
            number, key, timestamp = _MADE.unpack_from(body)
            return Made(number, bool(key), timestamp, body[_MADE.size :])
        if kind is Done and len(body) <= _DONE.size + MOST_FAULT_LETTERS:
            decoded, encoded, thinned, decode_us, encode_us = _DONE.unpack_from(body)
            fault = body[_DONE.size :].decode("ascii", "replace")
            return Done(bool(decoded), encoded, thinned, decode_us, encode_us, fault)
    except (struct.error, IndexError) as error:
        raise MediaError("bad_word", "The transcode wire brings a word that is cut off.") from error
    raise MediaError("bad_word", "The transcode wire brings a word of the wrong length.")


def _output_bytes(one: OutputOrder) -> bytes:
    framing = FRAMINGS.index(one.framing)
    return _OUTPUT.pack(one.number, one.width, one.height, framing, one.bits_per_s, one.every, one.key)


def _order(body: bytes) -> Order:
    if len(body) % _OUTPUT.size or len(body) > MOST_OUTPUTS * _OUTPUT.size:
        raise MediaError("bad_word", "The transcode wire brings an order of the wrong length.")
    outputs = []
    for number, width, height, framing, bits_per_s, every, key in _OUTPUT.iter_unpack(body):
        if not every:
            raise MediaError("bad_word", "The transcode wire orders an output without pictures.")
        outputs.append(OutputOrder(number, width, height, FRAMINGS[framing], bits_per_s, every, bool(key)))
    return Order(tuple(outputs))
