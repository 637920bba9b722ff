"""Who gets how many pictures: full rate while there is room, then fewer for who came last, then none for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.transcode_budget import (
    EVERY,
    LEAST_CORES,
    PICTURES_PER_S,
    RAISE_S,
    REFUSED,
    Budget,
    Price,
    Spent,
    Wish,
    cores_for_pictures,
    cost,
    share,
)


def wishes(count: int, decode: float = 0.06, encode: float = 0.30) -> list[Wish]:
    """So many outputs, each of a source of its own."""
    return [Wish(f"output {at}", f"source {at}", decode, encode) for at in range(count)]


def given_to(wished: list[Wish], cores: float) -> list[int]:
    return list(share(wished, cores).values())


def test_a_machine_keeps_its_sound_out_of_the_budget() -> None:
    assert cores_for_pictures(2) == 1.25
    assert cores_for_pictures(8) == 7.25
    assert cores_for_pictures(1) == LEAST_CORES


def test_with_room_everybody_gets_every_picture() -> None:
    assert given_to(wishes(3), 1.25) == [1, 1, 1]


def test_who_comes_last_gets_fewer_pictures_and_those_before_keep_theirs() -> None:
    assert given_to(wishes(2), 0.60) == [1, 2]
    assert given_to(wishes(3), 0.80) == [1, 2, 2]
    assert given_to(wishes(4), 0.80) == [2, 2, 2, 3]


def test_a_picture_is_refused_only_when_all_have_the_fewest() -> None:
    assert given_to(wishes(5), 0.80) == [3, 3, 3, 3, 3]
    assert given_to(wishes(6), 0.80) == [3, 3, 3, 3, 3, REFUSED]
    assert given_to(wishes(1), 0.01) == [REFUSED]


def test_what_a_refusal_leaves_over_goes_to_the_first() -> None:
    assert given_to([*wishes(2), Wish("large", "elsewhere", 0.5, 6.0)], 1.0) == [1, 1, REFUSED]


def test_a_source_is_decoded_once_for_all_its_outputs() -> None:
    both = [Wish("large", "source", 0.1, 0.3), Wish("small", "source", 0.1, 0.1)]
    assert cost(both, {"large": 1, "small": 1}) == pytest.approx(0.5)
    assert cost(both, {"large": 1, "small": REFUSED}) == pytest.approx(0.4)
    assert cost(both, {"large": REFUSED, "small": REFUSED}) == 0


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 2), st.floats(0, 2)), max_size=8), st.floats(0, 4))
def test_whatever_is_wished_the_budget_holds(wanted: list[tuple[int, float, float]], cores: float) -> None:
    wished = [Wish(at, source, decode, encode) for at, (source, decode, encode) in enumerate(wanted)]
    every = share(wished, cores)
    assert cost(wished, every) <= cores
    assert set(every) == set(range(len(wanted)))
    assert all(one in (*EVERY, REFUSED) for one in every.values())


def test_a_rate_is_lowered_at_once_and_raised_after_a_while_where_there_is_room_to_spare() -> None:
    budget, two = Budget(0.60), wishes(2)
    assert budget.review(two[:1], now=0.0) == {"output 0": 1}
    assert budget.review(two, now=1.0) == {"output 0": 1, "output 1": 2}
    cheaper = [two[0], Wish("output 1", "source 1", 0.06, 0.17)]
    assert budget.review(cheaper, now=2.0)["output 1"] == 2, "it would only just fit"
    cheap = [two[0], Wish("output 1", "source 1", 0.03, 0.10)]
    assert budget.review(cheap, now=3.0)["output 1"] == 2, "not yet"
    assert budget.review(cheap, now=1.0 + RAISE_S)["output 1"] == 1
    dear = [two[0], Wish("output 1", "source 1", 0.2, 3.0)]
    assert budget.review(dear, now=6.5) == {"output 0": 1, "output 1": REFUSED}
    assert budget.review(two[:1], now=7.0) == {"output 0": 1}


def test_under_pressure_every_second_picture_is_the_best_and_none_is_refused_for_it() -> None:
    budget, two = Budget(4.0), wishes(2)
    assert set(budget.review(two, now=0.0).values()) == {1}
    budget.best = EVERY[1]
    assert set(budget.review(two, now=1.0).values()) == {2}, "at once, though there is room"
    assert share(wishes(1), 0.17, EVERY[1]) == {"output 0": 3}, "the budget counts all the same"
    budget.best = EVERY[0]
    assert set(budget.review(two, now=2.0).values()) == {2}
    assert set(budget.review(two, now=1.0 + RAISE_S).values()) == {1}


def test_a_price_follows_what_the_kernel_counted_and_the_process_only_divides_it() -> None:
    price, pixels = Price(), 30 * 1280 * 1024
    for _ in range(20):
        price.learn(1.0, 0.8, Spent(decode_s=0.1, encode_s=0.3, offered=30, decoded=30, pixels=pixels))
    wish = price.wish("output", "source", 1280 * 1024)
    assert wish.decode_cores == pytest.approx(0.2, rel=0.01)
    assert wish.encode_cores == pytest.approx(0.6, rel=0.01)


def test_a_span_without_a_picture_says_nothing_and_one_without_an_output_nothing_of_encoding() -> None:
    price = Price()
    price.learn(1.0, 0.5, Spent())
    price.learn(0.0, 0.5, Spent(decoded=1))
    assert price == Price()
    price.learn(1.0, 0.06, Spent(decode_s=0.05, offered=30, decoded=30))
    assert price.encode_pixel_s == Price().encode_pixel_s
    assert price.pictures_per_s == PICTURES_PER_S
