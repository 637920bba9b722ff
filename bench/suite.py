"""The measurements one after another: servers up, parts in turn, rows and figures gathered, files written."""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from bench import (
    hanmaru,
    janus,
    measure_browser,
    measure_freeze,
    measure_growth,
    measure_lipsync,
    measure_load,
    measure_onset,
    measure_speech,
    measure_transcode,
    results,
)
from bench.cast import Server, retries
from bench.clip import Clip, clip
from bench.hanmaru import Hanmaru
from bench.reflector import Reflector
from bench.results import Results
from bench.rows_growth import figures as growth_figures
from bench.rows_growth import growth_rows
from bench.rows_load import cpu_rows, figures, onset_rows, picture_rows
from bench.rows_own import browser_rows, freeze_rows, lipsync_rows, reflector_row, transcode_rows
from bench.rows_speech import speech_rows
from media.engine.opus import BITS_PER_S, COMPLEXITY, LOSS_HINT_PERCENT
from server.robot import LineClosedError
from signaling.errors import RemoteError

RUNS = 5
CLIPS = Path(__file__).resolve().parent / "clips"  # not committed
ONSET_S = 8.0
ONSET_RUNS = 1  # both rooms at once: 26 sounds in each phase
TRANSCODE_S = 4.0
LOAD_S = measure_load.LOAD_S
GROWTH_S = measure_growth.LOAD_S
SETTINGS = {
    "picture": "VP8 1280x1024, 30 fps, 2.5 Mb/s constant, encoded beforehand, each frame sent in one burst; "
    "abs-send-time, NACK with RTX, PLI, receiver reports and REMB (5 Mb/s) once a second; no transport-cc",
    "sound": "Opus 48 kHz mono, 20 ms, 48 kb/s, voip, FEC for 10 % loss; sent with complexity 9; both servers "
    f"encode at {BITS_PER_S // 1000} kb/s, complexity {COMPLEXITY}, FEC for {LOSS_HINT_PERCENT} % loss; "
    "continuous speech, nothing skipped in silence",
    "janus": "VideoRoom and AudioBridge at 48 kHz, default prebuffering (6 packets), WebSocket API, no recording, "
    "no event handlers",
    "hanmaru": "`python -m server run`, TLS, metrics on, signaling with levels five times a second; "
    "nothing is left out under load",
    "cpu": "whole process trees by the scheduler's own clock, net of idle: for one picture idle means the same "
    "people connected and silent, else nobody there",
    "growth": "as many consultations at once (each two pictures 1280x1024 and three voices), cameras and voices not in "
    "step; ticks that a stall of the machine accounts for, told by a canary on each core, are shared; the server is "
    f"asked for its late ticks every {measure_growth.SCRAPE_S:.0f} s",
    "network": "this machine only; what the generator's own path adds stands in the row of the reflector",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured, how often, how long, and whether beside Janus; `counts` of consultations at once for growth."""

    parts: tuple[str, ...]
    runs: int
    seconds: float
    peer: bool
    counts: tuple[int, ...] = measure_growth.COUNTS

    @property
    def is_whole_curve(self) -> bool:
        """Whether this is the growth curve as its bars want it."""
        return self.parts == ("growth",) and self.counts == measure_growth.COUNTS and self.seconds >= GROWTH_S


@dataclass
class Bench:
    """What every part gets."""

    plan: Plan
    found: Results
    servers: list[Server]
    clip: Clip
    small: Clip
    """For what has to be made anew: 720p."""
    folder: Path
    begun_s: float

    def say(self, text: str) -> None:
        """One line of progress, with the time that has passed."""
        passed = int(time.monotonic() - self.begun_s)
        print(f"[{passed // 60:2d}:{passed % 60:02d}] {text}", flush=True)

    @property
    def hanmaru(self) -> Hanmaru:
        return next(server for server in self.servers if isinstance(server, Hanmaru))


async def cpu(bench: Bench) -> None:
    """CPU, picture delay, lateness, memory."""
    plain = measure_load.works(bench.clip)[0]
    reflected = await measure_load.run(Reflector(), plain, 0.0, bench.plan.seconds)
    runs = await measure_load.measure(bench.servers, bench.clip, bench.plan.runs, bench.say, bench.plan.seconds)
    bench.found.figures["load"] = figures([reflected, *runs])
    bench.found.rows += [*cpu_rows(runs), *picture_rows(runs), reflector_row(reflected)]


async def onset(bench: Bench) -> None:
    """Sound onset to mix."""
    found = await measure_onset.measure(bench.servers, min(bench.plan.runs, ONSET_RUNS), ONSET_S, bench.say)
    bench.found.figures["onset"] = [asdict(one) for one in found]
    bench.found.rows += onset_rows(found)


async def freeze(bench: Bench) -> None:
    """How long pictures stand still."""
    found = await measure_freeze.measure(bench.servers, bench.clip, bench.say)
    bench.found.figures["freeze"] = [asdict(one) for one in found]
    bench.found.rows += freeze_rows(found)


async def lipsync(bench: Bench) -> None:
    """Sound against picture."""
    found = await measure_lipsync.measure(bench.hanmaru, bench.clip, bench.small, bench.say)
    bench.found.figures["lipsync"] = [asdict(one) for one in found]
    bench.found.rows += lipsync_rows(found)


async def transcode(bench: Bench) -> None:
    """A picture made anew against its floor."""
    runs = bench.plan.runs
    found = await measure_transcode.measure(bench.hanmaru, bench.small, CLIPS, runs, TRANSCODE_S, bench.say)
    bench.found.figures["transcode"] = [asdict(one) for one in found]
    bench.found.rows += transcode_rows(found)


async def browser(bench: Bench) -> None:
    """A real page to a real page."""
    try:
        found = await measure_browser.measure(bench.hanmaru, bench.folder, bench.say)
    except FileNotFoundError as missing:
        bench.found.notes.append(f"without browsers: {missing}")
        bench.say(bench.found.notes[-1])
        return
    bench.found.figures["browser"] = [asdict(one) for one in found]
    bench.found.rows += browser_rows(found)


async def voice(bench: Bench) -> None:
    """What the line does to speech."""
    channels = await measure_speech.measure(bench.servers, 1, bench.say)
    bench.found.figures["speech"] = [asdict(one) for one in channels]
    bench.found.rows += speech_rows(channels)


async def growth(bench: Bench) -> None:
    """Many consultations at once."""
    plan = bench.plan
    found = await measure_growth.measure(bench.servers, bench.clip, plan.counts, plan.runs, bench.say, plan.seconds)
    bench.found.figures["growth"] = growth_figures(found)
    bench.found.rows += growth_rows(found)


MEASUREMENTS: dict[str, tuple[Callable[[Bench], Awaitable[None]], float]] = {
    "cpu": (cpu, 345.0),
    "onset": (onset, 42.0),
    "speech": (voice, 225.0),
    "freeze": (freeze, 115.0),
    "lipsync": (lipsync, 50.0),
    "transcode": (transcode, 70.0),
    "browser": (browser, 40.0),
    "growth": (growth, 780.0),
}
"""By name: what is done, and about how many seconds a whole one takes."""
PARTS = tuple(MEASUREMENTS)
WHOLE = tuple(part for part in PARTS if part != "growth")
"""What `make bench` runs when nothing is said: 15 minutes. The growth curve needs as long again, on its own."""


async def measure(plan: Plan) -> Results:
    """Start the servers, run the parts that were asked for, end the servers."""
    found = Results(settings=SETTINGS | {"runs": plan.runs, "load_s": plan.seconds}, machine=results.machine())
    begun_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hanmaru-bench-") as name:
        async with AsyncExitStack() as stack:
            folder = Path(name)
            print("pictures and voices are made once, then kept (a minute) ...", flush=True)
            bench = Bench(plan, found, [], clip(CLIPS), clip(CLIPS, 1280, 720, 2_000_000), folder, begun_s)
            event = hanmaru.EIGHT_BOOTHS if "growth" in plan.parts else hanmaru.EVENT
            bench.servers.append(await hanmaru.start(folder / "hanmaru", event))
            stack.push_async_callback(bench.servers[0].stop)
            await _start_peer(bench, stack)
            gc.collect()
            gc.freeze()
            for number, part in enumerate(plan.parts):
                ahead = sum(MEASUREMENTS[each][1] for each in plan.parts[number:])
                bench.say(f"{part}: begins; about {ahead / 60:.0f} minutes to go")
                try:
                    await MEASUREMENTS[part][0](bench)
                except (OSError, RuntimeError, LookupError, LineClosedError, RemoteError) as fault:
                    found.failed.append(part)
                    found.notes.append(f"{part} could not be measured: {fault!r}")
                    bench.say(found.notes[-1])
    found.notes += [f"{server}: {count} joins had to be tried again" for server, count in retries.items()]
    found.seconds = time.monotonic() - begun_s
    return found


async def _start_peer(bench: Bench, stack: AsyncExitStack) -> None:
    if not bench.plan.peer:
        bench.found.notes.append("without Janus, as asked")
    elif not janus.available():
        bench.found.notes.append("without Janus: it is not installed here (Debian package janus)")
    else:
        try:
            server = await janus.start(bench.folder / "janus")
        except RuntimeError as fault:
            bench.found.notes.append(f"without Janus: {fault}")
        else:
            bench.servers.append(server)
            stack.push_async_callback(server.stop)
    for note in bench.found.notes:
        bench.say(note)


def write(found: Results, folder: Path, name: str = "latest") -> None:
    """Print the table; write it, the figures as JSON (both called `name`) and the plots into a folder."""
    from bench.plots import draw

    folder.mkdir(parents=True, exist_ok=True)
    machine = found.machine
    heading = (
        f"Measured {found.at} on {machine['processor']}, {machine['cores']} cores, {machine['system']}; Hanmaru "
        f"{machine['hanmaru']} on Python {machine['python']}, Janus {machine['janus']}; runs of each: "
        f"{found.settings['runs']}; medians with ranges, ratios run by run. Load before: "
        f"{machine['load_before']:.1f}."
    )
    text = "\n\n".join([heading, results.table(found.rows), *found.notes])
    (folder / f"{name}.md").write_text(text + "\n", encoding="utf-8")
    (folder / f"{name}.json").write_text(found.as_json() + "\n", encoding="utf-8")
    draw(found, folder)
    print(f"\n{text}\n\nin {folder}: {name}.json, {name}.md, plots; {found.seconds / 60:.1f} minutes")
