"""How long pictures took: frames that went out matched with frames that came in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext

from bench import rtp
from bench.receiving import Arrival
from bench.sending import SentFrame
from media.testcard import read

MOSTLY = 0.8
"""Of the frames that came, so many must be known by their last bytes to call the stream forwarded."""
LONGEST_S = 5.0  # a frame that took longer is the same card of the round before


@dataclass(frozen=True, slots=True)
class Passage:
    """One frame: last packet out at `out_s`, last packet in at `in_s` (monotonic), its timestamps there."""

    out_s: float
    in_s: float
    sent_timestamp: int
    timestamp: int

    @property
    def delay_s(self) -> float:
        return self.in_s - self.out_s


def passages(sent: Sequence[SentFrame], came: Sequence[Arrival]) -> tuple[str, list[Passage]]:
    """`forwarded` or `transcoded`, and every frame that was matched.

    Forwarded frames are known by the last bytes of their VP8 data. If most are unknown the server made new ones: then
    what came (whole payloads, if they were kept) is decoded now, after the load has ended, and the card is read.
    """
    marked = [one for one in came if one.marker]
    by_tail: dict[bytes, list[SentFrame]] = {}
    for frame in sent:
        by_tail.setdefault(frame.tail, []).append(frame)
    found = [(by_tail.get(one.payload[-rtp.TAIL_BYTES :], ()), one.at_s, one.timestamp) for one in marked]
    if marked and sum(bool(frames) for frames, _, _ in found) >= MOSTLY * len(marked):
        return "forwarded", _matched(found)
    by_number: dict[int, list[SentFrame]] = {}
    for frame in sent:
        by_number.setdefault(frame.number, []).append(frame)
    decoded = _decoded(came)
    return "transcoded", _matched([(by_number.get(number, ()), at_s, stamp) for number, at_s, stamp in decoded])


def _matched(found: Sequence[tuple[Sequence[SentFrame], float, int]]) -> list[Passage]:
    """The clip comes round again: of equal frames the newest that went out before counts, each once."""
    matched: dict[float, Passage] = {}
    for frames, at_s, timestamp in found:
        before = [frame for frame in frames if frame.first_s <= at_s < frame.first_s + LONGEST_S]
        if before:
            newest = before[-1]
            matched.setdefault(newest.last_s, Passage(newest.last_s, at_s, newest.timestamp, timestamp))
    return list(matched.values())


def _decoded(came: Sequence[Arrival]) -> list[tuple[int, float, int]]:
    """Card number, instant of the last packet and timestamp of every frame that can be decoded."""
    ordered = sorted({one.number: one for one in came}.values(), key=lambda one: one.number)
    codec = av.CodecContext.create("vp8", "r")
    assert isinstance(codec, VideoCodecContext)
    cards: list[tuple[int, float, int]] = []
    content, at_s, expected, begun = b"", 0.0, -1, False
    for one in ordered:
        part, begins = rtp.vp8_content(one.payload) if len(one.payload) > 4 else (b"", False)
        if begins:
            content, at_s, begun = b"", 0.0, True
        elif one.number != expected:
            begun = False
        expected = one.number + 1
        content, at_s = content + part, max(at_s, one.at_s)
        if one.marker and begun:
            cards += [(number, at_s, one.timestamp) for number in _read(codec, content)]
            begun = False
    return cards


def _read(codec: VideoCodecContext, content: bytes) -> list[int]:
    try:
        frames = codec.decode(av.Packet(content))
    except av.FFmpegError:
        return []
    numbers = []
    for frame in frames:
        plane = frame.planes[0]
        luma = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: frame.height, : frame.width]
        card = read(luma)
        if card is not None:
            numbers.append(card.number)
    return numbers
