"""The conductor over real sockets and a real store, with a scripted engine: order, loss, restart, goodbye."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from media.engine import door
from server.store import Store
from signaling.facts import Fact
from signaling.messages import parse_server, to_wire
from tests.support.hall import DESK, EVENT, HANOI, KIM, PATIENCE_S, SUWON, TECHNICIAN, Hall, Line, hall, turn

OPERATED = EVENT.model_copy(update={"start": "operator"})


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Hall]:
    async with hall(tmp_path) as opened:
        yield opened


def is_live(booth: dict[str, Any]) -> bool:
    return bool(booth["phase"] == "live")


async def live(at: Hall) -> tuple[Line, Line]:
    """Two rooms in a live consultation."""
    suwon, hanoi = await at.join(SUWON), await at.join(HANOI)
    await suwon.until(is_live)
    await hanoi.until(is_live)
    return suwon, hanoi


def kim_hears() -> dict[tuple[str, str], float | None]:
    return {(KIM, SUWON): 0, (KIM, HANOI): 0}


def gains(route: door.Route) -> dict[tuple[str, str], float | None]:
    return {(gain.listener, gain.source): gain.db for gain in route.gains}


async def test_a_consultation_goes_live_when_both_rooms_carry_and_only_then_anything_crosses(at: Hall) -> None:
    suwon = await at.join(SUWON)
    await at.join(HANOI, media=False)
    await suwon.until(lambda booth: bool(booth["sites"]["hanoi"]["present"]))
    assert (at.engine.asked(door.Route), at.engine.asked(door.Show)) == ([], [])
    hanoi = await at.line(HANOI)
    await hanoi.say("hello")
    await hanoi.next("seat_taken")
    await hanoi.say("take_over")
    await hanoi.say("offer", sdp="v=0")
    generation = (await hanoi.next("answer"))["generation"]
    assert at.engine.asked(door.Route) == []
    at.engine.tell(door.Carrying("booth-1", HANOI, generation))
    await suwon.until(is_live)
    assert gains(at.engine.asked(door.Route)[0]) == {(SUWON, HANOI): 0, (HANOI, SUWON): 0, **kim_hears()}


async def test_offers_and_candidates_reach_the_engine_and_the_answer_comes_back(at: Hall) -> None:
    line = await at.line(SUWON)
    await line.say("hello")
    await line.say("offer", sdp="mine")
    await line.say("candidate", candidate="candidate:1", mid="0", line=0)
    answer = await line.next("answer")
    assert answer == {"type": "answer", "generation": 1, "sdp": "answer to mine"}
    await at.engine.until(door.AddCandidate)
    assert at.engine.commands == [
        door.Connect("booth-1", SUWON, 1, "sendrecv", "sendrecv", "mine", loopback_candidates=True),
        door.AddCandidate("booth-1", SUWON, 1, "candidate:1", "0", 0),
    ]


async def test_a_site_that_the_event_sets_to_scaled_pictures_is_sent_exact_ones(tmp_path: Path) -> None:
    suwon, hanoi = EVENT.sites
    scaled = EVENT.model_copy(update={"sites": (suwon, hanoi.model_copy(update={"output": "scaled"}))})
    async with hall(tmp_path, event=scaled) as at:
        await live(at)
        assert {view.viewer: view.exact for view in at.engine.asked(door.Show)[-1].views} == {SUWON: False, HANOI: True}
        line = await at.line(HANOI)
        await line.say("hello", purpose="loopback", site="hanoi")
        place = (await line.next("welcome"))["seat"]
        await line.say("offer", sdp="v=0")
        await line.next("answer")
        assert door.Show(place, (door.View(place, place, 640, 512, "fill", exact=True),)) in at.engine.commands


async def test_what_the_engine_refuses_is_told_with_its_code(at: Hall) -> None:
    at.engine.outcomes[door.Connect] = lambda _: door.Refused("bad_offer", "This is no offer.")
    line = await at.join(SUWON, media=False)
    await line.say("offer", sdp="x")
    assert (await line.next("error"))["code"] == "bad_offer"
    del at.engine.outcomes[door.Connect]
    at.engine.outcomes[door.Connect] = lambda _: door.Answered("good")
    at.engine.outcomes[door.AddCandidate] = lambda _: door.Refused("bad_candidate", "This is no candidate.")
    await line.say("offer", sdp="y")
    await line.next("answer")
    await line.say("candidate", candidate="x")
    assert (await line.next("error"))["code"] == "bad_candidate"


async def test_an_engine_that_gives_no_answer_fails_the_connection_and_nothing_else(at: Hall) -> None:
    desk, line = await at.join(DESK), await at.join(SUWON, media=False)
    at.engine.gate.clear()
    await line.say("offer", sdp="x")
    await at.engine.until(door.Connect)
    await desk.say("mode", id="c1", mode="simultaneous")
    assert (await desk.next("ok"))["id"] == "c1"
    with capture_logs() as entries:
        await turn(10.1)
        assert (await line.next("error"))["code"] == "media_failed"
    assert [entry["event"] for entry in entries] == ["engine_timeout"]


async def test_an_engine_that_breaks_is_logged_and_the_booth_goes_on(at: Hall) -> None:
    def breaks(_: door.Connect) -> door.Outcome:
        raise OSError("the pipe is gone")

    at.engine.outcomes[door.Connect] = breaks
    line = await at.join(SUWON, media=False)
    with capture_logs() as entries:
        await line.say("offer", sdp="x")
        assert (await line.next("error"))["code"] == "media_failed"
    assert [entry["event"] for entry in entries] == ["engine_broke"]


async def test_routes_and_views_carry_levels_and_pixels(at: Hall) -> None:
    _, hanoi = await live(at)
    kim = await at.join(KIM)
    await kim.until(lambda booth: bool(booth["interpreters"]["kim"]["media"] == "connected"))
    await kim.say("mode", mode="simultaneous")
    await kim.say("on_air", id="c1", on=True)
    await kim.next("ok")
    last = gains(at.engine.asked(door.Route)[-1])
    assert (last[HANOI, SUWON], last[HANOI, KIM], last[SUWON, HANOI]) == (-18, 0, 0)
    assert (SUWON, KIM) not in last
    assert at.engine.asked(door.Show)[-1].views == (
        door.View(SUWON, HANOI, 640, 512, "fill", exact=False),
        door.View(HANOI, SUWON, 640, 512, "fill", exact=False),
    )
    assert (await hanoi.until(lambda booth: booth["interpreters"]["kim"]["on_air"]))["sites"]["hanoi"]["lamp"] == "open"


async def test_a_fact_is_on_disk_and_in_the_engine_before_it_is_acknowledged(tmp_path: Path) -> None:
    async with hall(tmp_path) as at:
        await live(at)
        desk = await at.join(DESK)
        await desk.say("pause", id="c1")
        await desk.next("ok")
        assert at.engine.commands[-2:] == [door.Route("booth-1", ()), door.Show("booth-1", ())]
        facts = await stored(tmp_path)
    assert [fact.body["phase"] for fact in facts if fact.kind == "phase"] == ["live", "paused"]


async def stored(folder: Path) -> tuple[Fact, ...]:
    store = Store(folder / "facts.sqlite3")
    await store.open()
    facts = await store.facts("booth-1")
    await store.close()
    return facts


class FullDisk:
    """A store whose disk is full from the first fact on."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def append(self, facts: Sequence[Fact]) -> None:
        raise OSError(28, "No space left on device")

    async def keep(self, facts: Sequence[Fact]) -> bool:
        raise OSError(28, "No space left on device")

    def facts(self, booth: str) -> Awaitable[tuple[Fact, ...]]:
        return self._store.facts(booth)


async def test_a_command_that_cannot_be_written_changes_nothing_yet_a_booth_begins_by_itself(
    tmp_path: Path,
) -> None:
    async with hall(tmp_path, record=FullDisk) as at:
        await live(at)
        desk = await at.join(DESK)
        await desk.say("pause", id="c1")
        error = await desk.next("error")
        assert (error["id"], error["code"]) == ("c1", "not_saved")
        again = await at.join(TECHNICIAN)
        assert (await again.next("booth"))["phase"] == "live"


async def test_a_microphone_follows_its_key_though_nothing_can_be_written(tmp_path: Path) -> None:
    async with hall(tmp_path, record=FullDisk) as at:
        suwon, _ = await live(at)
        kim = await at.join(KIM)
        for on in (True, False):
            await kim.say("on_air", id="c1", on=on)
            assert (await kim.next("ok", "error"))["type"] == "ok"
            while (await suwon.next("booth"))["interpreters"]["kim"]["on_air"] is not on:
                pass


async def test_while_the_record_is_locked_commands_are_refused_and_the_consultation_goes_on(tmp_path: Path) -> None:
    async with hall(tmp_path) as at:
        suwon, _ = await live(at)
        kim, desk = await at.join(KIM), await at.join(DESK)
        await kim.say("on_air", id="on", on=True)
        await kim.next("ok")
        with closing(sqlite3.connect(tmp_path / "facts.sqlite3", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            began_s = time.monotonic()
            await desk.say("pause", id="a")
            await desk.say("pause", id="b")
            assert [(await desk.next("error"))["code"] for _ in range(2)] == ["not_saved", "not_saved"]
            assert time.monotonic() - began_s < PATIENCE_S
            at.engine.tell(door.Lost("booth-1", KIM, 1))
            assert (await suwon.until(lambda booth: not booth["interpreters"]["kim"]["on_air"]))["phase"] == "live"
            again = await at.join(TECHNICIAN)
            assert (await again.next("booth"))["sites"]["suwon"]["lamp"] == "gone"
            ready = await at.client.get("/readyz")
            assert (ready.status, (await ready.json())["reason"].split(" ")[0]) == (503, "Another")
            other.execute("ROLLBACK")
        async with asyncio.timeout(PATIENCE_S):
            while True:
                await desk.say("pause", id="c")
                if (await desk.next("ok", "error"))["type"] == "ok":
                    break
                await asyncio.sleep(0.1)
        kinds = [fact.kind for fact in await stored(tmp_path)]
        assert kinds[-5:] == ["on_air", "timer", "seat", "phase", "timer"], "in the order in which they became true"


async def test_after_a_restart_a_live_consultation_is_live_again(tmp_path: Path) -> None:
    async with hall(tmp_path, event=OPERATED) as at:
        before = [await at.join(SUWON), await at.join(HANOI)]
        desk = await at.join(DESK)
        await desk.until(lambda booth: bool(booth["phase"] == "ready"))
        await desk.say("start")
        await desk.say("set", site="suwon", framing="fit")
        await desk.say("mode", id="c1", mode="simultaneous")
        await desk.next("ok")
    async with hall(tmp_path, event=OPERATED) as at:
        assert at.conductor.live_booths() == 1
        suwon = await at.join(SUWON, resume=before[0].resume)
        booth = await suwon.next("booth")
        assert (booth["phase"], booth["mode"], booth["sites"]["suwon"]["framing"]) == ("live", "simultaneous", "fit")
        assert booth["sites"]["hanoi"]["media"] == "lost", "it was there, and is missed"
        await at.join(HANOI, resume=before[1].resume)
        route = await at.engine.until(door.Route)
        assert gains(route)[HANOI, SUWON] == 0


async def test_after_a_restart_the_holder_has_the_seat_and_whoever_asked_first_still_waits(tmp_path: Path) -> None:
    async with hall(tmp_path) as at:
        holder = await at.join(SUWON)
        waiting = await at.line(SUWON)
        await waiting.say("hello")
        await waiting.next("seat_taken")
    async with hall(tmp_path) as at:
        waiting = await at.line(SUWON)
        await waiting.say("hello")
        assert await waiting.next() == {"type": "seat_taken", "seat": SUWON}
        again = await at.line(SUWON)
        await again.say("reconnect", seat=SUWON, resume=holder.resume)
        assert (await again.next("welcome"))["generation"] == 2, "generations go on"


async def test_after_a_restart_a_seat_waits_five_seconds_for_its_holder(tmp_path: Path) -> None:
    async with hall(tmp_path) as at:
        await at.join(SUWON)
    async with hall(tmp_path) as at:
        other = await at.line(SUWON)
        await other.say("hello")
        await other.next("seat_taken")
        newcomer = await at.join(HANOI)
        await turn(5.1)
        await newcomer.say("measure", id="an input, so that the clock is looked at")
        assert (await other.next())["type"] == "welcome"


async def test_two_booths_know_nothing_of_each_other(at: Hall) -> None:
    await live(at)
    other = await at.join("room.booth-2.suwon")
    booth = await other.next("booth")
    assert (booth["phase"], booth["sites"]["hanoi"]["present"]) == ("waiting", False)
    assert {route.place for route in at.engine.asked(door.Route)} == {"booth-1"}
    at.engine.tell(door.Levels("booth-1", {SUWON: -20.0}, (SUWON,)))
    at.engine.tell(door.Levels("booth-2", {}, ()))
    assert (await other.next("levels"))["sites"] == {}


async def test_the_speaker_is_learned_from_the_levels(at: Hall) -> None:
    suwon, _ = await live(at)
    at.engine.tell(door.Levels("booth-1", {SUWON: -60.0, HANOI: -20.0}, (HANOI,)))
    assert (await suwon.until(lambda booth: booth["last_speaker"] is not None))["last_speaker"] == "hanoi"


async def test_a_second_page_asks_takes_over_and_the_first_one_is_told(at: Hall) -> None:
    first, second = await at.join(SUWON), await at.line(SUWON)
    await second.say("hello")
    assert await second.next() == {"type": "seat_taken", "seat": SUWON}
    await second.say("take_over")
    assert (await second.next("welcome"))["generation"] == 2
    assert await first.next("replaced") == {"type": "replaced"}
    assert await first.close_code() == 4001
    assert (await at.engine.until(door.Disconnect)).generation == 1


async def test_a_page_that_waits_is_let_in_when_the_holder_is_gone(at: Hall) -> None:
    first, second = await at.join(SUWON), await at.line(SUWON)
    await second.say("hello")
    await second.next("seat_taken")
    await first.socket.close()
    desk = await at.join(DESK)
    await desk.next("booth")
    await turn(3.1)
    assert (await second.next())["type"] == "welcome"


async def test_the_same_client_comes_back_on_a_fresh_socket_and_its_old_connection_ends_when_the_new_one_carries(
    at: Hall,
) -> None:
    suwon, _ = await live(at)
    await suwon.say("reconnect", seat=SUWON, resume="anything: the open socket proves it")
    resume = (await suwon.next("welcome"))["resume"]
    suwon.cut()
    again = await at.line(SUWON)
    await again.say("reconnect", seat=SUWON, resume=resume)
    assert (await again.next("welcome"))["generation"] == 3
    await again.say("offer", sdp="v=0")
    await again.next("answer")
    assert at.engine.asked(door.Disconnect) == []
    at.engine.tell(door.Carrying("booth-1", SUWON, 3))
    assert await at.engine.until(door.Disconnect) == door.Disconnect("booth-1", SUWON, 1)


async def test_a_connection_that_is_dropped_before_it_began_never_begins(at: Hall) -> None:
    line = await at.join(SUWON, media=False)
    at.engine.gate.clear()
    for generation in (1, 2, 3):
        await line.say("offer", sdp=f"{generation}")
        if generation < 3:
            await line.say("reconnect", seat=SUWON, resume="")
            await line.next("welcome")
    await line.say("measure", id="m")
    await line.next("error", "measured")
    at.engine.gate.set()
    assert (await line.next("answer"))["generation"] == 3
    assert [connect.generation for connect in at.engine.asked(door.Connect)] == [1, 3]


async def test_a_revoked_link_is_out_at_once(at: Hall) -> None:
    suwon, hanoi = await live(at)
    stranger, tester = await at.line(SUWON), await at.line(SUWON)
    await tester.say("hello", purpose="loopback")
    await tester.next("welcome")
    at.conductor.revoke(SUWON)
    for line in (suwon, stranger, tester):
        assert await line.close_code() == 4003
    booth = await hanoi.until(lambda booth: not booth["sites"]["suwon"]["present"])
    assert booth["phase"] == "live"
    assert door.Disconnect("booth-1", SUWON, 1) in at.engine.commands


@pytest.mark.parametrize(
    ("supervised", "reason", "closing"),
    [("off", "stop", (1001, "the server stops")), ("on", "restart", (1012, "the server restarts: reconnect"))],
)
async def test_a_server_that_goes_away_says_goodbye_and_whether_it_comes_back(
    tmp_path: Path, supervised: str, reason: str, closing: tuple[int, str]
) -> None:
    async with hall(tmp_path, SUPERVISED=supervised) as at:
        lines = [await at.join(SUWON), await at.line(HANOI)]
        going = asyncio.ensure_future(at.conductor.close())
        for line in lines:
            assert await line.next("goodbye") == {"type": "goodbye", "reason": reason}
            assert await line.closing() == closing
        await going


async def test_a_loopback_test_has_a_place_of_its_own_that_ends_with_its_socket(at: Hall) -> None:
    room = await at.join(SUWON)
    line = await at.line(SUWON)
    await line.say("hello", purpose="loopback")
    welcome = await line.next("welcome")
    place = welcome["seat"]
    assert (welcome["role"], welcome["site"], place.split(".")[0]) == ("loopback", "suwon", "loopback")
    assert len(place.split(".")[1]) >= 32, "128 bits"
    assert welcome["media"] == {"audio": "sendrecv", "video": "sendrecv", "width": 640, "height": 512}
    await line.say("offer", sdp="v=0")
    assert (await line.next())["type"] == "answer", "no state of any booth"
    assert door.Route(place, (door.Gain(place, place, 0.0, 0.0),)) in at.engine.commands
    assert door.Show(place, (door.View(place, place, 640, 512, "fill", exact=False),)) in at.engine.commands
    await line.socket.close()
    assert await at.engine.until(door.ClosePlace) == door.ClosePlace(place)
    await room.say("measure", id="still here")
    assert (await room.next("measured", "error"))["id"] == "still here"


async def test_loopback_tests_are_limited(at: Hall) -> None:
    lines = [await at.line(TECHNICIAN) for _ in range(9)]
    for line in lines:
        await line.say("hello", purpose="loopback", site="hanoi")
    answers = [await line.next() for line in lines]
    assert [answer["type"] for answer in answers] == ["welcome"] * 8 + ["error"]
    assert answers[-1]["code"] == "busy"
    await lines[0].socket.close()
    await at.engine.until(door.ClosePlace)
    await lines[-1].say("hello", purpose="loopback")
    assert (await lines[-1].next())["site"] == "suwon"


async def test_an_operator_has_no_loopback_and_no_site_is_invented(at: Hall) -> None:
    desk, technician = await at.line(DESK), await at.line(TECHNICIAN)
    await desk.say("hello", purpose="loopback")
    assert (await desk.next())["code"] == "not_allowed"
    await technician.say("hello", purpose="loopback", site="seoul")
    assert (await technician.next())["code"] == "bad_message"


async def test_figures_are_of_the_newest_own_connection(at: Hall) -> None:
    def stream(seat: str, generation: int, packets: int) -> door.StreamFigures:
        return door.StreamFigures(seat, generation, packets, 1, 2060, 3, 300, 640, 512)

    streams = (stream(SUWON, 1, 10), stream(SUWON, 2, 500), stream(HANOI, 5, 99))
    at.engine.outcomes[door.Measure] = lambda _: door.Measured(streams, 100, 0, 0, 0.1, 0.4, 0.9, {})
    line = await at.join(SUWON)
    await line.say("measure", id="m1")
    assert await line.next("measured") == {
        "type": "measured",
        "id": "m1",
        "audio_packets": 500,
        "audio_lost": 1,
        "video_packets": 2060,
        "video_lost": 3,
        "video_frames": 300,
        "width": 640,
        "height": 512,
        "tick_late_ms": 0.4,
    }


async def test_words_about_places_that_ended_are_stale(at: Hall) -> None:
    with capture_logs() as entries:
        at.engine.tell(door.Carrying("loopback.gone", "loopback.gone", 1))
        at.engine.tell(door.Levels("loopback.gone", {"loopback.gone": -20.0}, ()))
    assert entries == []


async def test_every_message_of_the_server_is_one_of_the_protocol(at: Hall) -> None:
    line = await at.join(SUWON, media=False)
    await line.say("offer", sdp="v=0")
    await line.say("measure", id="m")
    for _ in range(4):
        body = await line.next()
        assert json.loads(to_wire(parse_server(json.dumps(body)))) == body


async def test_whoever_brings_media_is_told_of_the_relay_with_a_name_and_password_of_their_seat(tmp_path: Path) -> None:
    async with hall(tmp_path, TURN="turn:turn.example,turns:turn.example", TURN_SECRET="t" * 32) as at:
        told = {}
        for seat in (SUWON, HANOI, KIM, DESK):
            line = await at.line(seat)
            await line.say("hello")
            told[seat] = (await line.next("welcome"))["ice_servers"]
        alone = await at.line(SUWON)
        await alone.say("hello", purpose="loopback")
        told["loopback"] = (await alone.next("welcome"))["ice_servers"]
    assert told.pop(DESK) == [], "an operator has no media"
    assert all(server["urls"] == ["turn:turn.example", "turns:turn.example"] for (server,) in told.values())
    assert len({server["username"].partition(":")[2] for (server,) in told.values()}) == 3, "one for each seat"
    assert all(len(server["credential"]) == 28 for (server,) in told.values())
