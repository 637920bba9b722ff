"""Debian's coturn and nginx in a place of their own, with the files that we hand out."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from server.relay import Relay
from tests.support.served import CHECKOUT
from tests.support.weather.namespace import Namespace

SECRET = "a secret that only the relay and Hanmaru know"
REALM = "hanmaru.example"
NAME = "turn.hanmaru.example"
TURN_PORT, TLS_PORT = 3478, 5349
NONCE_S = 1  # instead of ten minutes: what lasts for some seconds has outlived its nonce
START_S = 10.0
TEMPORARY = " ".join(
    f"{kind}_temp_path {{folder}}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
)
ENDS_WITH_US = ("setpriv", "--pdeathsig", "KILL")


def why_not() -> str | None:
    """Why there can be no relay here; None: there can, or CI is to fail."""
    missing = [name for name in ("turnserver", "nginx", "certutil", "nft", "setpriv") if shutil.which(name) is None]
    if "CI" in os.environ:
        return None
    return f"{', '.join(missing)} not installed" if missing else None


@dataclass(frozen=True, slots=True)
class Turn:
    """A running relay, reached by `host`: an address of its place, or a name."""

    host: str
    log: Path

    def udp(self) -> str:
        return f"turn:{self.host}:{TURN_PORT}?transport=udp"

    def tcp(self) -> str:
        return f"turn:{self.host}:{TURN_PORT}?transport=tcp"

    def tls(self, port: int = TLS_PORT) -> str:
        return f"turns:{self.host}:{port}?transport=tcp"

    def relay(self, *addresses: str) -> Relay:
        """It, as Hanmaru knows it."""
        return Relay(addresses or (self.udp(), self.tcp(), self.tls()), SECRET)

    def settings(self, *addresses: str) -> dict[str, str]:
        """The same, as variables of Hanmaru's environment."""
        return {"HANMARU_TURN": ",".join(self.relay(*addresses).addresses), "HANMARU_TURN_SECRET": SECRET}


@asynccontextmanager
async def turnserver(
    place: Namespace, folder: Path, certificate: Path, key: Path, *, to: Namespace | None = None, host: str = ""
) -> AsyncIterator[Turn]:
    """coturn with `deploy/turnserver.conf` in `place`; it carries to `to` (else to its own place) and nowhere else."""
    peers = "".join(f"\nallowed-peer-ip={address}" for address in ((to or place).ipv4, (to or place).ipv6))
    text = ours(
        "turnserver.conf",
        {
            "CHANGE-THIS-TO-64-HEXADECIMAL-DIGITS-OF-YOUR-OWN": SECRET,
            "\nlistening-ip=192.0.2.10\n": f"\nlistening-ip={place.ipv4}\nlistening-ip={place.ipv6}\n",
            "\nrelay-ip=192.0.2.10\n": f"\nrelay-ip={place.ipv4}\nrelay-ip={place.ipv6}\n",
            "\nallowed-peer-ip=192.0.2.10\n": f"{peers}\n",
            "stale-nonce=600": f"stale-nonce={NONCE_S}",
            "/etc/ssl/turn.hanmaru.example.crt": str(certificate),
            "/etc/ssl/turn.hanmaru.example.key": str(key),
        },
    )
    settings = written(folder / "turnserver.conf", text)
    log = folder / "turnserver.log"
    files = ("-c", str(settings), "--pidfile", str(folder / "turnserver.pid"), "--userdb", "")
    async with running(log, *place.prefix, "turnserver", *files):
        for port in (TURN_PORT, TLS_PORT):
            await answers(place, port, log)
        yield Turn(host or place.ipv4, log)


@asynccontextmanager
async def nginx_443(
    place: Namespace, folder: Path, *, pages_port: int = 0, certificate: Path | None = None, key: Path | None = None
) -> AsyncIterator[None]:
    """nginx with `deploy/nginx-443.conf` in `place`, in front of coturn and of Hanmaru itself at `pages_port`.

    With a certificate in front of Hanmaru behind `deploy/nginx.conf`, as that file's head tells.
    """
    changes = {"192.0.2.10:5349;": f"{place.ipv4}:{TLS_PORT};"}
    pages = ""
    if certificate is None:
        plain = f"server {{ listen 127.0.0.1:8444 proxy_protocol; proxy_pass {place.ipv4}:{pages_port}; }}"
        changes["stream {\n"] = f"stream {{\n{plain}\n"
    else:
        behind = "listen 127.0.0.1:8444 ssl proxy_protocol; set_real_ip_from 127.0.0.1; real_ip_header proxy_protocol;"
        pages = ours(
            "nginx.conf",
            {
                "listen 443 ssl;": behind,
                "listen [::]:443 ssl;": "",
                "/etc/ssl/hanmaru.crt": str(certificate),
                "/etc/ssl/hanmaru.key": str(key),
            },
        )
        pages = f"http {{ access_log off; {TEMPORARY.format(folder=folder)}\n{pages}\n}}\n"
    modules = "load_module /usr/lib/nginx/modules/ngx_stream_module.so;\n"
    own = f"daemon off;\nmaster_process off;\npid {folder}/nginx.pid;\nerror_log stderr;\nevents {{}}\n"
    settings = written(folder / "nginx.conf", modules + own + ours("nginx-443.conf", changes) + pages)
    log = folder / "nginx.log"
    async with running(log, *place.prefix, "nginx", "-p", str(folder), "-c", str(settings), "-e", "stderr"):
        await answers(place, 443, log)
        yield


def ours(name: str, changes: dict[str, str]) -> str:
    """A file that we hand out, with what is marked "yours" in it changed."""
    text = (CHECKOUT / "deploy" / name).read_text(encoding="utf-8")
    for there, here in changes.items():
        assert text.count(there) == 1, there
        text = text.replace(there, here)
    return text


def written(path: Path, text: str) -> Path:
    """A file with that in it, in a folder that is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def last_words(log: Path) -> str:
    """What a program complained of."""
    return log.read_text(encoding="utf-8", errors="replace")[-2000:]


@asynccontextmanager
async def running(log: Path, *command: str) -> AsyncIterator[None]:
    """A program for as long as the block lasts; it ends with this process."""
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(*ENDS_WITH_US, *command, stdout=out, stderr=out)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def answers(place: Namespace, port: int, log: Path) -> None:
    """Wait until TCP is taken there. Raises TimeoutError with the log."""
    loop = asyncio.get_running_loop()
    deadline_s = loop.time() + START_S
    while True:
        with place.socket((2, 1, 6)) as probe:
            try:
                await loop.sock_connect(probe, (place.ipv4, port))
                return
            except OSError as error:
                if loop.time() > deadline_s:
                    raise TimeoutError(last_words(log)) from error
        await asyncio.sleep(0.05)
