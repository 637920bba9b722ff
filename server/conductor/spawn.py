"""Background work that never dies in silence."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

import structlog

log = structlog.get_logger("conductor")


def spawn(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
    """Run `work` under `name`; whoever calls this holds the task and ends it. An unexpected end is logged."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_ended)
    return task


async def end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel tasks and wait until they are over."""
    waiting = tuple(tasks)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


def _ended(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("task_died", task=task.get_name(), exc_info=error)
