"""What the loopback test holds a line to: each figure, its limit, and what to do when it fails."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of the loopback test; the page's are the same (`web/checks.js`)."""

    connect_s: float = 5.0
    frames_per_s: float = 24.0
    sound_db: float = 3.0
    delay_ms: float = 300.0  # there and back: twice the 150 ms one way of ITU-T G.114
    loss_percent: float = 1.0
    freeze_s: float = 0.5
    black_percent: float = 0.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What the test measured. None: it could not be measured, because nothing arrived."""

    wanted_width: int
    wanted_height: int
    """Pixels of the screen; 0 for a seat without pictures."""
    sent_width: int = 0
    sent_height: int = 0
    """Pixels of the picture that was sent: it comes back as it is where it fits the screen, else in the screen's."""
    connect_s: float | None = None
    width: int = 0
    height: int = 0
    frames_per_s: float = 0.0
    sound_db: float | None = None
    """What came back against what was sent."""
    sound_delay_ms: float | None = None
    picture_delay_ms: float | None = None
    loss_percent: float | None = None
    """Packets lost, of those sent: the worse of the ways there and back, of sound and picture."""
    freeze_s: float = 0.0
    black_percent: float = 0.0


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the result: `value` and `limit` as people read them, `advice` what to do when it failed."""

    name: str
    passed: bool
    value: str
    limit: str
    advice: str


def judge(seen: Seen, limits: Limits = Limits()) -> tuple[Check, ...]:
    """Every check, in the order in which a fault would be looked for; a seat without pictures is spared theirs."""
    pictures = _picture(seen, limits) if seen.wanted_width else ()
    return (
        Check(
            "connection",
            seen.connect_s is not None and seen.connect_s <= limits.connect_s,
            _figure(seen.connect_s, ".2f", "s"),
            f"at most {limits.connect_s:g} s",
            "Let UDP through the firewall to the server; with several networks, set which address the server offers.",
        ),
        *pictures,
        Check(
            "sound level",
            seen.sound_db is not None and abs(seen.sound_db) <= limits.sound_db,
            _figure(seen.sound_db, "+.1f", "dB"),
            f"within {limits.sound_db:g} dB of what was sent",
            "Choose the right microphone and loudspeaker, and set the system's volume to the middle.",
        ),
        _delay("sound delay", seen.sound_delay_ms, limits),
        Check(
            "loss",
            seen.loss_percent is not None and seen.loss_percent <= limits.loss_percent,
            _figure(seen.loss_percent, ".2f", "%"),
            f"at most {limits.loss_percent:g} %",
            "Use a cable instead of Wi-Fi, and ask for a line that is not shared with others.",
        ),
    )


def _picture(seen: Seen, limits: Limits) -> tuple[Check, ...]:
    screen, sent = (seen.wanted_width, seen.wanted_height), (seen.sent_width, seen.sent_height)
    got = (seen.width, seen.height)
    good = {screen, sent} if sent[0] <= screen[0] and sent[1] <= screen[1] else {screen}
    return (
        Check(
            "picture size",
            seen.width > 0 and got in good,
            f"{got[0]}x{got[1]}" if seen.width else "no picture",
            " or ".join(f"{width}x{height}" for width, height in sorted(good) if width),
            "Compare the screen in the event file with the real one; look for picture errors in the server's log.",
        ),
        Check(
            "frame rate",
            seen.frames_per_s >= limits.frames_per_s,
            f"{seen.frames_per_s:.1f} frames/s",
            f"at least {limits.frames_per_s:g} frames/s",
            "End other programs on the server and on this machine; the processor or the line is too slow.",
        ),
        Check(
            "picture moving",
            seen.width > 0 and seen.freeze_s <= limits.freeze_s,
            f"longest freeze {seen.freeze_s:.2f} s",
            f"at most {limits.freeze_s:g} s",
            "Use a cable instead of Wi-Fi; if it stays, the line loses whole groups of packets.",
        ),
        Check(
            "picture not black",
            seen.width > 0 and seen.black_percent <= limits.black_percent,
            f"{seen.black_percent:.0f} % black" if seen.width else "no picture",
            "nothing black",
            "Take the cap off the camera, choose another one, and allow the browser to use it.",
        ),
        _delay("picture delay", seen.picture_delay_ms, limits),
    )


def _delay(name: str, delay_ms: float | None, limits: Limits) -> Check:
    return Check(
        name,
        delay_ms is not None and delay_ms <= limits.delay_ms,
        _figure(delay_ms, ".0f", "ms there and back"),
        f"at most {limits.delay_ms:g} ms",
        "Use a nearer server or a shorter line, and end downloads on the same line.",
    )


def _figure(value: float | None, form: str, unit: str) -> str:
    return "nothing arrived" if value is None else f"{value:{form}} {unit}"
