"""The pages and their files, served from `web/` as they stand."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiohttp import web

from server.settings import CHECKOUT

WEB = CHECKOUT / "web"
PAGES = {
    "": "index.html",
    "room": "room.html",
    "interpreter": "interpreter.html",
    "operator": "operator.html",
    "loopback": "loopback.html",
}
# Named here and not guessed: what has another ending is no page's file, and some machines do not know all of these.
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".otf": "font/otf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".ttc": "font/collection",
    ".ttf": "font/ttf",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
NOT_PAGES = {"package.json", "package-lock.json", "tsconfig.json", "jsconfig.json"}


def add_pages(app: web.Application, folder: Path = WEB) -> None:
    """Add a route for every page and one for their files; add it last: the files' route takes what is left."""
    root = folder.resolve()

    async def page(request: web.Request) -> web.StreamResponse:
        name = PAGES[request.path.strip("/")]
        return await _file(root, name)

    async def part(request: web.Request) -> web.StreamResponse:
        return await _file(root, request.match_info["path"])

    for path in PAGES:
        app.router.add_get(f"/{path}", page)
    app.router.add_get("/{path:.+}", part)


async def _file(root: Path, name: str) -> web.FileResponse:
    path = await asyncio.to_thread(_found, root, name)
    if path is None:
        raise web.HTTPNotFound
    response = web.FileResponse(path, headers={"Content-Type": TYPES[path.suffix]})
    # Asked for anew each time and answered 304 by its ETag: an update is there at the next reload.
    response.headers["Cache-Control"] = "no-cache"
    return response


def _found(root: Path, name: str) -> Path | None:
    """The file of a name below the root; None for whatever leads elsewhere, is hidden, or is no page's file."""
    parts = name.split("/")
    if any(not part or part.startswith(".") or "\\" in part or not part.isprintable() for part in parts):
        return None
    path = root.joinpath(*parts)
    if path.suffix not in TYPES or path.name in NOT_PAGES:
        return None
    try:
        if path.resolve(strict=True) != path or not path.is_file():  # a symbolic link leads elsewhere
            return None
    except (OSError, ValueError):
        return None
    return path
