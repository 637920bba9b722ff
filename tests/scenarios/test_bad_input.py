"""Whatever a client sends wrong: a code and a sentence, nothing else changes, and those who consult do not notice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from media.engine.simulated import LOOPBACK, SimulatedPeer
from media.engine.simulated_camera import LoopedCamera, card_clip
from server.robot import LineClosedError, Message, Robot
from server.tokens import Tokens
from signaling.errors import RemoteError
from signaling.seats import parse_seat
from tests.scenarios.booths import SCREEN_PX
from tests.scenarios.patience import watching_stalls
from tests.scenarios.table import RAMP_S, Guest, Table, expect, listen, voice_loop

EVENT_ID = "scenario"
CANDIDATE = "a=candidate:9 1 udp 1 192.0.2.7 50000 typ host\r\n"
UNDISTURBED_S = 0.5
STRANGE_CARD, STRANGE_HZ = 33, 690
A_DAY = timedelta(days=1)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def rooms(long_table: Table) -> AsyncIterator[tuple[Guest, Guest]]:
    """A consultation that goes on through all of this."""
    suwon, hanoi = await long_table.both_rooms()
    await hanoi.sees(suwon.card)
    await listen([hanoi], RAMP_S)
    yield suwon, hanoi
    await expect((hanoi, suwon), {("hanoi", "suwon"): 0, ("suwon", "hanoi"): 0})


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def undisturbed(rooms: tuple[Guest, Guest], long_table: Table) -> AsyncIterator[None]:
    """Afterwards the picture of the others never froze, their sound never stopped, and no traceback was logged."""
    suwon, hanoi = rooms
    hanoi.picture.begin()
    start, booth = hanoi.sound.position, hanoi.robot.booth
    async with watching_stalls() as stalls:
        yield
        await listen([hanoi], 0.3)
    allowed_s = stalls.allow_s(UNDISTURBED_S)
    assert hanoi.picture.longest_freeze_s() < allowed_s
    assert hanoi.sound.longest_gap_s(start) < allowed_s
    assert hanoi.picture.last is not None
    assert hanoi.picture.last.source == suwon.card
    assert hanoi.robot.booth["phase"] == booth["phase"]
    assert hanoi.robot.booth["sites"] == booth["sites"]
    assert "Traceback" not in long_table.served.wrote()


def tokens_of(table: Table, event_id: str = EVENT_ID) -> Tokens:
    secret = (Path(table.served.environment["HANMARU_STATE_DIR"]) / "secret").read_text().strip()
    return Tokens(secret, event_id)


def altered(table: Table) -> str:
    head, body, signature = table.served.link("room", table.booth, "suwon").token.split(".")
    return ".".join((head, body, signature[:-2] + ("AA" if signature[-2:] != "AA" else "BB")))


def expired(table: Table) -> str:
    now = datetime.now(UTC)
    seat = parse_seat(f"room.{table.booth}.suwon")
    return tokens_of(table).mint(seat, now=now - 2 * A_DAY, expires_at=now - A_DAY)


def of_another_event(table: Table) -> str:
    now = datetime.now(UTC)
    return tokens_of(table, "another").mint(parse_seat(f"room.{table.booth}.suwon"), now=now, expires_at=now + A_DAY)


def of_another_secret(table: Table) -> str:
    now = datetime.now(UTC)
    seat = parse_seat(f"room.{table.booth}.suwon")
    return Tokens("s" * 43, EVENT_ID).mint(seat, now=now, expires_at=now + A_DAY)


def of_a_booth_that_does_not_exist(table: Table) -> str:
    now = datetime.now(UTC)
    return tokens_of(table).mint(parse_seat("room.booth-999.suwon"), now=now, expires_at=now + A_DAY)


def nonsense(_: Table) -> str:
    return "no-token-at-all"


@pytest.mark.parametrize(
    "make", [altered, expired, of_another_event, of_another_secret, of_a_booth_that_does_not_exist, nonsense]
)
async def test_bad_token_opens_nothing(long_table: Table, make: Callable[[Table], str]) -> None:
    token = make(long_table)
    robot = long_table.robot("room", token=token)
    with pytest.raises(LineClosedError) as refusal:
        await robot.open()
    assert refusal.value.code == 401
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.get(f"{long_table.served.origin}/signal", ssl=long_table.tls) as answer,
    ):
        body = await answer.json()
    assert answer.status == 401
    assert body["code"] == "bad_token"
    assert body["message"].endswith(".")
    assert token not in long_table.served.wrote()


async def test_token_of_another_booth_does_not_open_this_one(
    rooms: tuple[Guest, Guest], neighbour: Table, long_table: Table
) -> None:
    suwon, hanoi = rooms
    stranger = neighbour.robot("operator", "suwon")
    await stranger.open()
    assert (await stranger.hello())["booth"] == neighbour.booth
    for command, fields in (("end", {}), ("set", {"site": "hanoi", "muted": True})):
        with pytest.raises(RemoteError):
            await stranger.command(command, **fields)
    thief = neighbour.robot("room", "suwon")
    await thief.open()
    after = thief.received
    await thief.send(
        {"type": "reconnect", "seat": f"room.{long_table.booth}.suwon", "resume": suwon.robot.welcome["resume"]}
    )
    answer = await thief.message("welcome", "error", after=after)
    assert answer["type"] == "error" or answer["booth"] == neighbour.booth
    assert hanoi.robot.booth["phase"] == "live"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "bad_json"),
        ('"text"', "bad_json"),
        ("[" * 5000, "bad_json"),
        (json.dumps({"type": "fly"}), "unknown_message"),
        (json.dumps({"no": "type"}), "bad_message"),
        (json.dumps({"type": "hello", "purpose": "mischief"}), "bad_message"),
        (json.dumps({"type": "hello", "extra": 1}), "bad_message"),
        (json.dumps({"type": "offer", "sdp": "v=0"}), "not_seated"),
        (json.dumps({"type": "on_air", "on": "yes"}), "bad_message"),
    ],
)
async def test_message_that_is_none_gets_a_code_and_a_sentence(table: Table, text: str, code: str) -> None:
    robot = table.robot("room", "suwon")
    await robot.open()
    await robot.send_text(text)
    error = await robot.message("error")
    assert error["code"] == code
    assert len(error["message"]) > 10
    assert error["message"].endswith(".")
    assert (await robot.hello())["type"] == "welcome", "the line goes on"


async def test_message_of_more_than_64_kib_closes_the_line(neighbour: Table) -> None:
    robot = neighbour.robot("room", "suwon")
    await robot.open()
    await robot.send({"type": "offer", "sdp": "v=0\r\n" + "a=x\r\n" * 20_000})
    assert await robot.closed(3.0) == 1009
    assert [message["code"] for _, message in robot.messages] == ["bad_json"]


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("garbage", lambda sdp: "this is no SDP"),
        ("empty", lambda sdp: ""),
        ("no video", lambda sdp: sdp[: sdp.index("m=video")].replace("BUNDLE 0 1", "BUNDLE 0")),
        ("no fingerprint", lambda sdp: "\r\n".join(x for x in sdp.split("\r\n") if not x.startswith("a=fingerprint"))),
        ("no codec of ours", lambda sdp: sdp.replace("opus/48000", "speex/8000")),
        ("binary", lambda sdp: sdp[:200] + "\x00\x01\ufffd" + sdp[200:]),
        ("cut", lambda sdp: sdp[: len(sdp) // 3]),
        ("many candidates", lambda sdp: sdp + CANDIDATE * 40),
        ("many lines", lambda sdp: sdp + sdp[sdp.index("m=video") :] * 8),
    ],
)
async def test_offer_that_cannot_be_used_is_refused_and_a_good_one_still_works(
    neighbour: Table, name: str, spoil: Callable[[str], str]
) -> None:
    guest = neighbour.robot("room", "suwon")
    await guest.open()
    await guest.hello()
    spoiled = peer_for(guest.welcome)
    await guest.send({"type": "offer", "sdp": spoil(await spoiled.offer())})
    error = await guest.message("error", "answer")
    await spoiled.close()
    assert error["type"] == "error", f"{name} was answered"
    assert error["code"] == "bad_offer"
    assert error["message"].endswith(".")
    await connected(guest, peer_for(guest.welcome))


async def connected(robot: Robot, peer: SimulatedPeer) -> None:
    """Connect, after a `reconnect` where the refused offer has used the generation up."""
    try:
        await robot.connect(peer)
    except RemoteError as refusal:
        if refusal.code != "offer_exists":
            raise
        await robot.reconnect(fresh=False)
        await robot.connect(peer_for(robot.welcome))


def peer_for(welcome: Message) -> SimulatedPeer:
    """What this welcome asks for."""
    video = welcome["media"]["video"]
    camera = LoopedCamera(card_clip(*SCREEN_PX, STRANGE_CARD)) if video else None
    return SimulatedPeer(video=video, camera=camera, microphone=voice_loop(STRANGE_HZ), addresses=LOOPBACK)


@pytest.mark.parametrize(
    ("candidate", "code"),
    [("candidate:nonsense", "bad_candidate"), ("candidate:1 1 udp 1 256.1.1.1 99999 typ host", "bad_candidate")],
)
async def test_candidate_that_cannot_be_read_is_refused(table: Table, candidate: str, code: str) -> None:
    suwon = await table.room("suwon")
    after = suwon.robot.received
    await suwon.robot.send({"type": "candidate", "candidate": candidate, "mid": "0", "line": 0})
    assert (await suwon.robot.message("error", after=after))["code"] == code


async def test_flood_is_told_to_slow_down(neighbour: Table) -> None:
    robot = neighbour.robot("room", "suwon")
    await robot.open()
    await robot.hello()
    for _ in range(160):
        await robot.send({"type": "measure", "id": "x"})
    await asyncio.sleep(0.2)
    assert any(message.get("code") == "too_fast" for _, message in robot.messages)
