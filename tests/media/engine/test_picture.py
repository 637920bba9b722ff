"""The picture line: one encode per distinct output, newest picture first, and what it does when something is broken."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable

import numpy as np
import pytest
from av.video.frame import VideoFrame

from media.assembly import EncodedFrame
from media.engine.decoding import Decoder
from media.engine.picture import BACKLOG_FRAMES, MadeFrame, PictureLine, Shape
from media.engine.transcoding import Transcoding
from media.engine.vp8 import TIME_BASE, Encoder
from media.retries import PAUSES_S
from media.testcard import draw, read
from media.transcode_wire import MOST_FRAME_BYTES

FILL = Shape(320, 256, "fill")
SMALL = Shape(160, 128, "fit")


def film(frames: int, width: int = 320, height: int = 256, key_at: frozenset[int] = frozenset()) -> list[EncodedFrame]:
    encoder, stream = Encoder(width, height), []
    for number in range(frames):
        frame = VideoFrame.from_ndarray(draw(width, height, source=5, number=number), format="yuv420p")
        frame.pts, frame.time_base = number * 3000, TIME_BASE
        if number in key_at:
            encoder.want_key_frame()
        for packet in encoder.encode(frame, number / 30):
            payload = bytes(packet)
            stream.append(EncodedFrame(payload, number * 3000, not payload[0] & 1))
    return stream


class Watcher:
    """Takes what the line delivers."""

    def __init__(self, transcoding: Transcoding) -> None:
        self.packets: dict[frozenset[str], list[bytes]] = {}
        self.stamps: list[int] = []
        self.broken = 0
        self._changed = asyncio.Event()
        self.line = PictureLine(self._deliver, self._broke, transcoding)

    def _deliver(self, viewers: frozenset[str], frame: MadeFrame) -> None:
        assert frame.key == (not frame.payload[0] & 1)
        self.packets.setdefault(viewers, []).append(frame.payload)
        self.stamps.append(frame.timestamp)
        self._changed.set()

    def _broke(self) -> None:
        self.broken += 1
        self._changed.set()

    async def until(self, fact: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not fact():
                self._changed.clear()
                await self._changed.wait()

    def count(self, *viewers: str) -> int:
        return len(self.packets.get(frozenset(viewers), []))


@pytest.fixture
async def watcher() -> AsyncIterator[Watcher]:
    transcoding = Transcoding(cores=64.0)
    watcher = Watcher(transcoding)
    yield watcher
    watcher.line.close()
    await transcoding.close()
    assert transcoding.processes == []


def seen(packets: list[bytes]) -> list[int]:
    decoder, numbers = Decoder("vp8"), []
    for at, payload in enumerate(packets):
        frame = decoder.decode(payload, at)
        assert frame is not None
        plane = frame.planes[0]
        luma = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: frame.height, : frame.width]
        reading = read(luma)
        assert reading is not None
        numbers.append(reading.number)
    return numbers


async def test_viewers_of_one_shape_share_one_encode_and_another_shape_gets_its_own(watcher: Watcher) -> None:
    watcher.line.show({"a": FILL, "b": FILL, "c": SMALL})
    for count, frame in enumerate(film(5), 1):
        watcher.line.offer(frame)
        await watcher.until(lambda count=count: watcher.count("a", "b") == watcher.count("c") == count)  # type: ignore[misc]
    assert set(watcher.packets) == {frozenset("ab"), frozenset("c")}
    assert seen(watcher.packets[frozenset("ab")]) == [0, 1, 2, 3, 4]


async def test_without_a_viewer_nothing_is_decoded_and_the_first_has_a_key_frame_asked_for(
    watcher: Watcher,
) -> None:
    frames = film(16, key_at=frozenset({12}))
    for frame in frames[:3]:
        watcher.line.offer(frame)
    assert watcher.broken == 0
    watcher.line.show({"a": FILL})
    assert watcher.broken == 1
    for frame in frames[3:]:
        watcher.line.offer(frame)
    assert frames[12].key
    await watcher.until(lambda: watcher.count("a") > 0)
    assert seen(watcher.packets[frozenset("a")])[0] >= 12


async def test_a_newcomer_begins_with_a_key_frame(watcher: Watcher) -> None:
    frames = film(40)
    watcher.line.show({"a": FILL})
    for count, frame in enumerate(frames[:3], 1):
        watcher.line.offer(frame)
        await watcher.until(lambda count=count: watcher.count("a") == count)  # type: ignore[misc]
    await asyncio.sleep(0.35)  # key frames are at least 300 ms apart
    watcher.line.show({"a": FILL, "b": FILL})
    watcher.line.offer(frames[3])
    await watcher.until(lambda: watcher.count("a", "b") == 1)
    assert not watcher.packets[frozenset("ab")][0][0] & 1, "a key frame"


async def test_when_it_is_behind_the_newest_picture_wins(watcher: Watcher) -> None:
    frames = film(20)
    watcher.line.show({"a": FILL})
    for frame in frames:  # no process has had its turn meanwhile
        watcher.line.offer(frame)
    await watcher.until(lambda: watcher.count("a") > 0 and watcher.line.drops["picture_skipped"] == 19)
    assert seen(watcher.packets[frozenset("a")]) == [19]


async def test_a_full_backlog_starts_over_at_a_key_frame_and_asks_for_one(watcher: Watcher) -> None:
    frames = film(BACKLOG_FRAMES + 3, key_at=frozenset({BACKLOG_FRAMES + 2}))
    watcher.line.show({"a": FILL})
    broken = watcher.broken
    for frame in frames:  # no process has had its turn meanwhile
        watcher.line.offer(frame)
    assert len(watcher.line._frames) == 1
    assert watcher.line.drops["picture_backlog"] == 1
    assert watcher.broken > broken
    await watcher.until(lambda: watcher.count("a") == 1)
    assert seen(watcher.packets[frozenset("a")]) == [BACKLOG_FRAMES + 2]


async def test_nothing_is_shown_that_hangs_on_pictures_which_were_not_decoded(watcher: Watcher) -> None:
    frames = film(16, key_at=frozenset({12}))
    watcher.line.show({"a": FILL})
    watcher.line.offer(frames[0])
    await watcher.until(lambda: watcher.count("a") == 1)
    watcher.line.show({})
    for frame in frames[1:6]:
        watcher.line.offer(frame)
    watcher.line.show({"a": FILL})
    broken = watcher.broken
    watcher.line.offer(frames[6])
    assert watcher.broken == broken + 1, "asked for a key frame"
    watcher.line.offer(frames[12])
    await watcher.until(lambda: watcher.count("a") == 2)
    assert not watcher.packets[frozenset("a")][1][0] & 1, "a key frame, whose number can be read"
    assert seen(watcher.packets[frozenset("a")]) == [0, 12]


async def test_a_source_that_changes_hands_begins_anew_at_a_key_frame(watcher: Watcher) -> None:
    frames = film(16, key_at=frozenset({12}))
    watcher.line.show({"a": FILL})
    watcher.line.offer(frames[0])
    await watcher.until(lambda: watcher.count("a") == 1)
    broken = watcher.broken
    watcher.line.begin_anew()
    assert watcher.broken == broken + 1
    watcher.line.offer(frames[5])
    watcher.line.offer(frames[12])
    await watcher.until(lambda: watcher.count("a") == 2)
    assert seen(watcher.packets[frozenset("a")]) == [0, 12]


async def test_what_is_made_keeps_the_time_of_its_source_across_a_fault(watcher: Watcher) -> None:
    frame = film(1)[0]
    watcher.line.show({"a": FILL})
    for count, at in enumerate((0, 36_000), 1):  # a source whose clock runs 0.4 s ahead
        watcher.line.offer(EncodedFrame(frame.payload, at, True))
        await watcher.until(lambda count=count: watcher.count("a") == count)  # type: ignore[misc]
    broken = watcher.broken
    watcher.line.offer(EncodedFrame(b"\x00" * 20, 37_500, True))
    await watcher.until(lambda: watcher.broken > broken)
    watcher.line.offer(EncodedFrame(frame.payload, 39_000, True))
    await watcher.until(lambda: watcher.count("a") == 3)
    assert watcher.stamps == [0, 36_000, 39_000]
    assert watcher.line.drops["picture_broken"] == 1


async def test_a_broken_picture_ends_nothing(watcher: Watcher) -> None:
    frames = film(3)
    watcher.line.show({"a": FILL})
    watcher.line.offer(frames[0])
    await watcher.until(lambda: watcher.count("a") == 1)
    broken = watcher.broken
    watcher.line.offer(EncodedFrame(b"\x00" * 20, 3000, True))
    await watcher.until(lambda: watcher.broken > broken)
    for frame in film(2):
        watcher.line.offer(frame)
    await watcher.until(lambda: watcher.count("a") >= 2)


async def test_a_closed_line_ends_its_process(watcher: Watcher) -> None:
    frames = film(1)
    watcher.line.show({"a": FILL})
    watcher.line.offer(frames[0])
    await watcher.until(lambda: watcher.count("a") == 1)
    process = watcher.line._process
    assert process is not None
    assert process.reaped is not None
    watcher.line.close()
    async with asyncio.timeout(5):
        await process.reaped
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)


async def test_the_slowest_line_of_those_who_share_an_output_sets_its_rate(watcher: Watcher) -> None:
    watcher.line.show({"a": FILL, "b": FILL})
    watcher.line.want_rate("a", 400_000)
    watcher.line.want_rate("b", 2_400_000)
    (ordered,) = watcher.line._outputs.order().outputs
    assert ordered.bits_per_s == 400_000


async def test_after_a_kill_the_picture_is_back_from_the_next_key_frame_on(watcher: Watcher) -> None:
    frames = film(16, key_at=frozenset({12}))
    watcher.line.show({"a": FILL})
    watcher.line.offer(frames[0])
    await watcher.until(lambda: watcher.count("a") == 1)
    process, asked = watcher.line._process, watcher.broken
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    await watcher.until(lambda: watcher.broken > asked)
    for frame in frames[1:13]:
        watcher.line.offer(frame)
    await watcher.until(lambda: watcher.count("a") == 2)
    assert seen(watcher.packets[frozenset("a")]) == [0, 12]
    assert watcher.line.drops["picture_lost"] == 1
    assert watcher.line._process is not process


async def test_a_process_that_is_stopped_is_replaced_and_one_that_is_lost_again_and_again_is_given_up(
    watcher: Watcher,
) -> None:
    (frame,) = film(1)
    watcher.line.show({"a": FILL})
    for death in range(len(PAUSES_S) + 1):
        await until(lambda: watcher.line._process is not None)
        process = watcher.line._process
        assert process is not None
        os.kill(process.pid, signal.SIGSTOP)
        watcher.line.offer(frame)
        await until(lambda death=death: watcher.line.drops["picture_lost"] == death + 1)  # type: ignore[misc]
    assert watcher.line.drops["picture_given_up"] == 1
    asked = watcher.broken
    watcher.line.offer(frame)
    watcher.line.show({"a": FILL, "b": SMALL})
    watcher.line.offer(frame)
    assert (watcher.line._process, watcher.broken, len(watcher.line._frames)) == (None, asked, 0)
    watcher.line.begin_anew()
    watcher.line.offer(frame)
    await watcher.until(lambda: watcher.count("a") == watcher.count("b") == 1)


async def test_a_process_that_takes_nothing_leaves_one_frame_and_a_bounded_backlog_in_the_engine(
    watcher: Watcher,
) -> None:
    watcher.line.show({"a": FILL})
    await until(lambda: watcher.line._process is not None)
    process = watcher.line._process
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)
    large = EncodedFrame(film(1)[0].payload + bytes(1 << 20), 0, True)
    for _ in range(20 * BACKLOG_FRAMES):
        watcher.line.offer(large)
        assert len(watcher.line._frames) <= BACKLOG_FRAMES
    assert process._transport is not None
    assert 0 < process._transport.get_write_buffer_size() < 2 * len(large.payload)
    assert watcher.line.drops["picture_backlog"] == 20 - 1


async def test_a_frame_that_is_too_long_for_the_wire_is_a_broken_one(watcher: Watcher) -> None:
    watcher.line.show({"a": FILL})
    watcher.line.offer(EncodedFrame(bytes(MOST_FRAME_BYTES + 1), 0, True))
    assert (watcher.line.drops["picture_broken"], len(watcher.line._frames)) == (1, 0)


async def test_a_budget_for_fewer_pictures_leaves_out_some_and_one_for_none_makes_none() -> None:
    transcoding = Transcoding(cores=0.25)
    first, second = Watcher(transcoding), Watcher(transcoding)
    first.line.show({"a": Shape(1280, 1024, "fill")})
    second.line.show({"a": Shape(1280, 1024, "fill")})
    (frame,) = film(1)
    assert second.line.drops["picture_refused"] == 1
    second.line.offer(frame)
    assert len(second.line._frames) == 0, "a picture of which nothing is made is not decoded"
    await transcoding.close()
    transcoding = Transcoding(cores=0.3)
    thinned = Watcher(transcoding)
    thinned.line.show({"a": Shape(1280, 1024, "fill")})
    for count, frame in enumerate(film(6)):
        thinned.line.offer(frame)
        await until(lambda count=count: thinned.line.counts["decoded"] == count + 1)  # type: ignore[misc]
    assert (thinned.count("a"), thinned.line.drops["picture_thinned"]) == (3, 3)
    assert seen(thinned.packets[frozenset("a")]) == [0, 2, 4]
    for watcher in (first, second, thinned):
        watcher.line.close()
    await transcoding.close()


async def until(fact: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not fact():  # noqa: ASYNC110 - of a process, which has no event to wait for
            await asyncio.sleep(0.01)
