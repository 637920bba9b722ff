"""Logs: events with fields at state changes, as JSON lines, or in colour on a terminal; never tokens, SDP or names."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog

# What must never be written, whatever a field holds: signed tokens, and session descriptions.
_TOKEN = re.compile(r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_SDP = re.compile(r"v=0\r?\n.*", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
MAX_LETTERS = 2000

Fields = MutableMapping[str, Any]


def configure(stream: TextIO | None = None, *, level: int = logging.INFO) -> None:
    """Send structlog's events and every library's records to `stream` (standard error), one line each."""
    out = sys.stderr if stream is None else stream
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        harmless,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    renderer: Any = structlog.dev.ConsoleRenderer() if out.isatty() else structlog.processors.JSONRenderer()
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for chatty in ("aioice", "aiortc", "asyncio", "aiosqlite", "sqlalchemy"):
        logging.getLogger(chatty).setLevel(max(level, logging.WARNING))


def harmless(_logger: object, _method: str, fields: Fields) -> Fields:
    """Take secrets out of every field and escape what could forge a line or steer a terminal."""
    return {
        str(_clean(key)): value if key.startswith("_") else _clean(value, key == "exception")
        for key, value in fields.items()
    }


def _clean(value: object, keeps_lines: bool = False) -> object:
    if isinstance(value, str):
        text = _SDP.sub("(SDP)", _TOKEN.sub("(token)", value))
        if keeps_lines:
            return "\n".join(_CONTROL.sub(_escaped, line) for line in text.splitlines())
        return _CONTROL.sub(_escaped, text[:MAX_LETTERS])
    if isinstance(value, Mapping):
        return {str(_clean(str(key))): _clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_clean(item) for item in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return _clean(str(value))


def _escaped(match: re.Match[str]) -> str:
    return f"\\x{ord(match[0]):02x}"
