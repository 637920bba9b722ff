"""What must hold between the parts of an event file is checked on whatever is readable of it."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.event_check import faults_of_sense

RAW = tomllib.loads(Path("events/suwon-hanoi.toml").read_text())


def told(raw: dict[str, Any]) -> list[tuple[str, str]]:
    return [(fault.key, fault.sentence) for fault in faults_of_sense("event.toml", {}, raw)]


def test_the_example_event_makes_sense() -> None:
    assert told(RAW) == []


@pytest.mark.parametrize(
    ("change", "key", "sentence"),
    [
        (lambda e: e.update(time_zone="Seoul"), "time_zone", 'Did you mean "Asia/Seoul"?'),
        (lambda e: e.update(time_zone="../etc/passwd"), "time_zone", "There is no time zone"),
        (lambda e: e["sites"][1].update(time_zone="Asia/Ha Noi"), "sites[2].time_zone", '"Asia/Ho_Chi_Minh"'),
        (lambda e: e.update(closes="09:00"), "closes", "not after it opens at 09:00"),
        (lambda e: e["sites"][1].update(id="suwon"), "sites[2].id", 'Another site already has the id "suwon"'),
        (lambda e: e.update(languages=["ko", "vi", "en", "ko"]), "languages[4]", "stands here twice"),
        (lambda e: e["title"].pop("vi"), "title.vi", 'The text in "vi" is missing'),
        (lambda e: e["booths"][2]["product"].update(fr="cale"), "booths[3].product.fr", "not one of the event's"),
        (lambda e: e["booths"][0]["people"].pop("hanoi"), "booths[1].people.hanoi", "Nobody is named"),
        (lambda e: e["sites"][0].update(language="ja"), "sites[1].language", "not one of the event's languages"),
        (lambda e: e["sites"][1].update(second_language="ja"), "sites[2].second_language", "not one of the event's"),
        (lambda e: e["sites"][1].update(second_language="vi"), "sites[2].second_language", "first language already"),
        (lambda e: e["booths"][0].update(interpreters=["kim", "kim"]), "booths[1].interpreters[2]", "twice"),
        (lambda e: e["booths"][0].update(interpreters=["par"]), "booths[1].interpreters[1]", 'Did you mean "park"?'),
        (
            lambda e: e["interpreters"][0].update(languages=["ko", "en"]),
            "booths[1].interpreters[1]",
            '"kim" does not work in "vi", the language of hanoi.',
        ),
        (
            lambda e: e["interpreters"][0].update(languages=["ko", "vi", "xx"]),
            "interpreters[1].languages[3]",
            "not one",
        ),
        (lambda e: e["sites"][0]["screen"].update(width_mm=1020), "sites[1].screen", "stretch people by 2%"),
        (lambda e: e["sites"][0]["screen"].update(width_px=1920, height_px=1080), "sites[1].screen", "1536 down"),
        (
            lambda e: (
                e["limits"].update(participants_per_booth=3),
                e["booths"][4].update(interpreters=["choi", "kim"]),
            ),
            "booths[5].interpreters",
            "This booth has 4 participants (rooms and interpreters); the limit is 3.",
        ),
    ],
)
def test_parts_that_contradict_each_other_are_told(
    change: Callable[[dict[str, Any]], object], key: str, sentence: str
) -> None:
    raw = copy.deepcopy(RAW)
    change(raw)
    faults = told(raw)
    assert [at for at, _ in faults] == [key]
    assert sentence in faults[0][1]


def test_a_screen_within_one_percent_of_its_shape_is_fine() -> None:
    raw = copy.deepcopy(RAW)
    raw["sites"][0]["screen"]["width_mm"] = 1009
    assert told(raw) == []


SCRAPS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*RAW, "id", "name", "people"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(RAW)), SCRAPS, max_size=8))
def test_nothing_that_stands_in_a_file_can_break_the_check(scraps: dict[str, Any]) -> None:
    for fault in faults_of_sense("event.toml", {}, {**copy.deepcopy(RAW), **scraps}):
        assert fault.sentence
