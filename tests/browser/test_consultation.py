"""Two rooms and an interpreter in real browsers: who sees and hears whom, from before the start until after the end."""

from __future__ import annotations

import asyncio

import pytest

from media.testcard import circle_ratio, read
from media.voice import LEVEL_DBFS
from tests.support.consultation import HANOI_CARD, HANOI_HZ, KIM_HZ, SUWON_CARD, SUWON_HZ, Consultation, under_db

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

FAR = {"suwon": HANOI_CARD, "hanoi": SUWON_CARD}
ABSENT_DB = 50.0  # what is never sent lies that far under what is


async def test_nothing_crosses_before_the_consultation_is_live(consultation: Consultation) -> None:
    before, live = consultation.levels_before_live, consultation.floor
    assert before["suwon"][HANOI_HZ] < live["suwon"][HANOI_HZ] - ABSENT_DB
    assert before["hanoi"][SUWON_HZ] < live["hanoi"][SUWON_HZ] - ABSENT_DB
    assert consultation.cards_before_live == {"suwon": None, "hanoi": None}


@pytest.mark.parametrize("room", ["suwon", "hanoi"])
async def test_room_sees_the_other_undistorted_and_filling_its_screen_within_5_s(
    consultation: Consultation, room: str
) -> None:
    assert consultation.seen_after_s[room] < 5
    reading = consultation.first_cards[room]
    assert reading is not None
    assert reading.source == FAR[room]
    assert reading.stretch == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("room", ["suwon", "hanoi"])
async def test_picture_has_the_shape_of_the_screen_at_most_its_pixels_and_is_shown_full_bleed(
    consultation: Consultation, room: str
) -> None:
    probe = getattr(consultation, room).probe
    picture = await probe.picture(2.0)
    assert picture is not None
    assert_shaped(picture.shape[1], picture.shape[0])
    assert await probe.circle() == pytest.approx(1, abs=0.01)
    screen = await probe.screen()
    card = read(screen)
    assert card is not None
    assert (card.left, card.top) == pytest.approx((0, 0), abs=3)
    assert (card.width, card.height) == pytest.approx((screen.shape[1], screen.shape[0]), abs=3)
    assert circle_ratio(screen) == pytest.approx(1, abs=0.01)
    shown = await probe.presented()
    assert shown is not None
    assert (shown["left"], shown["top"]) == (0, 0)
    assert (shown["width"], shown["height"]) == (shown["window_width"], shown["window_height"])
    assert shown["fit"] == "cover"
    assert not shown["paused"]
    assert not shown["muted"]
    assert shown["volume"] == 1


def assert_shaped(width: int, height: int) -> None:
    """As a page sends it for a 5:4 screen of 640x512: while its rate climbs it may be smaller."""
    assert width <= 640
    assert height <= 512
    assert width / height == pytest.approx(5 / 4, abs=0.02)


async def test_pictures_move_without_a_freeze(consultation: Consultation) -> None:
    watched = await asyncio.gather(consultation.suwon.probe.watch(4), consultation.hanoi.probe.watch(4))
    for room in watched:
        assert room.distinct_fps > 9  # the cameras of these tests give 15
        assert room.longest_freeze_s < 0.8
        assert room.unreadable == 0
        for size in room.sizes:
            assert_shaped(*size)


async def test_rooms_hear_each_other_and_the_interpreter_hears_both(consultation: Consultation) -> None:
    floor = consultation.floor
    for listener, voice_hz in [("suwon", HANOI_HZ), ("hanoi", SUWON_HZ), ("kim", SUWON_HZ), ("kim", HANOI_HZ)]:
        assert floor[listener][voice_hz] == pytest.approx(LEVEL_DBFS, abs=3), (listener, voice_hz)
    assert under_db(floor, "hanoi", SUWON_HZ) == pytest.approx(0, abs=1.5)
    assert under_db(floor, "suwon", HANOI_HZ) == pytest.approx(0, abs=1.5)


async def test_nobody_hears_themself(consultation: Consultation) -> None:
    floor = consultation.floor
    assert floor["suwon"][SUWON_HZ] < floor["hanoi"][SUWON_HZ] - ABSENT_DB
    assert floor["hanoi"][HANOI_HZ] < floor["suwon"][HANOI_HZ] - ABSENT_DB
    await consultation.set_out(mode="liaison", on_air=True)
    on_air = await consultation.levels()
    assert on_air["kim"][KIM_HZ] < on_air["hanoi"][KIM_HZ] - ABSENT_DB
    assert on_air["suwon"][SUWON_HZ] < on_air["kim"][SUWON_HZ] - ABSENT_DB
    assert on_air["hanoi"][HANOI_HZ] < on_air["kim"][HANOI_HZ] - ABSENT_DB


async def test_interpreter_off_air_is_not_heard_in_the_rooms(consultation: Consultation) -> None:
    for room in ("suwon", "hanoi"):
        assert consultation.floor[room][KIM_HZ] < LEVEL_DBFS - ABSENT_DB


async def test_nothing_crosses_after_the_consultation_has_ended(consultation: Consultation) -> None:
    await consultation.set_out()
    await consultation.desk.do("end")
    try:
        await asyncio.gather(*(room.until("ended", within_s=3) for room in (consultation.suwon, consultation.hanoi)))
        ended = await consultation.levels()
        assert ended["suwon"][HANOI_HZ] < consultation.floor["suwon"][HANOI_HZ] - ABSENT_DB
        assert ended["hanoi"][SUWON_HZ] < consultation.floor["hanoi"][SUWON_HZ] - ABSENT_DB
        assert await consultation.suwon.probe.card() is None
        assert await consultation.hanoi.probe.card() is None
    finally:
        await consultation.begin_again()
    assert await consultation.suwon.probe.wait_for_source(HANOI_CARD, 5) < 5
    assert await consultation.hanoi.probe.wait_for_source(SUWON_CARD, 5) < 5


async def test_muted_room_is_seen_but_not_heard(consultation: Consultation) -> None:
    await consultation.set_out()
    await consultation.desk.do("set", site="suwon", muted=True)
    try:
        await asyncio.sleep(0.5)
        muted = await consultation.levels()
        assert muted["hanoi"][SUWON_HZ] < consultation.floor["hanoi"][SUWON_HZ] - ABSENT_DB
        assert muted["kim"][SUWON_HZ] < consultation.floor["kim"][SUWON_HZ] - ABSENT_DB
        assert under_db(muted, "suwon", HANOI_HZ) == pytest.approx(0, abs=1.5)
        reading = await consultation.hanoi.probe.card()
        assert reading is not None
        assert reading.source == SUWON_CARD
    finally:
        await consultation.desk.do("set", site="suwon", muted=False)
