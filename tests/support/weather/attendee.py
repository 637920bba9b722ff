"""A guest's process seen from the test: start it at a place, ask it what it heard and saw."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from tests.support.served import CHECKOUT, Served
from tests.support.weather.guest import Card
from tests.support.weather.namespace import Namespace
from tests.support.weather.tones import Span, tone_hz

ANSWER_S = 30.0  # a machine on which twenty guests begin at once
END_S = 3.0
SMALL = (320, 256, 300_000)


@dataclass(frozen=True, slots=True)
class Notes:
    """What was noted since some instant; see `Guest.notes`."""

    now_s: float
    heard: dict[int, list[Span]]
    """By frequency in Hz."""
    shown: list[Span]
    clicks: list[float]
    played: dict[str, int]
    """Samples of sound so far by what they were made of: decode, mend, conceal, pause."""
    connected: list[float]
    said: list[tuple[float, str]]
    booth: dict[str, Any]
    seat: str | None
    generation: int | None
    stays: bool

    @classmethod
    def read(cls, answer: dict[str, Any]) -> Notes:
        """As it came."""
        heard = {int(hz): [(start, end) for start, end in spans] for hz, spans in answer["heard"].items()}
        shown = [(start, end) for start, end in answer["shown"]]
        return cls(**{**answer, "heard": heard, "shown": shown})

    @property
    def all_connected(self) -> bool:
        """Whether the booth is live and media of everybody flow."""
        booth = self.booth
        if not booth or booth["phase"] != "live":
            return False
        return all(each["media"] == "connected" for each in (*booth["sites"].values(), *booth["interpreters"].values()))

    def on_air(self, name: str) -> bool:
        """Whether the booth says so of the interpreter whose id begins so."""
        voices = self.booth["interpreters"] if self.booth else {}
        return any(voice["on_air"] for person, voice in voices.items() if person.startswith(name))

    def hears(self, other: Attendee) -> list[Span]:
        """When that one was heard."""
        return self.heard.get(other.hz, [])


class Attendee:
    """`role` is room or interpreter; `tone` is unique on this network."""

    def __init__(self, name: str, booth: str, role: str, site: str | None, tone: int, place: Namespace) -> None:
        self.name, self.booth, self.role, self.site, self.tone, self.place = name, booth, role, site, tone, place
        self._process: asyncio.subprocess.Process | None = None
        self._one_at_a_time = asyncio.Lock()

    @property
    def hz(self) -> int:
        return tone_hz(self.tone)

    async def start(self, served: Served, clips: Path, film: tuple[int, int, int] = SMALL) -> Self:
        """Bring the process up; it has joined nothing yet."""
        self._process = await asyncio.create_subprocess_exec(
            *(*self.place.prefix, sys.executable, "-m", "tests.support.weather.guest"),
            cwd=CHECKOUT,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # or its threads spin, and there are many guests
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 22,
        )
        person = self.name.partition(" ")[0].title() if self.role == "interpreter" else ""
        link = served.link(self.role, self.booth, self.site, person)
        authority = Path(served.environment["HANMARU_STATE_DIR"]) / "ca.crt"
        card = Card(served.origin, link.token, str(authority), self.role, self.tone, str(clips), film)
        self._write(asdict(card))
        return self

    async def join(self) -> None:
        """Take the seat and stay."""
        await self._ask({"ask": "join"})

    async def leave(self) -> None:
        """Give it up."""
        await self._ask({"ask": "leave"})

    async def speak(self, packets: Sequence[bytes] = ()) -> None:
        """Say these packets of Opus over and over; nothing: hum again.

        They are made here: a guest that computes for a second is late for everything else.
        """
        await self._ask({"ask": "speak", "packets": [packet.hex() for packet in packets]})

    async def notes(self, since_s: float) -> Notes:
        """What was heard and seen since then (monotonic)."""
        return Notes.read(await self._ask({"ask": "notes", "since_s": since_s}))

    async def command(self, kind: str, **fields: object) -> dict[str, Any]:
        """`ok`, or `fault` with its words and `code`."""
        return await self._ask({"ask": "command", "kind": kind, "fields": fields})

    @property
    def runs(self) -> bool:
        """Whether there is a process."""
        return self._process is not None and self._process.returncode is None

    async def until(self, fact: Callable[[Notes], bool], since_s: float, within_s: float) -> Notes:
        """Wait until `fact` holds of the notes since then. Raises TimeoutError with the last ones."""
        deadline_s = time.monotonic() + within_s
        while not fact(notes := await self.notes(since_s)):
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"{self.name}, {within_s:g} s later: {notes}")
            await asyncio.sleep(0.1)
        return notes

    def kill(self) -> None:
        """A power cut."""
        if self._process is not None and self.runs:
            self._process.kill()

    async def end(self) -> None:
        """End the process."""
        process = self._process
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), END_S)
        except TimeoutError:
            self.kill()
            await process.wait()

    def _write(self, line: dict[str, Any]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(line).encode() + b"\n")

    async def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        async with self._one_at_a_time:
            self._write(request)
            line = await asyncio.wait_for(self._process.stdout.readline(), ANSWER_S)
        if not line:
            raise RuntimeError(f"{self.name} ended with {await self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer
