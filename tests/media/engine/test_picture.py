"""The picture line: one encode per distinct output, newest picture first, and what it does when something is broken."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np
from av.video.frame import VideoFrame

from media.assembly import EncodedFrame
from media.engine.decoding import Decoder
from media.engine.picture import BACKLOG_FRAMES, MadeFrame, PictureLine, Shape
from media.engine.vp8 import TIME_BASE, Encoder
from media.testcard import draw, read

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

    def __init__(self) -> None:
        self.packets: dict[frozenset[str], list[bytes]] = {}
        self.stamps: list[int] = []
        self.broken = 0
        self._changed = threading.Condition()
        self.line = PictureLine(self._deliver, self._broke)

    def _deliver(self, viewers: frozenset[str], frame: MadeFrame) -> None:
        with self._changed:
            assert frame.key == (not frame.payload[0] & 1)
            self.packets.setdefault(viewers, []).append(frame.payload)
            self.stamps.append(frame.timestamp)
            self._changed.notify_all()

    def _broke(self) -> None:
        with self._changed:
            self.broken += 1
            self._changed.notify_all()

    def until(self, fact: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(fact, timeout=10)

    def count(self, *viewers: str) -> int:
        return len(self.packets.get(frozenset(viewers), []))


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


def test_viewers_of_one_shape_share_one_encode_and_another_shape_gets_its_own() -> None:
    watcher = Watcher()
    watcher.line.show({"a": FILL, "b": FILL, "c": SMALL})
    for count, frame in enumerate(film(5), 1):
        watcher.line.offer(frame)
        watcher.until(lambda count=count: watcher.count("a", "b") == watcher.count("c") == count)  # type: ignore[misc]
    assert set(watcher.packets) == {frozenset("ab"), frozenset("c")}
    assert seen(watcher.packets[frozenset("ab")]) == [0, 1, 2, 3, 4]
    watcher.line.close()


def test_without_a_viewer_nothing_is_decoded_and_a_first_viewer_has_a_key_frame_asked_for() -> None:
    watcher = Watcher()
    frames = film(16, key_at=frozenset({12}))
    for frame in frames[:3]:
        watcher.line.offer(frame)
    assert watcher.broken == 0
    watcher.line.show({"a": FILL})
    assert watcher.broken == 1
    for frame in frames[3:]:
        watcher.line.offer(frame)
    assert frames[12].key
    watcher.until(lambda: watcher.count("a") > 0)
    assert seen(watcher.packets[frozenset("a")])[0] >= 12
    watcher.line.close()


def test_a_newcomer_begins_with_a_key_frame() -> None:
    watcher, frames = Watcher(), film(40)
    watcher.line.show({"a": FILL})
    for count, frame in enumerate(frames[:3], 1):
        watcher.line.offer(frame)
        watcher.until(lambda count=count: watcher.count("a") == count)  # type: ignore[misc]
    time.sleep(0.35)  # key frames are at least 300 ms apart
    watcher.line.show({"a": FILL, "b": FILL})
    watcher.line.offer(frames[3])
    watcher.until(lambda: watcher.count("a", "b") == 1)
    assert not watcher.packets[frozenset("ab")][0][0] & 1, "a key frame"
    watcher.line.close()


def test_when_it_is_behind_the_newest_picture_wins() -> None:
    watcher, frames = Watcher(), film(20)
    watcher.line.show({"a": FILL})
    with watcher.line._changed:  # the thread waits while all of them arrive
        for frame in frames:
            watcher.line.offer(frame)
    watcher.until(lambda: watcher.count("a") > 0 and watcher.line.drops["picture_skipped"] == 19)
    assert seen(watcher.packets[frozenset("a")]) == [19]
    watcher.line.close()


def test_a_full_backlog_starts_over_at_a_key_frame_and_asks_for_one() -> None:
    watcher, frames = Watcher(), film(BACKLOG_FRAMES + 3, key_at=frozenset({BACKLOG_FRAMES + 2}))
    watcher.line.show({"a": FILL})
    broken = watcher.broken
    with watcher.line._changed:  # the thread waits while all of them arrive
        for frame in frames:
            watcher.line.offer(frame)
        assert len(watcher.line._frames) == 1
    assert watcher.line.drops["picture_backlog"] == 1
    assert watcher.broken > broken
    watcher.until(lambda: watcher.count("a") == 1)
    assert seen(watcher.packets[frozenset("a")]) == [BACKLOG_FRAMES + 2]
    watcher.line.close()


def test_nothing_is_shown_that_hangs_on_pictures_which_were_not_decoded() -> None:
    watcher, frames = Watcher(), film(16, key_at=frozenset({12}))
    watcher.line.show({"a": FILL})
    watcher.line.offer(frames[0])
    watcher.until(lambda: watcher.count("a") == 1)
    watcher.line.show({})
    for frame in frames[1:6]:
        watcher.line.offer(frame)
    watcher.line.show({"a": FILL})
    broken = watcher.broken
    watcher.line.offer(frames[6])
    assert watcher.broken == broken + 1, "asked for a key frame"
    watcher.line.offer(frames[12])
    watcher.until(lambda: watcher.count("a") == 2)
    assert not watcher.packets[frozenset("a")][1][0] & 1, "a key frame, whose number can be read"
    assert seen(watcher.packets[frozenset("a")]) == [0, 12]
    watcher.line.close()


def test_a_source_that_changes_hands_begins_anew_at_a_key_frame() -> None:
    watcher, frames = Watcher(), film(16, key_at=frozenset({12}))
    watcher.line.show({"a": FILL})
    watcher.line.offer(frames[0])
    watcher.until(lambda: watcher.count("a") == 1)
    broken = watcher.broken
    watcher.line.begin_anew()
    assert watcher.broken == broken + 1
    watcher.line.offer(frames[5])
    watcher.line.offer(frames[12])
    watcher.until(lambda: watcher.count("a") == 2)
    assert seen(watcher.packets[frozenset("a")]) == [0, 12]
    watcher.line.close()


def test_what_is_made_keeps_the_time_of_its_source_across_a_fault() -> None:
    watcher, frame = Watcher(), film(1)[0]
    watcher.line.show({"a": FILL})
    for count, at in enumerate((0, 36_000), 1):  # a source whose clock runs 0.4 s ahead
        watcher.line.offer(EncodedFrame(frame.payload, at, True))
        watcher.until(lambda count=count: watcher.count("a") == count)  # type: ignore[misc]
    broken = watcher.broken
    watcher.line.offer(EncodedFrame(b"\x00" * 20, 37_500, True))
    watcher.until(lambda: watcher.broken > broken)
    watcher.line.offer(EncodedFrame(frame.payload, 39_000, True))
    watcher.until(lambda: watcher.count("a") == 3)
    assert watcher.stamps == [0, 36_000, 39_000]
    assert watcher.line.drops["picture_broken"] == 1
    watcher.line.close()


def test_a_broken_picture_ends_nothing() -> None:
    watcher, frames = Watcher(), film(3)
    watcher.line.show({"a": FILL})
    watcher.line.offer(frames[0])
    watcher.until(lambda: watcher.count("a") == 1)
    broken = watcher.broken
    watcher.line.offer(EncodedFrame(b"\x00" * 20, 3000, True))
    watcher.until(lambda: watcher.broken > broken)
    for frame in film(2):
        watcher.line.offer(frame)
    watcher.until(lambda: watcher.count("a") >= 2)
    watcher.line.close()


def test_a_closed_line_ends_its_thread() -> None:
    watcher, frames = Watcher(), film(1)
    watcher.line.show({"a": FILL})
    watcher.line.offer(frames[0])
    watcher.until(lambda: watcher.count("a") == 1)
    thread = watcher.line._thread
    assert thread is not None
    watcher.line.close()
    thread.join(5)
    assert not thread.is_alive()


def test_the_slowest_line_of_those_who_share_an_output_sets_its_rate() -> None:
    watcher = Watcher()
    watcher.line.show({"a": FILL, "b": FILL})
    (output,) = watcher.line._outputs.values()
    watcher.line.want_rate("a", 400_000)
    least = output.encoder._wanted
    watcher.line.want_rate("b", 2_400_000)
    assert output.encoder._wanted == least
    watcher.line.close()
