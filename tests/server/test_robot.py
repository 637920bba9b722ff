"""The native client against a scripted far end: what it sends and waits for, what it makes of refusals and breaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from server.robot import OPEN_S, LineClosedError, Message, Robot, split_link
from server.robot_stay import RETRY_S, SILENCE_S, stay
from signaling.errors import RemoteError

WELCOME = {
    "type": "welcome",
    "seat": "room.booth-1.suwon",
    "generation": 1,
    "resume": "r1",
    "site": "suwon",
    "person": None,
    "media": {"audio": "sendrecv", "video": "sendrecv", "width": 320, "height": 256},
}
BOOTH = {"type": "booth", "phase": "waiting", "sites": {"suwon": {"media": "none"}}, "interpreters": {}}

Script = Callable[[web.WebSocketResponse, dict[str, Any]], Awaitable[None]]


class FarEnd:
    """Notes what it gets and answers each message as the script says."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.headers: list[Any] = []
        self.script: Script = self.friendly

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.headers.append(request.headers)
        socket = web.WebSocketResponse(protocols=("hanmaru.v1",))
        await socket.prepare(request)
        async for frame in socket:
            message = frame.json()
            self.got.append(message)
            await self.script(socket, message)
        return socket

    async def friendly(self, socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
        match message["type"]:
            case "hello" | "reconnect":
                generation = 1 + sum(got["type"] == "reconnect" for got in self.got)
                await socket.send_json({**WELCOME, "generation": generation, "resume": f"r{generation}"})
                await socket.send_json(BOOTH)
            case "offer":
                await socket.send_json({"type": "answer", "generation": 1, "sdp": "the answer"})
            case "start":
                await socket.send_json(
                    {"type": "error", "id": message["id"], "code": "not_allowed", "message": "Only an operator may."}
                )
            case _ if "id" in message:
                await socket.send_json({"type": "ok", "id": message["id"]})


class Media:
    """A connection that is up at once, or never."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault
        self.answer: str | None = None
        self.closed = False
        self.silence_s: float | None = None

    async def offer(self) -> str:
        return "the offer"

    async def accept(self, answer: str) -> None:
        if self.fault is not None:
            raise self.fault
        self.answer = answer

    async def close(self) -> None:
        self.closed = True

    @property
    def silent_s(self) -> float | None:
        return self.silence_s


@pytest_asyncio.fixture
async def far() -> AsyncIterator[FarEnd]:
    yield FarEnd()


@pytest_asyncio.fixture
async def robot(far: FarEnd) -> AsyncIterator[Robot]:
    app = web.Application()
    app.router.add_get("/signal", far.handle)
    async with TestServer(app, host="127.0.0.1") as server:
        robot = Robot(str(server.make_url("/")), "the-token")
        yield robot
        await robot.close()


async def test_hello_brings_welcome_and_the_state_of_the_booth(robot: Robot, far: FarEnd) -> None:
    await robot.open()
    welcome = await robot.hello(purpose="loopback", site="hanoi")
    assert welcome["seat"] == "room.booth-1.suwon"
    assert (await robot.until(lambda booth: booth["phase"] == "waiting"))["phase"] == "waiting"
    assert far.got == [{"type": "hello", "purpose": "loopback", "site": "hanoi"}]
    assert far.headers[0]["Authorization"] == "Bearer the-token"
    assert far.headers[0]["Sec-WebSocket-Protocol"] == "hanmaru.v1"
    assert "Origin" not in far.headers[0]


async def test_media_is_offered_and_the_one_before_dropped_when_the_new_one_is_up(robot: Robot) -> None:
    await robot.open()
    await robot.hello()
    first, second = Media(), Media()
    await robot.connect(first)
    assert first.answer == "the answer"
    before = first.closed
    await robot.connect(second)
    assert (before, first.closed, second.closed) == (False, True, False)


async def test_media_that_does_not_come_up_leaves_the_one_before(robot: Robot) -> None:
    await robot.open()
    await robot.hello()
    first, second = Media(), Media(ConnectionError("no"))
    await robot.connect(first)
    with pytest.raises(ConnectionError):
        await robot.connect(second)
    assert second.closed
    assert not first.closed
    assert robot.media is first


async def test_refused_command_raises_its_code_and_sentence(robot: Robot) -> None:
    await robot.open()
    with pytest.raises(RemoteError) as refusal:
        await robot.command("start")
    assert (refusal.value.code, refusal.value.message) == ("not_allowed", "Only an operator may.")
    assert (await robot.command("set", site="suwon", muted=True))["type"] == "ok"


async def test_reconnect_names_seat_and_resume_on_a_fresh_line(robot: Robot, far: FarEnd) -> None:
    await robot.open()
    await robot.hello()
    await robot.drop_line()
    assert (await robot.reconnect())["generation"] == 2
    assert far.got[-1] == {"type": "reconnect", "seat": "room.booth-1.suwon", "resume": "r1"}
    assert len(far.headers) == 2


async def test_taken_seat_is_taken_over_only_when_asked(robot: Robot, far: FarEnd) -> None:
    async def taken(socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
        await socket.send_json({"type": "seat_taken", "seat": "s"} if message["type"] == "hello" else WELCOME)

    far.script = taken
    await robot.open()
    assert (await robot.hello())["type"] == "seat_taken"
    assert (await robot.hello(take_over=True))["type"] == "welcome"
    assert [message["type"] for message in far.got] == ["hello", "hello", "take_over"]


async def test_line_that_closes_ends_every_wait_with_its_code(robot: Robot, far: FarEnd) -> None:
    async def replaced(socket: web.WebSocketResponse, _: dict[str, Any]) -> None:
        await socket.close(code=4001)

    far.script = replaced
    await robot.open()
    with pytest.raises(LineClosedError) as closed:
        await robot.hello()
    assert closed.value.code == 4001
    assert await robot.closed(1.0) == 4001


async def test_server_that_is_not_there_is_a_closed_line() -> None:
    robot = Robot("http://127.0.0.1:9", "t")
    with pytest.raises(LineClosedError):
        await robot.open()
    await robot.close()


async def test_silence_is_a_timeout_that_says_what_was_missed(robot: Robot, far: FarEnd) -> None:
    async def mute(socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
        del socket, message

    far.script = mute
    await robot.open()
    with pytest.raises(TimeoutError, match="no welcome"):
        await robot.message("welcome", timeout_s=0.05)


async def test_robot_that_stays_comes_back_after_a_break_and_goes_on_acting(robot: Robot, far: FarEnd) -> None:
    acted: list[int] = []
    back = asyncio.Event()

    async def act() -> None:
        acted.append(robot.welcome["generation"])
        if len(acted) == 1:
            await robot.drop_line()
            await robot.until(lambda booth: False)
        back.set()

    said: list[str] = []
    staying = asyncio.create_task(stay(robot, lambda welcome: Media(), act, said.append))
    await asyncio.wait_for(back.wait(), 5.0)
    staying.cancel()
    await asyncio.gather(staying, return_exceptions=True)
    assert acted == [1, 2]
    assert said
    assert [message["type"] for message in far.got] == ["hello", "offer", "reconnect", "offer"]


GIVEN_UP = {"type": "error", "code": "media_failed", "message": "The media process of this booth stopped."}


@pytest.mark.parametrize("while_it_comes_up", [False, True])
async def test_robot_whose_media_the_server_gives_up_comes_back_at_once_on_the_open_line(
    robot: Robot, far: FarEnd, while_it_comes_up: bool
) -> None:
    back, given_up_at_s, made = asyncio.Event(), [0.0], list[Media]()

    class Slow(Media):
        async def accept(self, answer: str) -> None:
            await asyncio.Event().wait()

    def make_media(_welcome: Message) -> Media:
        made.append(Slow() if while_it_comes_up and not made else Media())
        return made[-1]

    async def give_up(socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
        await far.friendly(socket, message)
        if message["type"] == "offer" and len(made) == 1:
            await asyncio.sleep(RETRY_S + 0.1)  # a connection that lived for a while: no reason to hesitate
            given_up_at_s[0] = asyncio.get_running_loop().time()
            await socket.send_json(GIVEN_UP)

    async def act() -> None:
        if len(made) == 2:
            back.set()

    far.script = give_up
    staying = asyncio.create_task(stay(robot, make_media, act, lambda text: None))
    await asyncio.wait_for(back.wait(), 10.0)
    assert asyncio.get_running_loop().time() - given_up_at_s[0] < RETRY_S / 2
    staying.cancel()
    await asyncio.gather(staying, return_exceptions=True)
    assert [message["type"] for message in far.got] == ["hello", "offer", "reconnect", "offer"]
    assert len(far.headers) == 1
    assert made[0].closed


async def test_robot_that_comes_back_is_not_put_off_by_what_was_said_before_it_is_heard(
    robot: Robot, far: FarEnd
) -> None:
    said: list[str] = []
    heard = asyncio.Event()

    async def lost_for_a_moment(socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
        await far.friendly(socket, message)
        if message["type"] == "offer":
            await socket.send_json({**BOOTH, "sites": {"suwon": {"media": "lost"}}})
            await robot.until(lambda booth: booth["sites"]["suwon"]["media"] == "lost")
            await asyncio.sleep(0.05)  # whoever wants to be put off is by now
            await socket.send_json({**BOOTH, "sites": {"suwon": {"media": "connected"}}})
            await robot.until(lambda booth: booth["sites"]["suwon"]["media"] == "connected")
            heard.set()

    async def act() -> None:
        return None

    far.script = lost_for_a_moment
    staying = asyncio.create_task(stay(robot, lambda _: Media(), act, said.append))
    await asyncio.wait_for(heard.wait(), 5.0)
    staying.cancel()
    await asyncio.gather(staying, return_exceptions=True)
    assert said == []


async def test_robot_that_hears_nothing_any_more_comes_back_on_a_fresh_line_and_keeps_its_media_until_then(
    robot: Robot, far: FarEnd
) -> None:
    said: list[str] = []
    made: list[Media] = []
    back = asyncio.Event()

    def make_media(_welcome: Message) -> Media:
        made.append(Media())
        return made[-1]

    async def act() -> None:
        if len(made) == 1:
            made[0].silence_s = SILENCE_S + 0.1
        else:
            back.set()

    async def watch(socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
        if message["type"] == "reconnect":
            assert not made[0].closed
        await far.friendly(socket, message)

    far.script = watch
    staying = asyncio.create_task(stay(robot, make_media, act, said.append))
    await asyncio.wait_for(back.wait(), 5.0)
    staying.cancel()
    await asyncio.gather(staying, return_exceptions=True)
    assert said == ["We hear nothing of the server."]
    assert [message["type"] for message in far.got] == ["hello", "offer", "reconnect", "offer"]
    assert len(far.headers) == 2
    assert made[0].closed


async def test_robot_waits_no_longer_for_a_server_that_does_not_answer_than_a_handshake_takes() -> None:
    mute = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)  # takes connections, and says nothing
    async with mute:
        robot = Robot(f"http://127.0.0.1:{mute.sockets[0].getsockname()[1]}", "token")
        with pytest.raises(LineClosedError):
            await asyncio.wait_for(robot.open(), OPEN_S + 3.0)
        await robot.close()


async def test_robot_whose_seat_was_taken_over_does_not_come_back(robot: Robot, far: FarEnd) -> None:
    async def replaced(socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
        await far.friendly(socket, message)
        if message["type"] == "offer":
            await socket.send_json({"type": "replaced"})
            await socket.close(code=4001)

    async def act() -> None:
        return None

    far.script = replaced
    await asyncio.wait_for(stay(robot, lambda welcome: Media(), act, lambda text: None), 5.0)
    assert len(far.headers) == 1


@pytest.mark.parametrize(
    ("link", "parts"),
    [
        ("https://localhost:8443/room#abc", ("https://localhost:8443", "abc")),
        ("http://[::1]:80/room#a.b-c_", ("http://[::1]:80", "a.b-c_")),
    ],
)
def test_link_is_split_into_server_and_token(link: str, parts: tuple[str, str]) -> None:
    assert split_link(link) == parts


@pytest.mark.parametrize("link", ["", "https://localhost/room", "ftp://x/room#t", "room#t"])
def test_link_that_is_none_is_refused(link: str) -> None:
    with pytest.raises(ValueError, match="join link"):
        split_link(link)
