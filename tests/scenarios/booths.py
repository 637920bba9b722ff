"""An event of many small booths, so that every scenario has a table of its own at one server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.served import Served, serve

SITES = ("suwon", "hanoi")
SCREEN_PX = (320, 256)
LARGE_SCREEN_PX = (1280, 1024)
BOOTHS = 50  # as many as an event may have


async def running(factory: pytest.TempPathFactory, name: str, **event: object) -> AsyncIterator[Served]:
    """A server of such an event, in a folder of that name, until the generator ends; `event` is for `write_event`."""
    folder = factory.mktemp(name)
    write_event(folder / "event.toml", **event)  # type: ignore[arg-type]
    served = await serve(folder / "state", folder / "event.toml")
    yield served
    await served.stop()


def write_event(
    path: Path,
    *,
    start: str,
    screen_px: tuple[int, int] = SCREEN_PX,
    booths: int = BOOTHS,
    interpreters: tuple[str, ...] = ("kim",),
) -> None:
    """Booths `booth-1` ... with an interpreter `kim-1` ... each; two sites with screens of `screen_px`."""
    width, height = screen_px
    lines = [
        'id = "scenario"',
        f"title = {_names('Scenario')}",
        "date = 2020-05-12",
        'opens = "09:00"',
        'closes = "18:00"',
        'time_zone = "Asia/Seoul"',
        'languages = ["ko", "vi", "en"]',
        f'start = "{start}"',
        "allow_loopback = true",
    ]
    for site, language, zone in (("suwon", "ko", "Asia/Seoul"), ("hanoi", "vi", "Asia/Ho_Chi_Minh")):
        lines += [
            "[[sites]]",
            f'id = "{site}"',
            f"name = {_names(site)}",
            f'language = "{language}"',
            f'time_zone = "{zone}"',
            f"screen = {{ width_px = {width}, height_px = {height} }}",
        ]
    for number in range(1, booths + 1):
        lines += [
            "[[booths]]",
            f'id = "booth-{number}"',
            f"name = {_names(f'Booth {number}')}",
            f"company = {_names('Daon')}",
            f"product = {_names('Router')}",
            "interpreters = [" + ", ".join(f'"{name}-{number}"' for name in interpreters) + "]",
            f"people = {{ suwon = {_names('A')}, hanoi = {_names('B')} }}",
        ]
    for number in range(1, booths + 1):
        for name in interpreters:
            lines += ["[[interpreters]]", f'id = "{name}-{number}"', f"name = {_names(name.title())}"]
            lines += ['languages = ["ko", "vi"]']
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _names(name: str) -> str:
    return f'{{ ko = "{name}", vi = "{name}", en = "{name}" }}'
