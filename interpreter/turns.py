"""What the turn lamp of each room shows: whose turn it is to speak, told to those who wait for the interpreter."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from interpreter.modes import Mode

YOUR_TURN_S = 8.0
"""An invitation that nobody took is no longer one."""
GONE_S = 120.0
"""How long the loss of an interpreter is shown: after two minutes everybody knows, and the two sides have to go on."""


class Lamp(StrEnum):
    """What a turn lamp can show."""

    OPEN = "open"
    WAIT = "wait"
    YOU = "you"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Turns:
    """What the lamps remember: which site was invited to speak, which interpreter was cut off, and until when each."""

    invited: str | None = None
    invited_until: float | None = None
    gone: str | None = None
    """The interpreter's seat."""
    gone_until: float | None = None


def opened(turns: Turns) -> Turns:
    """An interpreter went on air."""
    return Turns()


def released(turns: Turns, mode: Mode, to_site: str, now: float) -> Turns:
    """An interpreter went off air by their own hand: in liaison it is the turn of those who were spoken to."""
    if mode is not Mode.LIAISON:
        return turns
    return Turns(to_site, now + YOUR_TURN_S, turns.gone, turns.gone_until)


def spoke(turns: Turns) -> Turns:
    """Somebody in a room spoke: the invitation was taken, or is void."""
    return Turns(None, None, turns.gone, turns.gone_until)


def lost(turns: Turns, seat: str, now: float) -> Turns:
    """An interpreter was cut off."""
    return Turns(gone=seat, gone_until=now + GONE_S)


def returned(turns: Turns, seat: str) -> Turns:
    """An interpreter is connected again."""
    return Turns(turns.invited, turns.invited_until) if turns.gone == seat else turns


def elapsed(turns: Turns, now: float) -> Turns:
    """What is left of it at `now`."""
    if turns.invited_until is not None and turns.invited_until <= now:
        turns = Turns(None, None, turns.gone, turns.gone_until)
    if turns.gone_until is not None and turns.gone_until <= now:
        turns = Turns(turns.invited, turns.invited_until)
    return turns


def deadline(turns: Turns) -> float | None:
    """When `elapsed` changes something next."""
    return min((at for at in (turns.invited_until, turns.gone_until) if at is not None), default=None)


def lamp(turns: Turns, site: str, mode: Mode, *, live: bool, on_air: bool) -> Lamp:
    """What the lamp of a site shows; `on_air` says whether any interpreter of the booth is."""
    if not live:
        return Lamp.OPEN
    if turns.gone is not None:
        return Lamp.GONE
    if mode is not Mode.LIAISON:
        return Lamp.OPEN
    if on_air:
        return Lamp.WAIT
    return Lamp.YOU if turns.invited == site else Lamp.OPEN
