"""What an operator reads at /metrics: all documented, bounded in number, about nobody, and never in the way."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import ClientResponse
from msgspec import structs
from prometheus_client.parser import text_string_to_metric_families

from media.engine import door
from media.engine.process import process_figures
from server.keys import METRICS, TALLY
from server.metric_families import families
from server.settings import CHECKOUT
from tests.support.hall import EVENT, KIM, LINKS, SUWON, TECHNICIAN, Hall, hall

TABLE = (CHECKOUT / "server" / "METRICS.md").read_text(encoding="utf-8")
ALERTS = CHECKOUT / "server" / "alerts.yml"
needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None and "CI" not in os.environ, reason="promtool is in Debian's prometheus"
)


EDGES = len(door.LATE_EDGES_S)
LOST = {"died": 2, "hung": 1, "unready": 0}


def process(name: str, *, up: bool | None = True, pid: int | None = None) -> door.EngineFigures:
    ticks = door.Ticks(100, 3, 2, door.LATE_EDGES_S, (90, *(0,) * (EDGES - 1), 10), 0.4)
    seen = process_figures() if pid is None else structs.replace(process_figures(), pid=pid, cpu_s=42.0)
    return door.EngineFigures(name, up, ticks, 5, seen if up else None)


def figures(*places: door.PlaceFigures) -> door.Surveyed:
    return door.Surveyed(places, (process(door.ENGINE),), {})


def place(name: str, count: float, *, seats: tuple[str, ...] = ()) -> door.PlaceFigures:
    counts, drops = dict.fromkeys(door.COUNTS, count), dict.fromkeys(door.QUEUES, int(count))
    return door.PlaceFigures(name, counts, drops, 2, dict.fromkeys(seats, 0.06))


async def scrape(at: Hall, **headers: str) -> ClientResponse:
    return await at.client.get("/metrics", headers={name.replace("_", "-"): value for name, value in headers.items()})


async def samples(at: Hall) -> dict[str, float]:
    """Every sample by its name with its labels, as Prometheus writes them."""
    answer = await scrape(at)
    assert answer.status == 200, await answer.text()
    return read(await answer.text())


def read(text: str) -> dict[str, float]:
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            key = f"{sample.name}{{{labels}}}"
            assert key not in found, f"{key} twice"
            found[key] = sample.value
    return found


def documented() -> dict[str, tuple[str, set[str]]]:
    rows = re.findall(r"^\| `((?:hanmaru|process)_\w+)` \| (\w+) \| ([\w, ]*?) ?\|", TABLE, re.MULTILINE)
    return {name: (kind, set(labels.replace(" ", "").split(",")) - {""}) for name, kind, labels in rows}


async def test_the_table_names_every_metric_with_its_type_and_labels_and_no_other(tmp_path: Path) -> None:
    async with hall(tmp_path) as at:
        at.engine.outcomes[door.Survey] = lambda _: figures(place("booth-1", 1, seats=(SUWON,)))
        line = await at.join(SUWON)
        await line.say("nonsense")
        await line.next("error")
        await scrape(at)
        expire(at)
        exported = {}
        for family in text_string_to_metric_families(await (await scrape(at)).text()):
            labels = {label for sample in family.samples for label in sample.labels} - {"le"}
            name = f"{family.name}_total" if family.type == "counter" else family.name
            exported[name] = (family.type, labels)
            assert family.documentation.endswith("."), name
    assert exported == documented()
    assert set(re.findall(r"^\| `([a-z_]+)` \| ", TABLE, re.MULTILINE)) - set(exported) == set(door.QUEUES)


async def test_figures_say_who_is_there_and_what_was_refused(tmp_path: Path) -> None:
    async with hall(tmp_path) as at:
        at.engine.outcomes[door.Survey] = lambda _: figures()
        line = await at.join(SUWON)
        await line.say("nonsense")
        await line.next("error")
        await at.client.post("/session", headers={"Authorization": "Bearer wrong"})
        found = await samples(at)
    assert found["hanmaru_participants{booth=booth-1,role=room}"] == 1
    assert found["hanmaru_participants{booth=booth-2,role=room}"] == 0
    assert found["hanmaru_consultations{state=waiting}"] == 1
    assert found["hanmaru_consultations{state=empty}"] == len(EVENT.booths) - 1
    assert found["hanmaru_websockets{role=room}"] == 1
    assert found["hanmaru_signaling_errors_total{code=unknown_message}"] == 1
    assert found["hanmaru_http_responses_total{status=401}"] == 1
    assert found["hanmaru_up{process=engine}"] == found["hanmaru_up{process=front}"] == 1
    assert found["hanmaru_tick_lateness_seconds_bucket{le=0.02,process=engine}"] == 90
    assert found["hanmaru_tick_lateness_seconds_count{process=engine}"] == 100
    assert found["process_resident_memory_bytes{process=front}"] > 1e6
    assert "process_resident_memory_bytes{process=engine}" not in found


async def test_facts_count_once_they_are_on_disk(tmp_path: Path) -> None:
    async with hall(tmp_path) as at:
        desk = await at.join("operator.booth-1.suwon")
        before = await samples(at)
        await desk.say("set", id="c1", site="suwon", framing="fit")
        await desk.next("ok")
        expire(at)
        found = await samples(at)
    written = found["hanmaru_facts_written_total{}"] - before["hanmaru_facts_written_total{}"]
    assert written == 1
    assert found["hanmaru_fact_write_seconds_count{}"] >= 1
    assert found["hanmaru_fact_write_failures_total{}"] == 0


async def test_no_name_seat_token_or_address_is_in_the_figures(tmp_path: Path) -> None:
    private = "loopback.0123456789abcdef0123456789abcdef"
    async with hall(tmp_path) as at:
        at.engine.outcomes[door.Survey] = lambda _: figures(
            place("booth-1", 1, seats=(SUWON, KIM)), place(private, 1, seats=(private,))
        )
        await at.join(SUWON)
        await at.join(KIM)
        text = await (await scrape(at)).text()
    for secret in ("kim", "0123456789abcdef", "127.0.0.1", LINKS[SUWON][:20], SUWON, *names()):
        assert secret not in text


def names() -> Iterator[str]:
    for booth in EVENT.booths:
        yield from booth.company.values()
        for people in booth.people.values():
            yield from people.values()
    for interpreter in EVENT.interpreters:
        yield from interpreter.name.values()


@pytest.mark.parametrize("booths", [1, 16])
async def test_many_booths_stay_below_the_bound_that_the_document_states(tmp_path: Path, booths: int) -> None:
    ids = tuple(f"booth-{n}" for n in range(booths))
    heard = ("room", "interpreter", "feed")
    places = [place(name, 7, seats=tuple(f"{role}.{name}.a" for role in heard)) for name in ids]
    tests = [place(f"loopback.{n:032x}", 7, seats=(f"loopback.{n:032x}",)) for n in range(8)]
    async with hall(tmp_path) as at:
        at.app[TALLY].answers.update(dict.fromkeys(range(400, 440), 1))
        at.app[TALLY].errors.update({f"code_{n}": 1 for n in range(500)})
        front = replace(at.app[METRICS]._front(), booths=ids)
    processes = [process(name, pid=1) for name in (*ids, "", door.SPARE, *(test.place for test in tests))]
    surveyed = door.Surveyed((*places, *tests, place("", 7)), tuple(processes), LOST)
    count = sum(len(family.samples) for family in families(front, surveyed))
    bound = re.search(r"at most (\d+) while .* fewer than (\d+)", TABLE)
    assert bound is not None
    assert count <= booths * int(bound[1]) + int(bound[2])


async def test_every_process_has_its_own_figures_and_those_of_one_name_are_told_together(tmp_path: Path) -> None:
    async with hall(tmp_path) as at:
        front = at.app[METRICS]._front()
    one, other = "loopback.0123", "loopback.4567"
    engines = (
        process("booth-1", pid=1),
        process("booth-2", up=False),
        process(one, pid=2),
        process(other, pid=3),
        process("", up=None),
        process(door.SPARE, pid=4),
    )
    surveyed = door.Surveyed((place("booth-1", 3), place("booth-2", 4), place("booth-2", 4)), engines, LOST)
    found = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in families(front, surveyed)
        for sample in family.samples
    }
    ups = {name: found.get(("hanmaru_up", name)) for name in ("front", "booth-1", "booth-2", "loopback", "spare")}
    assert ups == {"front": 1, "booth-1": 1, "booth-2": 0, "loopback": 1, "spare": 1}
    assert found["process_cpu_seconds_total", "booth-1"] == 42.0
    assert found["process_cpu_seconds_total", "loopback"] == 84.0
    assert ("process_cpu_seconds_total", "booth-2") not in found
    assert found["hanmaru_ticks_late_total", "booth-1"] == found["hanmaru_ticks_late_total", "booth-2"] == 3
    assert found["hanmaru_ticks_late_total", "loopback"] == 9, "those that have ended count on"
    assert found["hanmaru_received_bytes_total", "booth-2"] == 8, "of two processes, one after the other"
    assert found["hanmaru_media_processes_lost_total", "died"] == 2


async def test_a_booth_without_a_process_has_its_series_and_is_not_down(tmp_path: Path) -> None:
    async with hall(tmp_path) as at:
        at.engine.outcomes[door.Survey] = lambda _: door.Surveyed((), (), LOST)
        found = await samples(at)
    assert found["hanmaru_ticks_late_total{process=booth-2}"] == 0
    assert found["hanmaru_sent_bytes_total{booth=booth-2}"] == 0
    assert not [name for name in found if name.startswith("hanmaru_up") and "booth" in name]


async def test_tests_of_a_line_count_together_and_stay_counted_when_they_end(tmp_path: Path) -> None:
    async with hall(tmp_path) as at:
        one = place("loopback.0123456789abcdef0123456789abcdef", 5)
        at.engine.outcomes[door.Survey] = lambda _: figures(place("", 2), one)
        assert (await samples(at))["hanmaru_sent_bytes_total{booth=loopback}"] == 7
        expire(at)
        at.engine.outcomes[door.Survey] = lambda _: figures(place("", 7))
        assert (await samples(at))["hanmaru_sent_bytes_total{booth=loopback}"] == 7


async def test_however_many_scrape_the_engine_is_asked_once_a_second(tmp_path: Path) -> None:
    async with hall(tmp_path) as at:
        await asyncio.gather(*(scrape(at) for _ in range(20)))
        assert len(at.engine.asked(door.Survey)) == 1


async def test_an_engine_that_hangs_costs_half_a_second_and_its_own_figures_only(tmp_path: Path) -> None:
    async with hall(tmp_path) as at:
        at.engine.hangs = True
        began_s = time.monotonic()
        found = await samples(at)
        assert time.monotonic() - began_s < 1.0
    assert found["hanmaru_up{process=engine}"] == 0
    assert found["hanmaru_up{process=front}"] == 1
    assert "hanmaru_consultations{state=empty}" in found
    assert not any(name.startswith(("hanmaru_tick", "hanmaru_packets")) for name in found)


def broken(_command: object) -> door.Outcome:
    raise RuntimeError("the engine is broken")


async def test_an_engine_that_breaks_or_refuses_is_down(tmp_path: Path) -> None:
    async with hall(tmp_path) as at:
        for outcome in (broken, lambda _: door.Refused("media_failed", "The media process is gone.")):
            at.engine.outcomes[door.Survey] = outcome
            expire(at)
            assert (await samples(at))["hanmaru_up{process=engine}"] == 0


def expire(at: Hall) -> None:
    at.app[METRICS]._gathered_at_s = float("-inf")


async def test_from_a_private_address_figures_need_no_token_unless_somebody_else_is_behind_it(tmp_path: Path) -> None:
    async with hall(tmp_path) as at:
        assert (await scrape(at)).status == 200
        for mark in ("X_Forwarded_For", "Forwarded", "Via"):
            answer = await scrape(at, **{mark: "192.0.2.7"})
            assert answer.status == 403
            assert (await answer.json())["code"] == "not_allowed"


async def test_a_technicians_token_opens_figures_from_anywhere_and_no_other_does(tmp_path: Path) -> None:
    async with hall(tmp_path, METRICS="token") as at:
        assert (await scrape(at)).status == 403
        assert (await scrape(at, Authorization=f"Bearer {LINKS[TECHNICIAN]}")).status == 200
        assert (await scrape(at, Authorization=f"Bearer {LINKS[SUWON]}")).status == 403
        assert (await scrape(at, Authorization="Bearer wrong")).status == 401


@pytest.mark.parametrize(("networks", "status"), [("192.0.2.0/24", 200), ("198.51.100.1", 403), ("private", 403)])
async def test_behind_a_proxy_the_clients_address_counts(tmp_path: Path, networks: str, status: int) -> None:
    async with hall(tmp_path, METRICS=networks, TRUSTED_PROXIES="127.0.0.1") as at:
        assert (await scrape(at, X_Forwarded_For="192.0.2.7")).status == status


async def test_figures_can_be_switched_off(tmp_path: Path) -> None:
    async with hall(tmp_path, METRICS="off") as at:
        assert (await scrape(at, Authorization=f"Bearer {LINKS[TECHNICIAN]}")).status == 404


@needs_promtool
async def test_promtool_finds_nothing_to_say_about_the_metrics(tmp_path: Path) -> None:
    async with hall(tmp_path) as at:
        at.engine.outcomes[door.Survey] = lambda _: figures(place("booth-1", 1, seats=(SUWON,)))
        text = await (await scrape(at)).read()
    pipe = asyncio.subprocess.PIPE
    promtool = await asyncio.create_subprocess_exec(
        "promtool", "check", "metrics", stdin=pipe, stdout=pipe, stderr=pipe
    )
    async with asyncio.timeout(20):
        assert (await promtool.communicate(text), promtool.returncode) == ((b"", b""), 0)


@needs_promtool
def test_promtool_takes_the_alert_rules() -> None:
    checked = subprocess.run(["promtool", "check", "rules", ALERTS], capture_output=True, check=False, timeout=20)
    assert checked.returncode == 0, checked.stderr


def test_alert_rules_name_only_metrics_that_there_are() -> None:
    named = set(re.findall(r"\b((?:hanmaru|process)_\w+)", ALERTS.read_text(encoding="utf-8")))
    assert {re.sub("_(bucket|sum|count)$", "", name) for name in named} <= set(documented())
