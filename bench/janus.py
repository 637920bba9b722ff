"""Janus, the peer to measure against: its daemon with a folder of settings of its own, VideoRoom and AudioBridge.

https://janus.conf.meetecho.com/docs/videoroom.html, .../audiobridge.html, .../rest.html (WebSockets).
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import ifaddr

from bench.cast import Participant, Wish, lines
from bench.hanmaru import free_port
from bench.janus_line import Line
from bench.peer import Peer, way
from bench.process import ended, opened, wrote
from media.engine.opus import BITS_PER_S, COMPLEXITY, LOSS_HINT_PERCENT

DAEMON = "janus"
READY_S = 15.0
STOP_S = 5.0
PLUGINS = ("libjanus_audiobridge.so", "libjanus_videoroom.so")


def available() -> bool:
    """Whether Janus is installed."""
    return shutil.which(DAEMON) is not None


def version() -> str:
    """Its Debian version."""
    query = ["dpkg-query", "--show", "--showformat", "${Version}", "janus"]
    return subprocess.run(query, capture_output=True, text=True, check=False).stdout or "unknown"


def own_address() -> str:
    """An IPv4 address of this machine that is not loopback: Janus never uses that one.

    What is sent from the machine to its own address passes through the loopback device all the same. Raises
    RuntimeError on a machine without a network.
    """
    found = ifaddr_addresses()
    if not found:
        raise RuntimeError("Janus needs an address of this machine besides 127.0.0.1, and there is none")
    return found[0]


def ifaddr_addresses() -> list[str]:
    """Every IPv4 address of this machine but loopback."""
    every = [ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips]
    return [one for one in every if isinstance(one, str) and not one.startswith("127.")]


@dataclass
class Rooms:
    """A VideoRoom and an AudioBridge that belong together, with their people."""

    line: Line
    number: int
    people: dict[str, Participant] = field(default_factory=dict)
    handles: list[int] = field(default_factory=list)
    made: list[tuple[int, str]] = field(default_factory=list)
    """Handles that made a room, to destroy it: an empty AudioBridge keeps a thread that mixes."""

    async def leave(self) -> None:
        for person in self.people.values():
            await person.leave()
        for handle in self.handles:
            await self.line.detach(handle)
        for handle, _ in self.made:
            await self.line.message(handle, {"request": "destroy", "room": self.number})
            await self.line.detach(handle)


@dataclass
class Janus:
    """A running daemon."""

    process: asyncio.subprocess.Process
    http: aiohttp.ClientSession
    line: Line
    address: str
    name: str = "Janus"
    _rooms: itertools.count[int] = field(default_factory=lambda: itertools.count(1001))

    @property
    def pid(self) -> int:
        return self.process.pid

    async def meet(self, wish: Wish, place: int = 0) -> Rooms:
        rooms = Rooms(self.line, next(self._rooms))
        rooms.people = {person: Participant(person) for person in wish.people}
        try:
            if wish.voices:
                await self._make(rooms, "audiobridge", {"sampling_rate": 48_000, "audiolevel_ext": False})
                await asyncio.gather(*(self._speak(rooms, wish, person) for person in wish.people))
            if wish.clip is not None:
                extras = {"publishers": 6, "bitrate": 5_000_000, "videocodec": "vp8", "transport_wide_cc_ext": False}
                await self._make(rooms, "videoroom", extras)
                feeds = {person: await self._show(rooms, wish, person) for person in wish.people if wish.shows(person)}
                for person in wish.people:
                    if wish.watches(person):
                        (other,) = [feed for name, feed in feeds.items() if name != person]
                        await self._watch(rooms, wish, person, other)
        except BaseException:
            await rooms.leave()
            raise
        return rooms

    async def stop(self) -> None:
        with suppress(RuntimeError, TimeoutError, ConnectionError):  # it may be gone already
            await self.line.close()
        await self.http.close()
        await ended(self.process, STOP_S)

    async def _make(self, rooms: Rooms, plugin: str, extras: dict[str, Any]) -> None:
        handle = await self.line.attach(plugin)
        if plugin == "audiobridge":
            extras = extras | {"default_bitrate": BITS_PER_S, "default_expectedloss": LOSS_HINT_PERCENT}
        await self.line.message(handle, {"request": "create", "room": rooms.number, "permanent": False} | extras)
        rooms.made.append((handle, plugin))

    async def _speak(self, rooms: Rooms, wish: Wish, person: str) -> None:
        handle = await self.line.attach("audiobridge")
        rooms.handles.append(handle)
        peer = Peer([way("audio", "sendrecv", "0")], lines(wish, person), address=self.address)
        rooms.people[person].attach(peer, wish)
        settings = {"quality": COMPLEXITY, "bitrate": BITS_PER_S, "expected_loss": LOSS_HINT_PERCENT}
        await self.line.message(handle, {"request": "join", "room": rooms.number, "display": person, **settings})
        offer = {"type": "offer", "sdp": await peer.offer(), "trickle": False}
        answer = await self.line.message(handle, {"request": "configure", "muted": False}, offer)
        await peer.accept(answer["jsep"]["sdp"])
        rooms.people[person].be_quiet()

    async def _show(self, rooms: Rooms, wish: Wish, person: str) -> int:
        handle = await self.line.attach("videoroom")
        rooms.handles.append(handle)
        peer = Peer([way("video", "sendonly", "0")], lines(wish, person), address=self.address)
        rooms.people[person].attach(peer, wish)
        joined = await self.line.message(handle, {"request": "join", "ptype": "publisher", "room": rooms.number})
        offer = {"type": "offer", "sdp": await peer.offer(), "trickle": False}
        answer = await self.line.message(handle, {"request": "publish"}, offer)
        await peer.accept(answer["jsep"]["sdp"])
        await self.line.up(handle)
        feed: int = joined["plugindata"]["data"]["id"]
        return feed

    async def _watch(self, rooms: Rooms, wish: Wish, person: str, feed: int) -> None:
        handle = await self.line.attach("videoroom")
        rooms.handles.append(handle)
        peer = Peer((), lines(wish, person), address=self.address)
        body = {"request": "join", "ptype": "subscriber", "room": rooms.number, "streams": [{"feed": feed}]}
        offered = await self.line.message(handle, body)
        said, connecting = await peer.answer(offered["jsep"]["sdp"])
        rooms.people[person].attach(peer, wish)
        await self.line.message(handle, {"request": "start"}, {"type": "answer", "sdp": said, "trickle": False})
        await connecting


async def start(folder: Path) -> Janus:
    """Start the daemon with settings of its own; signaling on loopback. Raises RuntimeError with its log."""
    port, log = free_port(), folder / "janus.log"
    with opened(log) as out:
        _settings(folder, port)
        process = await asyncio.create_subprocess_exec(
            *(DAEMON, "--configs-folder", str(folder), "--disable-colors", "--debug-level", "2"),
            cwd=folder,
            env={**os.environ, "HOME": str(folder)},
            stdout=out,
            stderr=out,
        )
    http = aiohttp.ClientSession()
    try:
        line = Line(await _reach(http, port, process, log))
        await line.begin()
    except BaseException:
        await http.close()
        if process.returncode is None:
            process.kill()
        await process.wait()
        raise
    return Janus(process, http, line, own_address())


async def _reach(
    http: aiohttp.ClientSession, port: int, process: asyncio.subprocess.Process, log: Path
) -> aiohttp.ClientWebSocketResponse:
    deadline_s = asyncio.get_running_loop().time() + READY_S
    while True:
        try:
            return await http.ws_connect(f"ws://127.0.0.1:{port}", protocols=("janus-protocol",), max_msg_size=1 << 20)
        except aiohttp.ClientError as fault:
            if process.returncode is not None or asyncio.get_running_loop().time() > deadline_s:
                raise RuntimeError(f"Janus did not get ready ({fault}):\n{wrote(log)}") from fault
            await asyncio.sleep(0.1)


def _settings(folder: Path, port: int) -> None:
    """One address for media, the WebSocket door only, both plugins and no rooms."""
    installed = next(Path("/usr/lib").glob("*/janus"), Path("/usr/lib/janus"))
    unwanted = ",".join(sorted(one.name for one in (installed / "plugins").glob("*.so") if one.name not in PLUGINS))
    doors = ",".join(
        sorted(one.name for one in (installed / "transports").glob("*.so") if one.name != "libjanus_websockets.so")
    )
    loggers = ",".join(sorted(one.name for one in (installed / "loggers").glob("*.so")))
    events = ",".join(sorted(one.name for one in (installed / "events").glob("*.so")))
    (folder / "janus.jcfg").write_text(
        f"""general: {{ configs_folder = "{folder}"; plugins_folder = "{installed}/plugins";
  transports_folder = "{installed}/transports"; events_folder = "{installed}/events";
  loggers_folder = "{installed}/loggers"; debug_level = 2; daemonize = false; }}
nat: {{ ice_enforce_list = "{own_address()}"; nice_debug = false; }}
plugins: {{ disable = "{unwanted}"; }}
transports: {{ disable = "{doors}"; }}
loggers: {{ disable = "{loggers}"; }}
events: {{ broadcast = false; disable = "{events}"; }}
""",
        encoding="utf-8",
    )
    (folder / "janus.transport.websockets.jcfg").write_text(
        f'general: {{ json = "compact"; ws = true; ws_port = {port}; ws_ip = "127.0.0.1"; wss = false; }}\n'
        "admin: { admin_ws = false; admin_wss = false; }\n",
        encoding="utf-8",
    )
    for plugin in ("audiobridge", "videoroom"):
        (folder / f"janus.plugin.{plugin}.jcfg").write_text("general: { }\n", encoding="utf-8")
