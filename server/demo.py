"""`make demo`: the server, and beside it a simulated far room and interpreter, so that one browser is enough."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace

from server import running
from server.demo_cast import Playbill
from server.event import Event
from server.links import Link, links_of
from server.settings import CHECKOUT, Settings
from server.tokens import Tokens
from signaling.seats import Role

FAREWELL_S = 1.5  # the cast says goodbye within that, or is ended
CAPTION = {"ko": "시뮬레이션", "vi": "mô phỏng", "en": "simulation", "zh-Hant": "模擬"}


async def main(settings: Settings, event: Event, tokens: Tokens, stop: asyncio.Event) -> None:
    """Serve `event` with a cast at its first booth until `stop` is set.

    Raises what `server.running.serve` raises.
    """
    ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    closing = asyncio.Event()
    playing = asyncio.create_task(_play(settings, event, tokens, ready, stop))
    playing.add_done_callback(lambda _: closing.set())
    try:
        await running.serve(settings, event, tokens, announce=ready.set_result, stop=closing)
    finally:
        playing.cancel()
        await asyncio.wait([playing])
    if not playing.cancelled():
        playing.result()


async def _play(
    settings: Settings, event: Event, tokens: Tokens, ready: asyncio.Future[int], stop: asyncio.Event
) -> None:
    """Tell what to do, and have the cast play until `stop`: it leaves before the server does."""
    serving = replace(settings, port=await ready)
    now = dt.datetime.now(dt.UTC)
    held = running.rehearsed(event, now)
    links = links_of(held, tokens, origin=serving.origin, now=now, booth=event.booths[0].id)
    print(what_to_do(serving, held, links), flush=True)
    cast = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server.demo_cast", cwd=CHECKOUT, stdin=asyncio.subprocess.PIPE
    )
    try:
        assert cast.stdin is not None
        cast.stdin.write(json.dumps(asdict(playbill(serving, held, links))).encode() + b"\n")
        await cast.stdin.drain()
        watching = asyncio.create_task(_watch(cast))
        await stop.wait()
        watching.cancel()
    finally:
        await asyncio.shield(_dismiss(cast))


async def _watch(cast: asyncio.subprocess.Process) -> None:
    code = await cast.wait()
    print(f"The simulated far room has ended ({code}); the server goes on.", file=sys.stderr, flush=True)


async def _dismiss(cast: asyncio.subprocess.Process) -> None:
    if cast.stdin is not None:
        cast.stdin.close()  # tells the cast to leave
    try:
        await asyncio.wait_for(cast.wait(), FAREWELL_S)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            cast.kill()
        await cast.wait()


def playbill(settings: Settings, event: Event, links: Sequence[Link]) -> Playbill:
    """Who plays where at the first booth: the visitor has the first site, the cast the second and the interpreter."""
    visitor, far = event.sites
    certificate = settings.certificate or settings.state_dir / "ca.crt"
    return Playbill(
        url=settings.origin_here,
        authority=str(certificate),
        room_token=_link(links, Role.ROOM, far.id).token,
        interpreter_token=_link(links, Role.INTERPRETER).token,
        visitor=visitor.id,
        time_zone=far.time_zone,
        caption=f"{far.name[far.language]} · {CAPTION.get(far.language, CAPTION['en'])}",
    )


def what_to_do(settings: Settings, event: Event, links: Sequence[Link]) -> str:
    """What to read on the terminal: one link first, what will happen, and what else can be tried."""
    visitor, far = event.sites
    names = visitor.name.get("en", visitor.id), far.name.get("en", far.id)
    lines = [
        "",
        f"Hanmaru demonstration: you are in {names[0]}; a simulated {names[1]} and an interpreter wait for you.",
        "",
        f"1. Open this link in a browser on this machine (the {names[0]} room):",
        "",
        f"   {_link(links, Role.ROOM, visitor.id).url}",
        "",
    ]
    if settings.certificate is None and settings.tls:
        lines += [
            "   The browser does not know this server's certificate yet: choose Advanced, then Proceed.",
            f"   (To trust it for good, install {settings.origin}/ca.crt.)",
            "",
        ]
    lines += [
        "2. Click once on the page and allow camera and microphone.",
        f"   You see {names[1]} with a running clock and hear the buyer there. The interpreter goes on air after",
        "   each sentence, and after yours when you say something.",
        "",
        "3. Then, if you like, open the operator's page of the same room beside it (pause, mute, fit or fill, volume):",
        "",
        f"   {_link(links, Role.OPERATOR, visitor.id).url}",
        "",
        "Ctrl-C ends it.",
        "",
    ]
    return "\n".join(lines)


def _link(links: Sequence[Link], role: Role, site: str | None = None) -> Link:
    return next(link for link in links if link.seat.role is role and link.seat.site == site)
