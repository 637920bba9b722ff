"""What is made of one source: one output for each shape, known by a number that is never another's too early."""

from __future__ import annotations

from itertools import pairwise

from media.engine.output import Outputs, Shape
from media.transcode_budget import REFUSED
from media.transcode_wire import MOST_OUTPUTS

LARGE, SMALL = Shape(1280, 1024, "fill"), Shape(640, 512, "fit")


def given(viewers: dict[str, Shape]) -> Outputs:
    outputs = Outputs()
    outputs.show(viewers, 1.0)
    outputs.give(dict.fromkeys(viewers.values(), 1))
    return outputs


def is_told(outputs: Outputs) -> bool:
    return outputs.told


def test_viewers_of_one_shape_are_one_output() -> None:
    outputs = given({"a": LARGE, "b": SMALL, "c": LARGE})
    assert {(one.shape, one.viewers) for one in outputs} == {(LARGE, frozenset("ac")), (SMALL, frozenset("b"))}


def test_a_newcomer_gets_a_key_frame_once_and_who_stays_keeps_the_output() -> None:
    outputs = given({"a": LARGE})
    assert [one.key for one in outputs.order().outputs] == [True]
    assert is_told(outputs)
    outputs.show({"a": LARGE}, 2.0)
    assert [(one.key, one.number) for one in outputs.order().outputs] == [(False, 1)]
    outputs.show({"a": LARGE, "b": LARGE}, 3.0)
    assert not is_told(outputs)
    assert [(one.key, one.number) for one in outputs.order().outputs] == [(True, 1)]
    outputs.want_key_frame("nobody")
    assert is_told(outputs)
    outputs.want_key_frame("b")
    assert [one.key for one in outputs.order().outputs] == [True]
    assert [one.arrived_s for one in outputs] == [1.0]


def test_who_comes_back_is_another_output_than_before() -> None:
    outputs, numbers = given({"a": LARGE}), []
    for _ in range(600):
        (one,) = outputs
        numbers.append(one.number)
        outputs.show({}, 2.0)
        outputs.show({"a": LARGE}, 2.0)
    assert all(one != later for one, later in pairwise(numbers))
    assert set(numbers) == set(range(256))


def test_the_slowest_viewer_sets_the_rate_until_it_leaves() -> None:
    outputs = given({"a": LARGE, "b": LARGE})
    for viewer, rate in (("a", 900_000), ("b", 400_000), ("nobody", 1)):
        outputs.want_rate(viewer, rate)
    assert [one.bits_per_s for one in outputs.order().outputs] == [400_000]
    outputs.show({"a": LARGE}, 2.0)
    assert [one.bits_per_s for one in outputs.order().outputs] == [900_000]


def test_what_is_refused_is_not_ordered_and_told_once() -> None:
    outputs = given({"a": LARGE, "b": SMALL})
    assert outputs.give({LARGE: 2, SMALL: REFUSED}) == 1
    assert outputs.give({LARGE: 2, SMALL: REFUSED}) == 0
    assert [(one.width, one.every) for one in outputs.order().outputs] == [(1280, 2)]
    outputs.give({LARGE: REFUSED, SMALL: REFUSED})
    assert not outputs.are_made


def test_more_shapes_than_an_order_holds_find_no_place() -> None:
    outputs = Outputs()
    shapes = {str(at): Shape(2 * at + 2, 2, "fit") for at in range(MOST_OUTPUTS + 3)}
    assert outputs.show(shapes, 1.0) == 3
    assert len(outputs) == MOST_OUTPUTS
