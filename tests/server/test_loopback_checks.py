"""What passes, what fails, and what is said about it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from server.loopback_checks import Limits, Seen, judge

GOOD = Seen(
    wanted_width=1280,
    wanted_height=1024,
    connect_s=0.4,
    width=1280,
    height=1024,
    frames_per_s=29.8,
    sound_db=-0.3,
    sound_delay_ms=160.0,
    picture_delay_ms=90.0,
    loss_percent=0.0,
    freeze_s=0.05,
    black_percent=0.0,
)


def failed(seen: Seen) -> set[str]:
    return {check.name for check in judge(seen) if not check.passed}


def test_good_line_passes_every_check() -> None:
    assert failed(GOOD) == set()
    assert len(judge(GOOD)) == 9


@pytest.mark.parametrize(
    ("sent", "got", "passed"),
    [
        ((1280, 720), (1280, 720), True),
        ((1280, 720), (1280, 1024), True),
        ((1280, 720), (640, 360), False),
        ((1920, 1080), (1920, 1080), False),
        ((1920, 1080), (1280, 1024), True),
    ],
)
def test_a_picture_comes_back_as_it_was_sent_or_in_the_screens_pixels_and_never_larger(
    sent: tuple[int, int], got: tuple[int, int], passed: bool
) -> None:
    seen = replace(GOOD, sent_width=sent[0], sent_height=sent[1], width=got[0], height=got[1])
    assert failed(seen) == (set() if passed else {"picture size"})


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("connection", {"connect_s": 5.1}),
        ("picture size", {"width": 1278}),
        ("picture size", {"height": 1026}),
        ("frame rate", {"frames_per_s": 23.9}),
        ("picture moving", {"freeze_s": 0.51}),
        ("picture not black", {"black_percent": 0.5}),
        ("sound level", {"sound_db": 3.1}),
        ("sound level", {"sound_db": -3.1}),
        ("sound level", {"sound_db": None}),
        ("sound delay", {"sound_delay_ms": 301.0}),
        ("sound delay", {"sound_delay_ms": None}),
        ("picture delay", {"picture_delay_ms": 301.0}),
        ("loss", {"loss_percent": 1.1}),
        ("loss", {"loss_percent": None}),
    ],
)
def test_each_fault_fails_its_own_check_alone(name: str, fault: dict[str, float | None]) -> None:
    assert failed(replace(GOOD, **fault)) == {name}  # type: ignore[arg-type]


def test_each_limit_itself_still_passes() -> None:
    limits = Limits()
    edge = replace(
        GOOD,
        connect_s=limits.connect_s,
        frames_per_s=limits.frames_per_s,
        sound_db=limits.sound_db,
        sound_delay_ms=limits.delay_ms,
        picture_delay_ms=limits.delay_ms,
        loss_percent=limits.loss_percent,
        freeze_s=limits.freeze_s,
        black_percent=limits.black_percent,
    )
    assert failed(edge) == set()


def test_nothing_measured_fails_everything() -> None:
    assert len(failed(Seen(1280, 1024))) == 9


def test_seat_without_pictures_is_not_judged_by_them() -> None:
    heard = Seen(0, 0, connect_s=0.2, sound_db=0.1, sound_delay_ms=100.0, loss_percent=0.0)
    assert [check.name for check in judge(heard)] == ["connection", "sound level", "sound delay", "loss"]
    assert failed(heard) == set()


def test_page_and_command_hold_a_line_to_the_same_limits() -> None:
    text = (Path(__file__).parents[2] / "web" / "checks.js").read_text(encoding="utf-8")
    table = text[text.index("LIMITS = ") : text.index("});")]
    of_page = {name: float(value) for name, value in re.findall(r"(\w+): (-?[\d.]+)", table)}
    limits = Limits()
    assert of_page["connectS"] == limits.connect_s
    assert of_page["rate"] == limits.frames_per_s
    assert of_page["gapS"] == limits.freeze_s
    assert of_page["soundDb"] == limits.sound_db
    assert of_page["delayMs"] == limits.delay_ms
    assert of_page["lossPercent"] == limits.loss_percent


def test_every_check_says_value_limit_and_what_to_do() -> None:
    for check in judge(Seen(1280, 1024)):
        assert check.value
        assert check.limit
        assert check.advice.endswith(".")
