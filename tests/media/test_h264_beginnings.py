"""Where a viewer may begin in a stream whose packets come in any order."""

from __future__ import annotations

from media.h264 import IDR, PPS, SPS
from media.h264_beginnings import Beginnings
from media.loss import REACH

FIRST, OTHER, LATER = bytes((SPS, 1)), bytes((SPS, 2)), bytes((SPS, 3))
PICTURE_SET, PICTURE = bytes((PPS, 1)), bytes((IDR, 0x88))


def test_a_picture_whose_packets_all_came_is_sure_with_sets_or_without() -> None:
    beginnings = Beginnings()
    assert beginnings.note(10, 0, [PICTURE]) == []
    assert beginnings.sure
    assert beginnings.bare
    assert beginnings.note(11, 3000, [FIRST]) == [FIRST]
    assert beginnings.bare, "half of them"
    assert beginnings.note(12, 3000, [PICTURE_SET, PICTURE]) == [PICTURE_SET]
    assert (beginnings.sure, beginnings.bare) == (True, False)
    beginnings.note(13, 6000, [PICTURE])
    assert (beginnings.sure, beginnings.bare) == (True, True)


def test_behind_a_hole_nobody_knows_but_for_an_sps() -> None:
    beginnings = Beginnings()
    beginnings.note(10, 0, [])
    beginnings.note(12, 3000, [PICTURE])
    known = [beginnings.sure]  # what is missing may have been an SPS of this picture
    for number, time, found in ((13, 6000, []), (15, 9000, [FIRST]), (17, 9000, [PICTURE])):
        beginnings.note(number, time, found)
        known.append(beginnings.sure)
    assert known == [False, True, True, False], "nothing of a picture stands before its SPS"


def test_a_set_that_comes_late_is_no_news_and_one_that_was_only_overtaken_is() -> None:
    beginnings = Beginnings()
    beginnings.note(10, 0, [])
    assert beginnings.note(13, 3000, [LATER]) == [LATER]
    assert beginnings.note(11, 0, [OTHER]) == []
    assert beginnings.note(12, 3000, [PICTURE_SET]) == [PICTURE_SET]
    beginnings.note(16, 6000, [PICTURE_SET])
    assert not beginnings.sure
    assert beginnings.note(15, 6000, [FIRST]) == [FIRST]
    assert (beginnings.sure, beginnings.bare) == (True, False)


def test_what_passed_by_itself_leaves_no_hole_and_a_stream_that_begins_anew_has_none() -> None:
    beginnings = Beginnings()
    beginnings.note(10, 0, [FIRST, PICTURE_SET, PICTURE])
    beginnings.passed(12, 0)
    assert not beginnings.bare, "the same picture"
    beginnings.passed(20, 6000)
    assert (beginnings.sure, beginnings.bare) == (True, True)
    beginnings.note(21, 9000, [PICTURE])
    assert beginnings.sure
    beginnings.note(23 + REACH, 9000, [PICTURE])
    assert (beginnings.sure, beginnings.bare) == (True, True)
