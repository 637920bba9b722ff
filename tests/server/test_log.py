"""A log line is one line, harmless to terminals, and without secrets."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog

from server.log import configure
from server.tokens import Tokens
from signaling.seats import Role, Seat


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_json_line_with_its_fields() -> None:
    stream = io.StringIO()
    configure(stream)
    structlog.get_logger("doors").info("seat_exchanged", seat="room.booth-1.suwon", count=2)
    (line,) = lines(stream)
    assert {key: line[key] for key in ("event", "level", "logger", "seat", "count")} == {
        "event": "seat_exchanged",
        "level": "info",
        "logger": "doors",
        "seat": "room.booth-1.suwon",
        "count": 2,
    }
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize("make", [io.StringIO, Terminal])
def test_no_field_can_forge_a_line_or_steer_a_terminal(make: type[io.StringIO]) -> None:
    stream = make()
    configure(stream)
    evil = 'x\r\n{"event": "forged"}\u2028\x1b]0;owned\x07\x1b[2J\x9b31m'
    structlog.get_logger("doors").info("came", address=evil, **{"key\n": {"inner": [evil]}})
    logging.getLogger("aiohttp.server").warning("bad request: %s", evil)
    text = stream.getvalue()
    assert len(text.splitlines()) == 2
    assert not any(code in text for code in ("\x1b]0", "\x1b[2J", "\x9b", "\x07", "\r", "\u2028"))


def test_neither_tokens_nor_session_descriptions_are_ever_written() -> None:
    stream = io.StringIO()
    configure(stream)
    now = datetime.now(UTC)
    token = Tokens("s" * 43, "e").mint(
        Seat(Role.ROOM, "booth-1", "suwon"), now=now, expires_at=now + timedelta(hours=1)
    )
    log = structlog.get_logger("doors")
    log.info("came", url=f"https://x/room#{token}", offer="v=0\r\no=- 1 2 IN IP4 192.0.2.55\r\n")
    try:
        raise ValueError(f"cannot read {token}")
    except ValueError:
        log.exception("broke")
    text = stream.getvalue()
    assert token.split(".")[2] not in text
    assert "192.0.2.55" not in text
    assert "ValueError: cannot read (token)" in lines(stream)[1]["exception"]


def test_an_endless_field_is_cut() -> None:
    stream = io.StringIO()
    configure(stream)
    structlog.get_logger("doors").info("came", text="x" * 100_000)
    assert len(stream.getvalue()) < 4000
