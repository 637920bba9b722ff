"""Plain figures as metric families of Prometheus; every name, unit and label is in METRICS.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from media.engine import door
from media.engine.kept import all_ticks
from server.conductor.census import Census
from server.spread import Spread
from server.store import Store
from server.tally import Tally
from signaling.phases import Phase
from signaling.seats import Role, parse_seat

FRONT = "front"
"""The process that serves HTTP."""
ELSEWHERE = "loopback"
"""The label `booth` of everything that is no booth: tests of the line."""
MOST_CODES = 64
"""Error codes and statuses are ours, about 40; more than these become `other`."""
ROLES = tuple(Role)
STATUSES = (200, 400, 401, 403, 404, 413, 429, 500, 503)
"""There from the start: of a series that begins with 1 Prometheus sees no increase."""


@dataclass(frozen=True, slots=True)
class Front:
    """Figures of the process that serves HTTP, which are always there."""

    booths: tuple[str, ...]
    build: Mapping[str, str]
    census: Census
    tally: Tally
    store: Store
    lag: Spread
    """Of the event loop."""
    addresses_forgotten: int
    """By the lock-out."""
    process: door.ProcessFigures


def families(front: Front, engine: door.Surveyed | None) -> Iterator[Metric]:
    """All metrics; of an engine that gave no figures (None) there is only `hanmaru_up 0`."""
    yield from _of_front(front)
    named = _by_name(front.booths, engine.engines if engine is not None else ())
    ups = {FRONT: True} if engine is not None else {FRONT: True, door.ENGINE: False}
    for name, those in named.items():
        if states := [each.up for each in those if each.up is not None]:
            ups[name] = all(states)
    up = [((name,), is_up) for name, is_up in ups.items()]
    yield _gauge("hanmaru_up", "Whether a process gave its figures for this scrape.", ("process",), up)
    processes = {
        name: [each.process for each in those if each.process and each.process.pid != front.process.pid]
        for name, those in named.items()
    }
    yield from _of_processes({FRONT: [front.process], **{name: each for name, each in processes.items() if each}})
    if engine is not None:
        yield from _of_ticks(named)
        yield _counter(
            "hanmaru_media_processes_lost",
            "Media processes that ended by themselves, hung, or did not begin.",
            ("reason",),
            [((reason,), engine.lost.get(reason, 0)) for reason in door.LOSSES],
        )
        yield from _of_places(front.booths, engine.places)


def _by_name(
    booths: Sequence[str], engines: Sequence[door.EngineFigures]
) -> Mapping[str, Sequence[door.EngineFigures]]:
    """The processes of an engine by their label: a booth, `engine`, `spare`, or `loopback` for all other places."""
    own = {door.ENGINE, door.SPARE}
    one_for_all = any(each.name == door.ENGINE for each in engines)
    named: dict[str, list[door.EngineFigures]] = {} if one_for_all else {name: [] for name in (*booths, ELSEWHERE)}
    for each in engines:
        label = each.name if each.name in own or each.name in booths else ELSEWHERE
        named.setdefault(label, []).append(each)
    return named


def _of_front(front: Front) -> Iterator[Metric]:
    yield _gauge(
        "hanmaru_build_info",
        "Always 1; what runs stands in the labels.",
        tuple(front.build),
        [((*front.build.values(),), 1)],
    )
    census, store, tally = front.census, front.store, front.tally
    taken = [((booth, role), census.participants.get((booth, role), 0)) for booth in front.booths for role in ROLES]
    yield _gauge(
        "hanmaru_participants",
        "Seats that are taken.",
        ("booth", "role"),
        [(labels, n) for labels, n in taken if labels[1] is not Role.LOOPBACK],
    )
    phases = [((phase,), census.phases.get(phase, 0)) for phase in Phase]
    yield _gauge("hanmaru_consultations", "Booths by the state of their consultation.", ("state",), phases)
    yield _gauge("hanmaru_loopback_tests", "Tests of a line that run now.", (), [((), census.loopbacks)])
    sockets = [((role,), census.sockets.get(role, 0)) for role in ROLES]
    yield _gauge("hanmaru_websockets", "Open WebSockets by the role of their link.", ("role",), sockets)
    answers = _bounded({str(status): tally.answers[status] for status in sorted({*STATUSES, *tally.answers})})
    yield _counter(
        "hanmaru_http_responses",
        "HTTP answers by status; 401, 403 and 429 are doors that stayed shut.",
        ("status",),
        answers,
    )
    yield _counter(
        "hanmaru_signaling_errors",
        "Errors told on WebSockets, by the protocol's code.",
        ("code",),
        _bounded(tally.errors),
    )
    drops = {"levels": tally.levels_dropped, "inputs": census.inputs_dropped, "lockout": front.addresses_forgotten}
    yield _counter(
        "hanmaru_signaling_drops",
        "What the signaling side dropped: levels, inputs of booths, addresses of the lock-out.",
        ("queue",),
        [((queue,), n) for queue, n in drops.items()],
    )
    yield _counter(
        "hanmaru_thumbnails",
        "Small pictures of rooms: kept, refused, handed to somebody who asked for them.",
        ("outcome",),
        [((outcome,), tally.thumbnails[outcome]) for outcome in ("kept", "refused", "handed")],
    )
    level = [((), tally.shedding_level)]
    yield _gauge("hanmaru_shedding_level", "What is left out so that voices go on: 0 nothing.", (), level)
    yield _counter(
        "hanmaru_shedding_changes",
        "Steps of leaving out that were taken, and taken back.",
        ("way",),
        [((way,), tally.shedding_changes[way]) for way in ("raised", "lowered")],
    )
    yield _counter("hanmaru_facts_written", "Facts on disk.", (), [((), store.written)])
    yield _counter("hanmaru_fact_write_failures", "Writes of facts that failed.", (), [((), store.failures)])
    yield _gauge("hanmaru_facts_waiting", "Facts that the disk has not taken yet.", (), [((), store.waiting)])
    yield _histogram(
        "hanmaru_fact_write_seconds", "How long it took to have facts on disk.", (), [((), _spread(store.writes))]
    )
    yield _histogram(
        "hanmaru_event_loop_lag_seconds",
        "How much later than asked the event loop came back.",
        ("process",),
        [((FRONT,), _spread(front.lag))],
    )


def _of_processes(processes: Mapping[str, Sequence[door.ProcessFigures]]) -> Iterator[Metric]:
    """By the names that every exporter of Prometheus uses; processes of one name together, since the oldest began."""

    def each(figure: Callable[[door.ProcessFigures], float]) -> list[tuple[tuple[str], float]]:
        return [((name,), sum(map(figure, those))) for name, those in processes.items()]

    label = ("process",)
    yield _counter("process_cpu_seconds", "CPU time, user and system.", label, each(lambda p: p.cpu_s))
    yield _gauge("process_resident_memory_bytes", "Memory in RAM.", label, each(lambda p: p.resident_bytes))
    yield _gauge("process_open_fds", "Open file descriptors.", label, each(lambda p: p.open_files))
    yield _gauge("process_max_fds", "File descriptors that may be open.", label, each(lambda p: p.most_files))
    began = [((name,), min(process.started_at_s for process in those)) for name, those in processes.items()]
    yield _gauge("process_start_time_seconds", "Start, since 1970.", label, began)


def _of_ticks(named: Mapping[str, Sequence[door.EngineFigures]]) -> Iterator[Metric]:
    label = ("process",)
    ticks = {name: all_ticks(each.ticks for each in those) for name, those in named.items()}
    spreads = [((name,), (t.late_edges_s, t.late_counts, t.late_sum_s)) for name, t in ticks.items()]
    yield _histogram(
        "hanmaru_tick_lateness_seconds", "How late the 20 ms ticks of the sound were done.", label, spreads
    )
    late = [((name,), each.late) for name, each in ticks.items()]
    yield _counter("hanmaru_ticks_late", "Ticks late by more than 20 ms.", label, late)
    skipped = [((name,), each.skipped) for name, each in ticks.items()]
    yield _counter("hanmaru_ticks_skipped", "Ticks that never ran, because more than 5 were overdue.", label, skipped)
    strangers = [((name,), sum(each.strangers for each in those)) for name, those in named.items()]
    yield _counter("hanmaru_stranger_datagrams", "Datagrams dropped because their sender is no peer.", label, strangers)


def _of_places(booths: Sequence[str], places: Sequence[door.PlaceFigures]) -> Iterator[Metric]:
    labels = (*booths, ELSEWHERE)
    counts: dict[str, Counter[str]] = {label: Counter() for label in labels}
    drops: dict[str, Counter[str]] = {label: Counter() for label in labels}
    outputs: Counter[str] = Counter()
    delays: dict[tuple[str, str], float] = {}
    for place in places:
        label = place.place if place.place in counts else ELSEWHERE
        for name in door.COUNTS:
            counts[label][name] += place.counts.get(name, 0)  # type: ignore[assignment] # seconds, too
        drops[label].update(place.drops)
        outputs[label] += place.outputs
        for seat, delay_s in place.delays_s.items():
            key = (label, parse_seat(seat).role)
            delays[key] = max(delay_s, delays.get(key, 0.0))

    def each(*names: str) -> list[tuple[tuple[str, ...], float]]:
        """One series a booth for `count`, or for `value=count` one a booth and value."""
        split = [(name.rpartition("=")[0], name.rpartition("=")[2]) for name in names]
        return [
            ((label, value) if value else (label,), counts[label][name]) for label in labels for value, name in split
        ]

    booth, kind, stage = ("booth",), ("booth", "kind"), ("booth", "stage")
    yield _counter("hanmaru_packets_received", "RTP packets.", kind, each("audio=audio_packets", "video=video_packets"))
    yield _counter(
        "hanmaru_packets_lost",
        "RTP packets that the line lost on their way to us, whether or not they were sent again.",
        kind,
        each("audio=audio_lost", "video=video_lost"),
    )
    yield _counter(
        "hanmaru_sound_packets_recovered",
        "Lost packets of sound that were played from the copy in the next one.",
        booth,
        each("sound_recovered"),
    )
    yield _counter("hanmaru_received_bytes", "Media received: RTP, RTCP, DTLS.", booth, each("received_bytes"))
    yield _counter("hanmaru_sent_bytes", "Media sent: RTP, RTCP, DTLS.", booth, each("sent_bytes"))
    yield _counter("hanmaru_packets_forwarded", "Picture packets sent on as they came.", booth, each("forwarded"))
    yield _counter("hanmaru_pictures_decoded", "Pictures decoded.", booth, each("decoded"))
    yield _counter("hanmaru_pictures_encoded", "Pictures encoded.", booth, each("encoded"))
    yield _counter(
        "hanmaru_picture_cpu_seconds",
        "CPU spent on pictures; encode includes scaling.",
        stage,
        each("decode=decode_cpu_s", "encode=encode_cpu_s"),
    )
    yield _gauge(
        "hanmaru_transcodes", "Pictures being encoded now.", booth, [((label,), outputs[label]) for label in labels]
    )
    dropped = [((label, queue), drops[label][queue]) for label in labels for queue in door.QUEUES]
    yield _counter("hanmaru_drops", "What the media side dropped, by queue.", ("booth", "queue"), dropped)
    yield _gauge(
        "hanmaru_playout_delay_seconds",
        "Sound that playout keeps back now, at the seat of that role where it is most.",
        ("booth", "role"),
        list(delays.items()),
    )


def _bounded(counts: Mapping[str, int]) -> list[tuple[tuple[str], float]]:
    known = sorted(counts)[:MOST_CODES]
    rest = sum(counts.values()) - sum(counts[name] for name in known)
    return [*(((name,), counts[name]) for name in known), *([(("other",), rest)] if rest else [])]


def _spread(spread: Spread) -> tuple[Sequence[float], Sequence[int], float]:
    return spread.edges_s, spread.counts, spread.sum_s


def _gauge(name: str, says: str, labels: Sequence[str], rows: Sequence[tuple[Sequence[str], float]]) -> Metric:
    family = GaugeMetricFamily(name, says, labels=labels)
    for values, number in rows:
        family.add_metric(values, number)
    return family


def _counter(name: str, says: str, labels: Sequence[str], rows: Sequence[tuple[Sequence[str], float]]) -> Metric:
    family = CounterMetricFamily(name, says, labels=labels)
    for values, number in rows:
        family.add_metric(values, number)
    return family


def _histogram(
    name: str,
    says: str,
    labels: Sequence[str],
    rows: Sequence[tuple[Sequence[str], tuple[Sequence[float], Sequence[int], float]]],
) -> Metric:
    family = HistogramMetricFamily(name, says, labels=labels)
    for values, (edges, counts, total) in rows:
        upper = [*map(str, edges), "+Inf"]
        running = [sum(counts[: at + 1]) for at in range(len(counts))]
        family.add_metric(values, list(zip(upper, running, strict=True)), total)
    return family
