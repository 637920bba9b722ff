"""Brings the faults of a script about, one at a time in each booth, and waits until that booth is whole again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from tests.soak.chaos import Fault
from tests.support.weather.meeting import Meeting

MEND_S = 30.0
"""Within that a booth is whole again, or the fault is put down as not mended."""


class Trouble:
    """`mended_s` has how long each fault's booth took to be whole, from the fault's end on."""

    def __init__(self, held: Meeting) -> None:
        self.held = held
        self.mended_s: list[tuple[Fault, float]] = []
        self.unmended: list[str] = []
        self.passed_over = 0
        self._at: dict[str, asyncio.Lock] = {booth: asyncio.Lock() for booth in held.booths}
        self.began_s = time.monotonic()
        self._calm_s: dict[str, float] = dict.fromkeys(held.booths, time.monotonic())

    def calm_since_s(self, booth: str) -> float | None:
        """Since when nothing has been wrong there; None: something is."""
        return None if self._at[booth].locked() else self._calm_s[booth]

    async def run(self, faults: Sequence[Fault]) -> None:
        """All of them at their times. One that meets a booth which is not whole yet is passed over, and counted."""
        async with asyncio.TaskGroup() as tasks:
            for fault in faults:
                await asyncio.sleep(max(0.0, self.began_s + fault.at_s - time.monotonic()))
                concerned = list(self.held.booths) if fault.kind == "front" else [fault.booth]
                if any(self._at[booth].locked() for booth in concerned):
                    self.passed_over += 1
                    continue
                for booth in concerned:
                    await self._at[booth].acquire()
                tasks.create_task(self._one(fault, concerned))

    async def _one(self, fault: Fault, concerned: Sequence[str]) -> None:
        try:
            await self._happen(fault)
            ended_s = time.monotonic()
            try:
                for booth in concerned:
                    await self.held.everybody_hears_everybody(booth, MEND_S)
                self.mended_s.append((fault, time.monotonic() - ended_s))
            except TimeoutError as late:
                self.unmended.append(f"{fault}: {str(late)[:300]}")
                await asyncio.gather(*(self.held.replace(each) for booth in concerned for each in self.held.of(booth)))
        finally:
            for booth in concerned:
                self._calm_s[booth] = time.monotonic()
                self._at[booth].release()

    async def _happen(self, fault: Fault) -> None:
        network = self.held.network
        who = self.held.booths[fault.booth].get(fault.name)
        match fault.kind:
            case "front":
                self.held.served.kill()
                await self.held.served.process.wait()
                await self.held.restart()
            case "media process":
                os.kill(media_process(self.held.served.log, fault.booth), signal.SIGKILL)
            case "on air" if who:
                booth = (await who.notes(time.monotonic())).booth
                on = not any(voice["on_air"] for voice in booth["interpreters"].values())
                for each in self.held.of(fault.booth):
                    if each.role == "interpreter" and (on is False or each is who):
                        await each.command("on_air", on=on)  # refused while the partner's is open
            case "cut" if who:
                await network.cut(who.place)
                await asyncio.sleep(fault.lasts_s)
                await network.mend(who.place)
            case "address" if who:
                await network.change_address(who.place)
            case "leave" if who:
                await who.leave()
                await asyncio.sleep(fault.lasts_s)
                await who.join()
            case "power cut" if who:
                await self.held.replace(who, fault.lasts_s)


def media_process(log: Path, booth: str) -> int:
    """The process that has a booth's media now, as the server's log says."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    events = [json.loads(line) for line in lines if line.startswith("{") and "media_process_taken" in line]
    process: int = [one for one in events if one["place"] == booth][-1]["process"]
    return process
