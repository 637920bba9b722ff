"""People come late, leave, come back, take over, and fall silent; the others hardly notice."""

from __future__ import annotations

import asyncio
import time

import pytest

from media.engine.simulated import LOOPBACK, SimulatedPeer
from media.engine.simulated_camera import LoopedCamera, card_clip
from server.robot import Robot
from tests.scenarios.booths import SCREEN_PX
from tests.scenarios.patience import watching_stalls
from tests.scenarios.table import RAMP_S, Guest, Table, expect, listen, live, voice_loop

OTHER_CARD = 55
FREEZE_S = 0.5


def other_peer(guest: Guest) -> SimulatedPeer:
    """The same voice with another card, to be told from the connection before."""
    camera = LoopedCamera(card_clip(*SCREEN_PX, OTHER_CARD))
    return SimulatedPeer(camera=camera, microphone=voice_loop(guest.voice_hz), addresses=LOOPBACK)


def answers(robot: Robot) -> int:
    return sum(message["type"] == "answer" for _, message in robot.messages)


async def test_late_interpreter_is_heard_without_new_sdp(table: Table) -> None:
    suwon, hanoi = await table.both_rooms()
    await hanoi.sees(suwon.card)
    interpreter = await table.interpreter()
    await interpreter.robot.until(lambda booth: booth["interpreters"][table.person]["media"] == "connected")
    await interpreter.robot.command("on_air", on=True)
    await listen((suwon, hanoi), RAMP_S)
    await expect((suwon, hanoi, interpreter), {("suwon", "interpreter"): 0, ("hanoi", "interpreter"): 0})
    assert answers(suwon.robot) == answers(hanoi.robot) == 1


async def test_room_that_left_is_gone_and_its_return_is_seen_within_5_s(table: Table) -> None:
    suwon, hanoi = await table.both_rooms()
    await hanoi.sees(suwon.card)
    await suwon.robot.close()
    await hanoi.robot.until(lambda booth: not booth["sites"]["suwon"]["present"], timeout_s=6.0)
    await listen([hanoi], RAMP_S)
    hanoi.picture.begin()
    await expect((hanoi, suwon), {("hanoi", "suwon"): None})
    assert not [seen for seen in hanoi.picture.sightings if seen.source is not None]

    began_s = time.monotonic()
    again = await table.room("suwon")
    await again.sees(hanoi.card)
    await hanoi.sees(again.card)
    assert time.monotonic() - began_s < 5.0


async def test_reconnect_keeps_the_old_connection_until_the_new_one_carries(table: Table) -> None:
    suwon, hanoi = await table.both_rooms()
    await hanoi.sees(suwon.card)
    before = suwon.robot.welcome
    await suwon.robot.drop_line()
    welcome = await suwon.robot.reconnect()
    assert welcome["type"] == "welcome"
    assert welcome["seat"] == before["seat"]
    assert welcome["generation"] == before["generation"] + 1
    assert welcome["resume"] != before["resume"]

    old, suwon.robot.media = suwon.peer, None
    fresh = other_peer(suwon)
    fresh.hold()
    hanoi.picture.begin()
    async with watching_stalls() as stalls:
        await suwon.robot.connect(fresh)
        await listen([hanoi], 1.0)
        assert {seen.source for seen in hanoi.picture.sightings} == {suwon.card}, "the old picture went too early"
        fresh.go()
        await hanoi.sees(OTHER_CARD)
    assert hanoi.picture.longest_freeze_s() < stalls.allow_s(FREEZE_S)
    await expect((suwon, hanoi), {("hanoi", "suwon"): 0})
    assert old.sound is not None
    assert fresh.sound is not None
    assert fresh.sound.position > 0
    with pytest.raises(TimeoutError):  # the server has dropped it
        await old.sound.heard(0.5, 1.0)
    await old.close()


async def test_reconnect_of_a_room_leaves_mode_and_settings_as_they_were(table: Table) -> None:
    suwon, hanoi, interpreter = await table.everybody()
    operator = await table.operator("suwon")
    await live(suwon)
    await interpreter.robot.command("mode", mode="simultaneous")
    await operator.command("set", site="suwon", volume_db=-6.0, framing="fit")
    await interpreter.robot.command("on_air", on=True)
    began_s = time.monotonic()
    await suwon.robot.drop_line()
    await suwon.robot.reconnect()
    await suwon.renew_media()
    await suwon.sees(hanoi.card)
    assert time.monotonic() - began_s < 5.0
    booth = await suwon.robot.until(lambda booth: booth["sites"]["suwon"]["media"] == "connected")
    assert booth["phase"] == "live"
    assert booth["mode"] == "simultaneous"
    assert booth["sites"]["suwon"]["volume_db"] == -6.0
    assert booth["sites"]["suwon"]["framing"] == "fit"
    assert booth["interpreters"][table.person]["on_air"]


async def test_second_page_asks_then_takes_the_seat_over_and_the_first_is_told(table: Table) -> None:
    suwon, hanoi = await table.both_rooms()
    await hanoi.sees(suwon.card)
    second = table.robot("room", "suwon")
    await second.open()
    assert (await second.hello())["type"] == "seat_taken"
    assert suwon.robot.close_code is None
    after = second.received
    await second.send({"type": "take_over"})
    welcome = await second.message("welcome", after=after)
    assert welcome["generation"] == suwon.robot.welcome["generation"] + 1
    assert await suwon.robot.closed(2.0) == 4001
    assert any(message["type"] == "replaced" for _, message in suwon.robot.messages)
    await second.connect(other_peer(suwon))
    await hanoi.sees(OTHER_CARD)


async def test_waiting_page_gets_the_seat_when_the_holder_goes(table: Table) -> None:
    suwon = await table.room("suwon")
    second = table.robot("room", "suwon")
    await second.open()
    assert (await second.hello())["type"] == "seat_taken"
    after = second.received
    await suwon.robot.close()
    assert (await second.message("welcome", after=after, timeout_s=8.0))["seat"] == suwon.robot.welcome["seat"]


async def test_interpreter_who_falls_silent_is_lost_after_2_s_and_the_floor_comes_back(table: Table) -> None:
    suwon, hanoi, interpreter = await table.everybody()
    await live(suwon)
    await suwon.robot.until(lambda booth: booth["interpreters"][table.person]["media"] == "connected")
    await interpreter.robot.command("on_air", on=True)
    await listen([hanoi], RAMP_S)
    interpreter.peer.hold()
    began_s = time.monotonic()
    booth = await suwon.robot.until(lambda booth: booth["interpreters"][table.person]["media"] == "lost", timeout_s=6.0)
    assert 1.5 < time.monotonic() - began_s < 3.5
    assert not booth["interpreters"][table.person]["on_air"]
    assert {site["lamp"] for site in booth["sites"].values()} == {"gone"}
    await listen([hanoi], 2.0)  # the release of 1.5 s
    await expect((suwon, hanoi), {("hanoi", "suwon"): 0, ("suwon", "hanoi"): 0})

    await interpreter.robot.reconnect(fresh=False)
    await interpreter.renew_media()
    booth = await suwon.robot.until(lambda booth: booth["interpreters"][table.person]["media"] == "connected")
    assert not booth["interpreters"][table.person]["on_air"], "whoever comes back presses the key again"


async def test_room_that_falls_silent_is_lost_and_comes_back_by_reconnect(table: Table) -> None:
    suwon, hanoi = await table.both_rooms()
    await hanoi.sees(suwon.card)
    suwon.peer.hold()
    await hanoi.robot.until(lambda booth: booth["sites"]["suwon"]["media"] == "lost", timeout_s=6.0)
    await asyncio.gather(suwon.robot.reconnect(fresh=False))
    await suwon.renew_media()
    await hanoi.sees(suwon.card)
    await hanoi.robot.until(lambda booth: booth["sites"]["suwon"]["media"] == "connected")
