"""The doors for equipment over real HTTP: what a request is answered (the table in PROTOCOL.md names these tests)."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse

import signaling
from media.engine import door
from server import whip
from server.equipment import NEW_BURST
from server.keys import CONDUCTOR, EQUIPMENT, REVOCATIONS
from server.lockout import DISTINCT_TOKENS
from server.problems import STATUS
from signaling.seats import Role, Seat
from tests.support.hall import HANOI, KIM, LINKS, SUWON, TOKENS, Hall, hall

PROTOCOL = Path(signaling.__file__).parent / "PROTOCOL.md"
SDP_FOLDER = Path(__file__).parent.parent / "media" / "sdp"
FEED_OFFER = (SDP_FOLDER / "obs-offer.sdp").read_text(encoding="utf-8").replace("\r\n", "\n").replace("\n", "\r\n")
PLAY_OFFER = (SDP_FOLDER / "chromium-offer.sdp").read_text(encoding="utf-8")
PLAY_OFFER = PLAY_OFFER.replace("\r\n", "\n").replace("\n", "\r\n").replace("a=sendrecv", "a=recvonly")
OFFERS = {"whip": FEED_OFFER, "whep": PLAY_OFFER}
SEATS = {"whip": "feed.booth-1.suwon", "whep": "display.booth-1.suwon.1"}
CANDIDATE = "candidate:1 1 udp 2113937151 192.0.2.7 50000 typ host"
FRAGMENT = (
    f"a=ice-ufrag:EcVS\r\na=ice-pwd:g7wvnHyVmPqxJkN1b5uRzE\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\na={CANDIDATE}\r\n"
)
OF_THE_TABLE = {
    "test_the_table_of_the_document_is_what_is_tested",
    "test_every_code_stands_in_the_table_with_its_status",
}
FOR_A_FEED = TOKENS.mint(  # equipment comes in by the link of its room, and by no other
    Seat(Role.FEED, "booth-1", "suwon"), now=datetime.now(UTC), expires_at=datetime.now(UTC) + timedelta(days=1)
)
both_doors = pytest.mark.parametrize("door_name", ["whip", "whep"])


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Hall]:
    async with hall(tmp_path) as opened:
        yield opened


def bearer(seat: str = SUWON) -> dict[str, str]:
    return {"Authorization": f"Bearer {LINKS[seat]}"}


async def post(
    at: Hall, name: str = "whip", offer: str | bytes | None = None, path: str = "booth-1/suwon", **headers: str
) -> ClientResponse:
    sent = {**bearer(), "Content-Type": "application/sdp", **{key.replace("_", "-"): v for key, v in headers.items()}}
    return await at.client.post(f"/{name}/{path}", data=OFFERS[name] if offer is None else offer, headers=sent)


async def begun(at: Hall, name: str = "whip") -> ClientResponse:
    answer = await post(at, name)
    assert answer.status == 201, await answer.text()
    return answer


async def patch(
    at: Hall, resource: ClientResponse, text: str = FRAGMENT, *, tag: str | None = "", **headers: str
) -> ClientResponse:
    """PATCH with the resource's ETag (`tag` empty), another one, or none (None)."""
    conditions = {} if tag is None else {"If-Match": tag or resource.headers["ETag"]}
    sent = {**bearer(), "Content-Type": "application/trickle-ice-sdpfrag", **conditions}
    sent |= {key.replace("_", "-"): value for key, value in headers.items()}
    return await at.client.patch(resource.headers["Location"], data=text, headers=sent)


async def told(answer: ClientResponse, status: int, code: str) -> dict[str, Any]:
    """See that an answer is a problem of that code, and return it."""
    assert (answer.status, answer.content_type) == (status, "application/problem+json"), await answer.text()
    body: dict[str, Any] = json.loads(await answer.text())
    assert (body["status"], body["code"]) == (status, code)
    assert body["detail"] == body["message"]
    assert body["message"].endswith(".")
    return body


async def test_equipment_is_told_of_the_relay(tmp_path: Path) -> None:
    async with hall(tmp_path, TURN="turns:turn.example:443?transport=tcp", TURN_SECRET="t" * 32) as at:
        answer = await begun(at)
        assert re.fullmatch(
            r'<turns:turn\.example:443\?transport=tcp>; rel="ice-server"; username="\d+:[0-9a-f]{16}"; '
            r'credential="[A-Za-z0-9+/]{27}="; credential-type="password"',
            answer.headers["Link"],
        )
        assert "t" * 32 not in str(answer.headers)


async def left(at: Hall) -> None:
    """Wait until no equipment is there."""
    async with asyncio.timeout(3):
        while len(at.app[EQUIPMENT]):  # noqa: ASYNC110 - what ends it has no event of its own
            await asyncio.sleep(0.005)


@both_doors
async def test_a_post_is_answered_with_sdp_and_the_address_of_its_connection(at: Hall, door_name: str) -> None:
    answer = await begun(at, door_name)
    assert answer.content_type == "application/sdp"
    assert (await answer.text()).startswith("answer to v=0")
    assert answer.headers["Location"].startswith(f"/{door_name}/booth-1/suwon/")
    assert len(answer.headers["Location"].rpartition("/")[2]) >= 22, "128 bits"
    assert answer.headers["ETag"].startswith('"')
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Link" not in answer.headers, "there is no relay"
    connect = at.engine.asked(door.Connect)[0]
    assert (connect.place, connect.seat) == ("booth-1", SEATS[door_name])
    way = {"whip": "sendonly", "whep": "recvonly"}[door_name]
    assert (connect.audio, connect.video) == (way, way)


async def test_equipment_may_bring_one_kind_of_media_only(at: Hall) -> None:
    offer = FEED_OFFER[: FEED_OFFER.index("m=video")].replace("BUNDLE 0 1", "BUNDLE 0")
    assert (await post(at, offer=offer)).status == 201
    connect = at.engine.asked(door.Connect)[0]
    assert (connect.audio, connect.video) == ("sendonly", None)


async def test_an_offer_that_goes_both_ways_is_taken_one_way(at: Hall) -> None:
    assert (await post(at, offer=FEED_OFFER.replace("a=sendonly", "a=sendrecv"))).status == 201
    assert "a=sendrecv" not in at.engine.asked(door.Connect)[0].offer


@both_doors
async def test_a_delete_ends_the_connection_and_its_address(at: Hall, door_name: str) -> None:
    begun_there = await begun(at, door_name)
    address = begun_there.headers["Location"]
    answer = await at.client.delete(address, headers={**bearer(), "If-Match": '"any"'})
    assert answer.status == 200
    assert (await at.engine.until(door.Disconnect)).seat == SEATS[door_name]
    await told(await at.client.delete(address, headers=bearer()), 404, "not_found")


async def test_a_patch_brings_candidates(at: Hall) -> None:
    resource = await begun(at)
    answer = await patch(at, resource, FRAGMENT + "a=end-of-candidates\r\n")
    assert (answer.status, await answer.text()) == (204, "")
    first, last = await at.engine.until(door.AddCandidate), await at.engine.until(door.AddCandidate, 2)
    assert (first.seat, first.candidate, first.mid) == ("feed.booth-1.suwon", CANDIDATE, "0")
    assert last.candidate == ""


async def test_a_patch_without_if_match_is_refused(at: Hall) -> None:
    await told(await patch(at, await begun(at), tag=None), 428, "unconditional")


async def test_a_patch_for_another_ice_session_is_refused(at: Hall) -> None:
    await told(await patch(at, await begun(at), tag='"another"'), 412, "stale")


@pytest.mark.parametrize("tag", ["", "*"])
async def test_an_ice_restart_is_refused(at: Hall, tag: str) -> None:
    resource = await begun(at)
    await told(await patch(at, resource, FRAGMENT.replace("EcVS", "New1"), tag=tag), 422, "no_ice_restart")
    assert at.engine.asked(door.AddCandidate) == []


async def test_a_patch_of_another_type_is_refused(at: Hall) -> None:
    answer = await patch(at, await begun(at), Content_Type="application/sdp")
    await told(answer, 415, "wrong_type")
    assert answer.headers["Accept-Patch"] == "application/trickle-ice-sdpfrag"


@pytest.mark.parametrize("text", ["", "garbage", "a=candidate:nonsense", f"a={CANDIDATE}\r\n" * 33])
async def test_a_patch_that_is_no_fragment_is_refused(at: Hall, text: str) -> None:
    await told(await patch(at, await begun(at), text), 400, "bad_candidate")


async def test_a_flood_of_candidates_is_refused(at: Hall) -> None:
    resource = await begun(at)
    answers = [await patch(at, resource, f"a={CANDIDATE}\r\n" * 30) for _ in range(5)]
    assert answers[-1].headers["Retry-After"]
    await told(answers[-1], 429, "too_fast")


@both_doors
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_there_is_nothing_to_get_and_that_is_no_error(at: Hall, door_name: str, method: str) -> None:
    resource = (await begun(at, door_name)).headers["Location"]
    for address in (f"/{door_name}/booth-1/suwon", resource):
        answer = await at.client.request(method, address, headers=bearer())
        assert (answer.status, await answer.text()) == (204, "")
        assert answer.headers["Cache-Control"] == "no-store", "a connection is there until it is not"
        answer = await at.client.request(method, address)
        assert answer.status == 401
    answer = await at.client.request(method, f"/{door_name}/booth-1/suwon/nonsense", headers=bearer())
    assert answer.status == 404


@both_doors
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_an_endpoint_takes_posts_only(at: Hall, door_name: str, method: str) -> None:
    answer = await at.client.request(method, f"/{door_name}/booth-1/suwon", headers=bearer())
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD, OPTIONS, POST")


@both_doors
@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_connection_takes_patch_and_delete_only(at: Hall, door_name: str, method: str) -> None:
    answer = await at.client.request(method, (await begun(at, door_name)).headers["Location"], headers=bearer())
    assert (answer.status, answer.headers["Allow"]) == (405, "DELETE, GET, HEAD, OPTIONS, PATCH")


@both_doors
async def test_options_tell_what_may_be_sent(at: Hall, door_name: str) -> None:
    answer = await at.client.options(f"/{door_name}/booth-1/suwon")
    assert (answer.status, answer.headers["Accept-Post"]) == (200, "application/sdp")
    assert "Access-Control-Allow-Origin" not in answer.headers
    answer = await at.client.options(f"/{door_name}/booth-1/suwon/some-id")
    assert (answer.status, answer.headers["Accept-Patch"]) == (200, "application/trickle-ice-sdpfrag")


async def test_a_player_on_a_page_of_ours_passes_the_preflight(at: Hall) -> None:
    origin = str(at.client.make_url("/")).rstrip("/")
    answer = await at.client.options("/whep/booth-1/suwon", headers={"Origin": origin})
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    answer = await post(at, "whep", Origin=origin)
    assert answer.status == 201
    assert "Location" in answer.headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("method", ["OPTIONS", "POST"])
async def test_a_page_of_another_site_is_refused(at: Hall, method: str) -> None:
    headers = {**bearer(), "Origin": "https://elsewhere.example", "Content-Type": "application/sdp"}
    answer = await at.client.request(method, "/whip/booth-1/suwon", data=FEED_OFFER, headers=headers)
    await told(answer, 403, "bad_origin")


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer nonsense", "Basic eDp5", f"Bearer {LINKS[SUWON]}x", f"Bearer {FOR_A_FEED}"],
)
async def test_a_bad_token_is_refused_without_a_hint(at: Hall, authorization: str) -> None:
    answer = await post(at, Authorization=authorization)
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    await told(answer, 401, "bad_token")
    assert at.engine.asked(door.Connect) == []


async def test_a_booth_that_is_not_there_and_a_foreign_token_are_refused_alike(at: Hall) -> None:
    foreign = await told(await post(at, Authorization=f"Bearer {LINKS[HANOI]}"), 403, "not_allowed")
    role = await told(await post(at, Authorization=f"Bearer {LINKS[KIM]}"), 403, "not_allowed")
    unknown = await told(await post(at, path="booth-9/suwon"), 403, "not_allowed")
    nowhere = await told(await post(at, path="booth-1/nowhere"), 403, "not_allowed")
    assert foreign == role == unknown == nowhere


async def test_whoever_tries_many_tokens_is_locked_out(at: Hall) -> None:
    for number in range(DISTINCT_TOKENS):
        answer = await post(at, Authorization=f"Bearer wrong-{number}")
    answer = await post(at)
    assert answer.headers["Retry-After"] == "60"
    await told(answer, 429, "too_many_attempts")


async def test_a_connection_is_there_for_the_token_that_made_it_only(at: Hall) -> None:
    resource = await begun(at)
    address = resource.headers["Location"]
    unknown = await told(await at.client.delete("/whip/booth-1/suwon/nonsense", headers=bearer()), 404, "not_found")
    through = address.replace("suwon", "hanoi")
    assert await told(await at.client.delete(through, headers=bearer(HANOI)), 404, "not_found") == unknown
    wrong_door = address.replace("/whip/", "/whep/")
    assert await told(await at.client.delete(wrong_door, headers=bearer()), 404, "not_found") == unknown
    await told(await at.client.delete(address, headers=bearer(HANOI)), 403, "not_allowed")
    await told(await at.client.delete(address), 401, "bad_token")
    assert len(at.app[EQUIPMENT]) == 1


async def test_an_offer_of_another_type_is_refused(at: Hall) -> None:
    answer = await post(at, Content_Type="text/plain")
    await told(answer, 415, "wrong_type")
    assert answer.headers["Accept-Post"] == "application/sdp"


@pytest.mark.parametrize("offer", ["", "hello", b"\xff\xfe", "<sdp/>"])
async def test_what_is_no_sdp_is_refused(at: Hall, offer: str | bytes) -> None:
    await told(await post(at, offer=offer), 400, "bad_request")


@pytest.mark.parametrize(
    "offer",
    [
        "v=0\r\n",
        "v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n",
        FEED_OFFER.replace("a=sendonly", "a=recvonly"),
        FEED_OFFER.replace("H264/", "AV1/"),
        FEED_OFFER.replace("a=ice-ufrag", "a=x-ufrag"),
        FEED_OFFER + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n" * 9,
    ],
)
async def test_an_offer_that_cannot_be_used_is_refused_and_puts_nobody_out(at: Hall, offer: str) -> None:
    await begun(at)
    await told(await post(at, offer=offer), 422, "bad_offer")
    assert at.engine.asked(door.Disconnect) == []
    assert len(at.app[EQUIPMENT]) == 1


async def test_an_offer_that_the_engine_refuses_is_refused(at: Hall) -> None:
    at.engine.outcomes[door.Connect] = lambda _: door.Refused("bad_offer", "The offer could not be understood.")
    await told(await post(at), 422, "bad_offer")
    assert len(at.app[EQUIPMENT]) == 0


async def test_an_engine_that_fails_is_no_fault_of_the_equipment(at: Hall) -> None:
    at.engine.outcomes[door.Connect] = lambda _: door.Refused("media_failed", "The media server gave no answer.")
    answer = await post(at)
    assert answer.headers["Retry-After"]
    await told(answer, 503, "media_failed")


async def test_a_body_that_is_too_large_is_refused(at: Hall) -> None:
    await told(await post(at, offer=FEED_OFFER + "a=x\r\n" * 20_000), 413, "too_large")


async def test_a_body_that_does_not_come_is_not_waited_for(at: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whip, "BODY_S", 0.05)

    async def dawdling() -> AsyncIterator[bytes]:
        yield b"v=0"
        await asyncio.sleep(0.5)

    headers = {**bearer(), "Content-Type": "application/sdp"}
    async with at.client.post("/whip/booth-1/suwon", data=dawdling(), headers=headers) as answer:
        await told(answer, 408, "too_slow")


async def test_a_link_that_is_revoked_while_the_body_comes_opens_nothing(at: Hall) -> None:
    async def offering() -> AsyncIterator[bytes]:
        yield FEED_OFFER[:10].encode()
        await asyncio.sleep(0.05)
        at.app[REVOCATIONS].revoke(SUWON, datetime.now(UTC))
        yield FEED_OFFER[10:].encode()

    headers = {**bearer(), "Content-Type": "application/sdp"}
    async with at.client.post("/whip/booth-1/suwon", data=offering(), headers=headers) as answer:
        await told(answer, 401, "bad_token")
    assert at.engine.asked(door.Connect) == []


async def test_a_body_that_cannot_be_read_is_refused(at: Hall) -> None:
    headers = {**bearer(), "Content-Type": "application/sdp", "Content-Encoding": "gzip"}
    async with at.client.post("/whip/booth-1/suwon", data=b"no gzip at all", headers=headers) as answer:
        await told(answer, 400, "bad_request")


async def test_the_fifth_display_of_a_site_is_refused_until_one_ends(at: Hall) -> None:
    resources = [await begun(at, "whep") for _ in range(4)]
    assert [connect.seat[-1] for connect in at.engine.asked(door.Connect)] == ["1", "2", "3", "4"]
    answer = await post(at, "whep")
    assert answer.headers["Retry-After"]
    await told(answer, 503, "busy")
    await at.client.delete(resources[1].headers["Location"], headers=bearer())
    await begun(at, "whep")
    assert at.engine.asked(door.Connect)[-1].seat == "display.booth-1.suwon.2"


async def test_a_second_encoder_takes_the_place_of_the_first(at: Hall) -> None:
    first, second = await begun(at), await begun(at)
    assert first.headers["Location"] != second.headers["Location"]
    assert (await at.engine.until(door.Disconnect)).generation == 1
    await told(await at.client.delete(first.headers["Location"], headers=bearer()), 404, "not_found")
    assert (await at.client.delete(second.headers["Location"], headers=bearer())).status == 200


async def test_an_encoder_that_is_replaced_before_its_answer_is_told_so(at: Hall) -> None:
    at.engine.gate.clear()
    first = asyncio.create_task(post(at))
    await at.engine.until(door.Connect)
    second = asyncio.create_task(post(at))
    answer = await first
    assert answer.headers["Retry-After"]
    await told(answer, 503, "replaced")
    at.engine.gate.set()
    assert (await second).status == 201
    assert len(at.app[EQUIPMENT]) == 1


async def test_an_encoder_that_starts_again_and_again_is_refused(at: Hall) -> None:
    answers = [await post(at) for _ in range(int(NEW_BURST) + 3)]
    assert {answer.status for answer in answers[:10]} == {201}
    assert answers[-1].headers["Retry-After"]
    await told(answers[-1], 429, "too_fast")


@pytest.mark.parametrize("word", ["lost", "failed"])
async def test_a_connection_whose_media_is_gone_is_gone(at: Hall, word: str) -> None:
    resource = await begun(at)
    at.engine.tell(door.Carrying("booth-1", "feed.booth-1.suwon", 1))
    lost = door.Lost("booth-1", "feed.booth-1.suwon", 1)
    at.engine.tell(lost if word == "lost" else door.Failed("booth-1", "feed.booth-1.suwon", 1, "media_failed", "No."))
    await left(at)
    assert (await at.engine.until(door.Disconnect)).seat == "feed.booth-1.suwon"
    await told(await patch(at, resource), 404, "not_found")


async def test_a_revoked_link_ends_its_equipment(at: Hall) -> None:
    await begun(at)
    await begun(at, "whep")
    at.app[CONDUCTOR].revoke(SUWON)
    await left(at)


async def test_a_server_that_goes_away_ends_its_equipment_and_takes_no_more(at: Hall) -> None:
    await begun(at)
    await at.app[CONDUCTOR].close()
    await left(at)
    await told(await post(at), 503, "busy")


async def test_the_room_page_is_told_what_equipment_sends_for_it(at: Hall) -> None:
    page = await at.join(SUWON)
    await begun(at)
    at.engine.tell(door.Carrying("booth-1", "feed.booth-1.suwon", 1))
    booth = await page.until(lambda booth: booth["sites"]["suwon"]["equipment"] != [])
    assert booth["sites"]["suwon"]["equipment"] == ["audio", "video"]
    at.engine.tell(door.Levels("booth-1", {SUWON: -60.0, "feed.booth-1.suwon": -20.04, HANOI: None}, ()))
    assert (await page.next("levels"))["sites"] == {"suwon": -20.0, "hanoi": None}
    at.engine.tell(door.Lost("booth-1", "feed.booth-1.suwon", 1))
    await page.until(lambda booth: booth["sites"]["suwon"]["equipment"] == [])


def test_the_table_of_the_document_is_what_is_tested() -> None:
    section = PROTOCOL.read_text(encoding="utf-8").split("## 10. Equipment")[1]
    rows = re.findall(r"^\|[^|]*\|[^|]*\|([^|]*)\|([^|]*)\| `(test_\w+)` \|$", section, re.MULTILINE)
    named = [test for _, _, test in rows]
    tests = {name for name in globals() if name.startswith("test_")} - OF_THE_TABLE
    assert len(named) == len(set(named))
    assert set(named) == tests


def test_every_code_stands_in_the_table_with_its_status() -> None:
    section = PROTOCOL.read_text(encoding="utf-8").split("## 10. Equipment")[1]
    rows = re.findall(r"^\|[^|]*\|[^|]*\| (\d{3})[^|]*\| `(\w+)` \|", section, re.MULTILINE)
    listed = {code: int(status) for status, code in rows}
    doors_own = {"bad_token": 401, "too_many_attempts": 429, "bad_origin": 403}
    assert listed == dict(STATUS) | doors_own
