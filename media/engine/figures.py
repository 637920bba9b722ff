"""What an engine tells of itself to whoever operates it: counts of its places, ticks, processes; part of its door."""

from __future__ import annotations

from media.engine.word import Value, Word

COUNTS = (
    *("audio_packets", "audio_lost", "video_packets", "video_lost"),  # RTP packets received, and lost by the line
    *("sound_recovered",),  # lost packets of sound that were played after all, from the copy in the next one (FEC)
    *("received_bytes", "sent_bytes"),  # of all that connections carry: RTP, RTCP, DTLS; without UDP and IP headers
    *("forwarded",),  # packets of pictures, once for each viewer that took them as they came
    *("decoded", "encoded"),  # pictures
    *("decode_cpu_s", "encode_cpu_s"),  # seconds of CPU; encoding includes scaling
)
"""What is counted of a place."""
QUEUES = (
    *("sound_in", "sound_concealed", "sound_out"),  # packets that came too late; ticks that were filled in; packets
    *("picture_in", "picture_skipped", "picture_backlog", "picture_broken", "picture_out"),
    *("picture_thinned", "picture_refused", "picture_lost", "picture_given_up"),  # by transcode budget and processes
    *("candidates", "malformed"),
)
"""Where a place may drop something."""


class PlaceFigures(Value, frozen=True):
    """One place: what was counted since the engine began, which never goes back, and how it stands now.

    The place "" is all of those that were closed. One that several processes had is there several times.
    """

    place: str
    counts: dict[str, float]
    """By `COUNTS`."""
    drops: dict[str, int]
    """By queue."""
    outputs: int
    """Pictures that are encoded now: one for each distinct shape of each source that somebody sees."""
    delays_s: dict[str, float]
    """By seat that is heard: how much sound playout keeps back for it."""


class Ticks(Value, frozen=True):
    """The sound's clock: ticks that ran, late by over 20 ms, skipped; how late by upper edges `late_edges_s`."""

    ran: int
    late: int
    skipped: int
    late_edges_s: tuple[float, ...]
    late_counts: tuple[int, ...]
    """Ticks in each bin: up to the first edge, between it and the second, ..., beyond the last."""
    late_sum_s: float


class ProcessFigures(Value, frozen=True):
    """A process as the kernel sees it. `started_at_s`: seconds since 1970."""

    pid: int
    cpu_s: float
    resident_bytes: int
    open_files: int
    most_files: int
    started_at_s: float


ENGINE = "engine"
"""The name of a process that has the media of every place."""
SPARE = "spare"
"""The name of one that waits for a place."""


class EngineFigures(Value, frozen=True):
    """The processes of an engine that have one name: that of their place, or `ENGINE`, or `SPARE`.

    Ticks and strangers are counted since the engine began and never go back, whichever process they were counted by.
    """

    name: str
    up: bool | None
    """Whether it gave its figures; None: there is no such process now."""
    ticks: Ticks
    strangers: int
    """Datagrams dropped for where they came from."""
    process: ProcessFigures | None
    """None: it gave none."""


class Surveyed(Word, frozen=True):
    """Figures of an engine: its places, its processes, and by reason how many of those were lost."""

    places: tuple[PlaceFigures, ...]
    engines: tuple[EngineFigures, ...]
    lost: dict[str, int]
    """By `LOSSES`."""


LATE_EDGES_S = (0.001, 0.003, 0.005, 0.010, 0.020, 0.040, 0.100, 0.250)
"""A tick late by 20 ms leaves a listener's buffer dry; `make bench` holds 99 % of the ticks to the first two."""
LOSSES = ("died", "hung", "unready")
"""Why a media process was lost: it ended by itself, gave no sign of life, or never began."""
