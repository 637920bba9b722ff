"""`python -m server loopback`: send a simulated camera and microphone to a server and back, and judge what returns."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import ssl
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass, replace

import aiohttp

from media.engine.simulated import own_addresses
from server import loopback_run, running
from server.event import Event
from server.links import links_of
from server.loopback_checks import Check, judge
from server.robot import LineClosedError, Robot, trusting
from server.settings import Settings
from server.state_dir import secret_of
from server.tokens import Tokens
from signaling.errors import RemoteError
from signaling.seats import Role

PASSED, FAILED, CANNOT_RUN = 0, 1, 2
PROBE_S = 3.0
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Target:
    """The server to test and the token to enter with."""

    url: str
    token: str
    tls: ssl.SSLContext


async def main(
    settings: Settings,
    event: Event,
    *,
    url: str | None = None,
    token: str | None = None,
    site: str | None = None,
    as_json: bool = False,
) -> int:
    """Run the test and print its result; returns the exit code: 0 all passed, 1 something failed, 2 it cannot run.

    With `url` (and `token`, else one is made with this machine's secret) that server is tested; without, the one that
    runs here with these settings, and when none does, one that is started for the test.
    """
    say = _progress(quiet=as_json or not sys.stderr.isatty())
    try:
        async with _target(settings, event, url, token, say) as target:
            robot = Robot(target.url, target.token, tls=target.tls)
            try:
                seen, figures = await loopback_run.run(robot, site=site, addresses=own_addresses(), say=say)
            finally:
                await robot.close()
    except LineClosedError as closed:
        return _cannot(_reason(closed), as_json=as_json)
    except (RemoteError, TimeoutError, running.ServingError) as fault:
        return _cannot(str(fault), as_json=as_json)
    say("")
    checks = judge(seen)
    passed = all(check.passed for check in checks)
    if as_json:
        result = {"passed": passed, "url": target.url, "checks": [asdict(check) for check in checks]}
        print(json.dumps({**result, "seen": asdict(seen), **figures}, ensure_ascii=False, indent=1))
    else:
        print(report(target.url, checks))
    return PASSED if passed else FAILED


def report(url: str, checks: tuple[Check, ...]) -> str:
    """The result for a terminal: a line for each check, and what to do under each that failed."""
    lines = [f"Loopback test of {url}", ""]
    for check in checks:
        word = "PASS" if check.passed else "FAIL"
        lines.append(f"  {word}  {check.name:<18} {check.value:<26} ({check.limit})")
        if not check.passed:
            lines.append(f"        {check.advice}")
    failed = sum(not check.passed for check in checks)
    lines += ["", "All checks passed." if not failed else f"{failed} of {len(checks)} checks failed."]
    return "\n".join(lines)


@contextlib.asynccontextmanager
async def _target(
    settings: Settings, event: Event, url: str | None, token: str | None, say: Say
) -> AsyncIterator[Target]:
    tls = trusting(settings.certificate or settings.state_dir / "ca.crt")
    if url is not None:
        yield Target(url.rstrip("/"), token or _own_token(settings, event), tls)
        return
    here = settings.origin_here
    if await _answers(here, tls):
        yield Target(here, token or _own_token(settings, event), tls)
        return
    print(f"No server answers on {here}: one is started for this test.", file=sys.stderr, flush=True)
    async with _started(replace(settings, hosts=("127.0.0.1",), port=0), event) as port:
        tls = trusting(settings.certificate or settings.state_dir / "ca.crt")
        say(f"server started on port {port}")
        yield Target(replace(settings, hosts=("127.0.0.1",), port=port).origin_here, _own_token(settings, event), tls)


@contextlib.asynccontextmanager
async def _started(settings: Settings, event: Event) -> AsyncIterator[int]:
    """A server in this process for as long as the test takes: its port."""
    stop = asyncio.Event()
    ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    tokens = Tokens(secret_of(settings), event.id)
    serving = asyncio.create_task(running.serve(settings, event, tokens, announce=ready.set_result, stop=stop))
    try:
        await asyncio.wait((ready, serving), return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            await serving
        yield ready.result()
    finally:
        stop.set()
        await asyncio.gather(serving, return_exceptions=True)


async def _answers(url: str, tls: ssl.SSLContext) -> bool:
    timeout = aiohttp.ClientTimeout(total=PROBE_S)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as http, http.get(f"{url}/healthz", ssl=tls) as answer:
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False


def _own_token(settings: Settings, event: Event) -> str:
    """A fresh token of the first booth's first room: a loopback test takes nobody's seat."""
    tokens = Tokens(secret_of(settings), event.id)
    links = links_of(event, tokens, origin=settings.origin, now=dt.datetime.now(dt.UTC), booth=event.booths[0].id)
    return next(link.token for link in links if link.seat.role is Role.ROOM)


def _reason(closed: LineClosedError) -> str:
    if closed.code == 401:
        return "The server refuses this link: it has ended, was revoked, or belongs to another event or secret."
    return f"{closed}."


def _cannot(reason: str, *, as_json: bool) -> int:
    if as_json:
        print(json.dumps({"passed": False, "error": reason}, ensure_ascii=False))
    print(f"The loopback test cannot run: {reason}", file=sys.stderr)
    return CANNOT_RUN


def _progress(*, quiet: bool) -> Say:
    """A line on the terminal that says what is going on; an empty text clears it."""
    if quiet:
        return lambda text: None

    def say(text: str) -> None:
        print(f"\r\x1b[K{text + ' ...' if text else ''}", end="", file=sys.stderr, flush=True)

    return say
