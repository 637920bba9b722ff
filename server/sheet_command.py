"""`python -m server sheet`: writes the sheet of a site into files that only their owner can read."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from server import state_dir
from server.event import Event
from server.links import links_of, valid_until
from server.settings import Settings, SetupError, origin_of
from server.sheet import Sheet, sheet_of
from server.sheet_document import written_by_us
from server.sheet_printing import Press
from server.state_dir import secret_of
from server.tls import certificates
from server.tokens import Tokens


class OrderError(Exception):
    """The command asks for what cannot be; the message is a sentence for whoever typed it."""


class SheetFileError(SetupError):
    """A file cannot be written; the message is a sentence for whoever runs the command."""


@dataclass(frozen=True, slots=True)
class Order:
    """What shall be written; `files` by kind, "pdf" or "html", `caution` a sentence about links that lead nowhere."""

    settings: Settings
    event: Event
    site: str
    files: Mapping[str, Path]
    caution: str | None


def ordered(
    settings: Settings, event: Event, site: str | None, *, base_url: str | None, pdf: Path | None, html: Path | None
) -> Order:
    """What the command asks for: without a name a PDF in this folder, with `html` alone no PDF. Raises OrderError."""
    known = [own.id for own in event.sites]
    if site is None or site not in known:
        said = "Name a site with --site" if site is None else f'This event has no site "{site}"'
        raise OrderError(f"{said}; it has {', '.join(known)}.")
    if base_url is not None:
        origin = origin_of(base_url.rstrip("/"))
        if origin is None or not origin.startswith("https://"):
            raise OrderError(f'"{base_url}" is no origin; write it such as https://hall.example:8443.')
        settings = replace(settings, public_origins=(origin, *settings.public_origins))
    files = {} if html is None else {"html": html}
    if html is None or pdf is not None:
        files["pdf"] = pdf or Path(f"hanmaru-{event.id}-{site}.pdf")
    caution = None
    if not settings.public_origins and (settings.binds_loopback or settings.binds_everywhere):
        cure = "name the server with --base-url or HANMARU_PUBLIC_ORIGINS"
        caution = f"The links point to {settings.origin}, which only this machine can open; {cure}."
    return Order(settings, event, site, files, caution)


def write(order: Order, *, force: bool) -> None:
    """Write the files, all with the same links, mode 0600; one that is there must be a sheet, unless `force`.

    Raises SetupError.
    """
    for path in order.files.values():
        _allow(path, force=force)
    sheet = _sheet(order.settings, order.event, order.site)

    async def made() -> dict[str, bytes]:
        press = Press()
        return {kind: await press.make(kind, sheet, standalone=kind == "html") for kind in order.files}

    for kind, content in asyncio.run(made()).items():
        _write(order.files[kind], content)


def _sheet(settings: Settings, event: Event, site: str) -> Sheet:
    from server.running import rehearsed  # it brings the media libraries, which take a second

    now = dt.datetime.now(dt.UTC)
    event = rehearsed(event, now)
    tokens = Tokens(secret_of(settings), event.id)
    links = links_of(event, tokens, origin=settings.origin, now=now)
    authority = certificates(settings, now).authority if settings.tls else None
    pem = None if authority is None else authority.read_bytes()
    until = valid_until(event, now)
    return sheet_of(event, site, links, origin=settings.origin, now=now, expires_at=until, authority=pem)


def _allow(path: Path, *, force: bool) -> None:
    if path.is_dir():
        raise SheetFileError(f"{path} is a folder; name a file in it.")
    try:
        is_ours = not path.exists() or force or written_by_us(path.read_bytes())
    except OSError as error:
        raise SheetFileError(f"{path} cannot be read ({error.strerror}).") from error
    if not is_ours:
        raise SheetFileError(f"{path} is there and is no sheet; name another file, or say --force to replace it.")


def _write(path: Path, content: bytes) -> None:
    try:
        state_dir.write(path, content)
    except OSError as error:
        raise SheetFileError(f"{path} cannot be written ({error.strerror}).") from error
