"""Pages and their files are served from one folder, and nothing else is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from server.answers import answers
from server.pages import PAGES, add_pages

Client = TestClient[web.Request, web.Application]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    web_folder = tmp_path / "web"
    (web_folder / "words").mkdir(parents=True)
    for name in PAGES.values():
        (web_folder / name).write_text(f"<!doctype html><title>{name}</title>")
    (web_folder / "line.js").write_text("export {};\n")
    (web_folder / "words" / "ko.json").write_text("{}\n")
    (web_folder / ".hidden.js").write_text("secret")
    (web_folder / "notes.md").write_text("secret")
    (web_folder / "tsconfig.json").write_text("{}")
    (tmp_path / "outside.js").write_text("secret")
    (web_folder / "link.js").symlink_to(tmp_path / "outside.js")
    (web_folder / "out").symlink_to(tmp_path, target_is_directory=True)
    return web_folder


@pytest.fixture
async def client(folder: Path) -> AsyncIterator[Client]:
    app = web.Application(middlewares=[answers])
    add_pages(app, folder)
    async with TestClient(TestServer(app)) as opened:
        yield opened


@pytest.mark.parametrize(("path", "name"), PAGES.items())
async def test_every_page_has_its_short_address(client: Client, path: str, name: str) -> None:
    answer = await client.get(f"/{path}")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert name in await answer.text()


async def test_files_come_with_their_type_and_are_asked_for_anew_by_etag(client: Client, folder: Path) -> None:
    script = await client.get("/line.js")
    assert script.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert script.headers["Cache-Control"] == "no-cache"
    again = await client.get("/line.js", headers={"If-None-Match": script.headers["ETag"]})
    assert again.status == 304
    (folder / "line.js").write_text("export const changed = true;\n")
    changed = await client.get("/line.js", headers={"If-None-Match": script.headers["ETag"]})
    assert "changed" in await changed.text()
    assert (await client.get("/words/ko.json")).content_type == "application/json"


@pytest.mark.parametrize(
    "path",
    [
        "/../outside.js",
        "/%2e%2e/outside.js",
        "/words/..%2f..%2foutside.js",
        "/words/%2e%2e/%2e%2e/outside.js",
        "/..%5coutside.js",
        "/line.js%00.html",
        "/link.js",
        "/out/outside.js",
        "/.hidden.js",
        "/notes.md",
        "/tsconfig.json",
        "/words",
        "/words/",
        "//etc/passwd",
        "/line.js/",
        "/" + "a" * 4000 + ".js",
        "/%ff.js",
    ],
)
async def test_nothing_outside_hidden_or_of_another_kind_is_served(client: Client, path: str) -> None:
    reader, writer = await asyncio.open_connection(client.host, client.port)  # no client tidies the path on its way
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    assert answer.split()[1] == b"404"
    assert b"secret" not in answer
