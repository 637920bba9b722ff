"""Frames that came are matched with frames that went out."""

from __future__ import annotations

from bench.pictures import passages
from bench.receiving import Arrival
from bench.sending import SentFrame


def sent(at_s: float, tail: bytes, number: int) -> SentFrame:
    return SentFrame(at_s, at_s + 0.001, tail, number, number * 3000)


def test_forwarded_frames_are_known_by_their_last_bytes() -> None:
    out = [sent(1.0, b"first-frame!", 0), sent(2.0, b"second-frame", 1)]
    came = [
        Arrival(1.011, 7, 500, True, b"descriptor first-frame!"),
        Arrival(2.0, 8, 3500, False, b"a part"),
        Arrival(2.006, 9, 3500, True, b"second-frame"),
    ]
    way, found = passages(out, came)
    assert way == "forwarded"
    assert [round(one.delay_s, 4) for one in found] == [0.010, 0.005]
    assert [one.timestamp for one in found] == [500, 3500]


def test_a_clip_that_comes_round_again_is_matched_with_its_newest_round() -> None:
    out = [sent(1.0, b"first-frame!", 0), sent(3.0, b"first-frame!", 0)]
    _, found = passages(out, [Arrival(3.004, 7, 9, True, b"first-frame!")])
    assert [round(one.delay_s, 4) for one in found] == [0.003]


def test_frames_that_nobody_sent_are_not_called_forwarded() -> None:
    way, found = passages([sent(1.0, b"first-frame!", 0)], [Arrival(1.1, 7, 9, True, b"other content")])
    assert (way, found) == ("transcoded", [])
