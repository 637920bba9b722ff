"""All transcode processes of an engine: one for each source that needs it, one ahead, none for nobody."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from media.engine import transcoding as transcoding_module
from media.engine.ledger import Ledger
from media.engine.transcoder import Transcoder
from media.engine.transcoding import MOST_PROCESSES, Transcoding
from media.transcode_budget import REFUSED, Wish
from media.transcode_wire import Done, Made


@dataclass(eq=False)
class Line:
    """A source that wants a process."""

    transcoding: Transcoding
    process: Transcoder | None = None
    ends: list[str] = field(default_factory=list)
    every: list[int] = field(default_factory=list)
    wished: list[tuple[float, Wish]] = field(default_factory=list)

    def hired(self, process: Transcoder) -> None:
        assert self.process is None
        self.process = process

    def made(self, made: Made) -> None: ...

    def done(self, done: Done) -> None: ...

    def ended(self, why: str) -> None:
        self.ends.append(why)
        self.process = None
        self.transcoding.lost(self)

    def wishes(self) -> list[tuple[float, Wish]]:
        return self.wished

    def measure(self, now: float) -> None: ...

    def give(self, every: dict[Hashable, int]) -> None:
        self.every = [every[wish.output] for _, wish in self.wished]


@pytest.fixture
async def transcoding() -> AsyncIterator[Transcoding]:
    transcoding = Transcoding(cores=1.0)
    yield transcoding
    await transcoding.close()
    assert transcoding.processes == []


async def until(fact: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not fact():  # noqa: ASYNC110 - of processes, which have no event to wait for
            await asyncio.sleep(0.01)


async def test_nobody_has_no_process_and_the_first_who_hires_leaves_one_ahead(transcoding: Transcoding) -> None:
    assert transcoding.processes == []
    line = Line(transcoding)
    transcoding.hire(line)
    transcoding.hire(line)
    await until(lambda: len(transcoding.processes) == 2)
    assert line.process is not None
    second = Line(transcoding)
    transcoding.hire(second)
    assert second.process is not None, "at once: it was ready"
    assert second.process.pid != line.process.pid
    await until(lambda: len(transcoding.processes) == 3)


async def test_a_process_that_is_lost_is_replaced_by_the_one_ahead(transcoding: Transcoding) -> None:
    line = Line(transcoding)
    transcoding.hire(line)
    await until(lambda: len(transcoding.processes) == 2)
    assert line.process is not None
    before, ahead = transcoding.processes
    os.kill(before, signal.SIGKILL)
    await until(lambda: line.ends == ["end of pipe"])
    transcoding.hire(line)
    assert line.process.pid == ahead
    await until(lambda: len(transcoding.processes) == 2)
    assert before not in transcoding.processes


async def test_the_one_ahead_is_replaced_when_it_dies(transcoding: Transcoding) -> None:
    line = Line(transcoding)
    transcoding.hire(line)
    await until(lambda: len(transcoding.processes) == 2)
    _, ahead = transcoding.processes
    os.kill(ahead, signal.SIGKILL)
    await until(lambda: len(transcoding.processes) == 2 and ahead not in transcoding.processes)
    assert line.ends == []


async def test_a_process_is_never_given_to_another_source(transcoding: Transcoding) -> None:
    first, second = Line(transcoding), Line(transcoding)
    transcoding.hire(first)
    await until(lambda: first.process is not None)
    assert first.process is not None
    used = first.process
    transcoding.release(first)
    assert first.ends == [], "it asked for that"
    transcoding.hire(second)
    await until(lambda: second.process is not None)
    assert second.process is not used
    assert used.reaped is not None
    await used.reaped


async def test_when_nobody_needs_one_any_more_none_is_kept(
    transcoding: Transcoding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcoding_module, "LINGER_S", 0.05)
    line = Line(transcoding)
    transcoding.hire(line)
    await until(lambda: len(transcoding.processes) == 2)
    transcoding.release(line)
    await until(lambda: transcoding.processes == [])


async def test_there_are_never_more_processes_than_a_machine_bears_and_who_waits_is_served_when_one_is_free(
    transcoding: Transcoding, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_PROCESSES == 8
    monkeypatch.setattr(transcoding_module, "MOST_PROCESSES", 2)
    lines = [Line(transcoding) for _ in range(4)]
    for line in lines:
        transcoding.hire(line)
    await until(lambda: sum(line.process is not None for line in lines) == 2)
    assert len(transcoding.processes) == 2
    transcoding.release(lines[3])
    transcoding.release(lines[0])
    await until(lambda: lines[2].process is not None)
    assert lines[3].process is None
    assert len(transcoding.processes) == 2


async def test_a_process_that_cannot_be_started_is_tried_again(
    transcoding: Transcoding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcoding_module, "AGAIN_S", 0.05)
    monkeypatch.setattr("sys.executable", "/bin/false")
    line = Line(transcoding)
    transcoding.hire(line)
    await asyncio.sleep(0.3)
    assert line.process is None
    monkeypatch.undo()
    await until(lambda: line.process is not None)


async def test_the_budget_is_divided_when_somebody_comes_and_when_somebody_goes(transcoding: Transcoding) -> None:
    first, second = Line(transcoding), Line(transcoding)
    for line in (first, second):
        line.wished = [(time.monotonic(), Wish((line, "shape"), line, 0.1, 0.6))]
        transcoding.enter(line)
    assert (first.every, second.every) == ([1], [3])
    transcoding.leave(first)
    transcoding.enter(first)
    assert first.every == [1], "its place is that of its coming"


async def test_engines_that_share_a_ledger_share_the_budget_in_the_order_of_coming(tmp_path: Path) -> None:
    engines = [Transcoding(cores=1.1, ledger=Ledger(tmp_path / "ledger")) for _ in range(3)]
    lines = [Line(engine) for engine in engines]
    for line in lines:
        line.wished = [(time.monotonic(), Wish((line, "shape"), line, 0.1, 0.6))]
        line.transcoding.enter(line)
    for line in lines:
        line.transcoding.enter(line)
    assert [line.every for line in lines] == [[2], [3], [3]]
    late = Line(engines[0], wished=[(time.monotonic(), Wish("late", "late", 0.1, 0.6))])
    engines[0].enter(late)
    assert late.every == [REFUSED], "though its own engine makes one picture only"
    for engine in engines:
        await engine.close()


async def test_closing_in_the_middle_of_a_start_leaves_nothing_behind() -> None:
    transcoding = Transcoding(cores=1.0)
    line = Line(transcoding)
    transcoding.hire(line)
    await asyncio.sleep(0.02)
    await transcoding.close()
    await until(lambda: transcoding._starting == 0)
    assert transcoding.processes == []
    assert line.process is None
