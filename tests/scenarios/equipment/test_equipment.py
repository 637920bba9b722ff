"""Encoders and displays at the table: who is seen and heard through them, and what happens when they come and go."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.scenarios.booths import SCREEN_PX
from tests.scenarios.plugged import FEED_CARDS, display, encoder
from tests.scenarios.table import RAMP_S, Guest, Table, expect, listen

FREE_AGAIN_S = 5.0  # the engine calls a line silent after 3 s


async def test_two_encoders_and_two_displays_go_live_with_nobody_there(led_table: Table) -> None:
    desk = await led_table.operator()
    suwon = await encoder(led_table, "suwon", desk)
    near, far = [await display(led_table, site, desk) for site in ("suwon", "hanoi")]
    await desk.until(lambda booth: booth["phase"] == "waiting")
    await expect((far, suwon), {("hanoi display", "suwon feed"): None}, tries=1)
    assert not [seen for seen in far.picture.sightings if seen.source is not None], "nothing crosses before live"

    hanoi = await encoder(led_table, "hanoi", desk)
    await desk.until(lambda booth: booth["phase"] == "live")
    for screen, source in ((near, hanoi), (far, suwon)):
        sighting = await screen.sees(source.card)
        assert (sighting.width, sighting.height) == SCREEN_PX, "the screen's pixels, whatever the camera's are"
        assert sighting.stretch == pytest.approx(1.0, abs=0.02)
    await listen((near, far), RAMP_S)
    await expect(
        (near, far, suwon, hanoi),
        {
            ("suwon display", "hanoi feed"): 0,
            ("hanoi display", "suwon feed"): 0,
            ("suwon display", "suwon feed"): None,
            ("hanoi display", "hanoi feed"): None,
        },
    )
    assert await far.delete() == 200
    assert await suwon.delete() == 200
    assert await suwon.request("DELETE") == 404
    await desk.until(lambda booth: not booth["sites"]["suwon"]["present"])


async def test_an_encoder_speaks_for_a_room_and_the_room_again_when_it_dies(table: Table) -> None:
    suwon, hanoi, interpreter = await table.everybody()
    await hanoi.sees(suwon.card)
    feed = await encoder(table, "suwon", suwon.robot)
    await suwon.robot.until(lambda booth: booth["sites"]["suwon"]["equipment"] == ["audio", "video"])
    await hanoi.sees(feed.card)
    await suwon.sees(hanoi.card)
    await interpreter.robot.command("on_air", on=True)
    await listen((suwon, hanoi), RAMP_S)
    people: tuple[Guest, ...] = (suwon, hanoi, interpreter, feed)
    await expect(
        people,
        {
            ("hanoi", "suwon feed"): -9,
            ("hanoi", "suwon"): None,
            ("interpreter", "suwon feed"): 0,
            ("interpreter", "suwon"): None,
            ("suwon", "hanoi"): -9,
            ("suwon", "suwon feed"): None,
            ("suwon", "interpreter"): 0,
        },
    )
    await interpreter.robot.command("on_air", on=False)

    feed.peer.hold()
    began_s = time.monotonic()
    await suwon.robot.until(lambda booth: booth["sites"]["suwon"]["equipment"] == [])
    hanoi.picture.begin()
    await hanoi.sees(suwon.card)
    assert time.monotonic() - began_s < FREE_AGAIN_S
    assert await feed.request("DELETE") == 404
    await expect(people, {("hanoi", "suwon"): 0, ("hanoi", "suwon feed"): None})
    assert suwon.robot.booth["phase"] == "live"
    await feed.peer.close()


async def test_a_second_encoder_takes_over_and_the_first_is_hung_up(table: Table) -> None:
    hanoi = await table.room("hanoi")
    first = await encoder(table, "suwon", hanoi.robot)
    await hanoi.sees(first.card)
    second = await encoder(table, "suwon", hanoi.robot, card=88)
    await hanoi.sees(second.card)
    assert await first.request("DELETE") == 404
    async with asyncio.timeout(5):
        while first.peer.state not in ("closed", "failed"):  # noqa: ASYNC110 - the library's own word, without an event
            await asyncio.sleep(0.02)
    assert await second.delete() == 200


async def test_an_encoder_with_h264_is_seen_by_a_room_that_takes_vp8(table: Table) -> None:
    hanoi = await table.room("hanoi")
    feed = await encoder(table, "suwon", hanoi.robot, codec="h264")
    sighting = await hanoi.sees(FEED_CARDS["suwon"])
    assert (sighting.width, sighting.height) == SCREEN_PX
    assert sighting.stretch == pytest.approx(1.0, abs=0.02)
    assert await feed.delete() == 200
