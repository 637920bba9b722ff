"""Who hears whom, at how many dB: one gain for each pair of seats, by mode, microphones and direction.

Gains are in dB relative to a voice at -20 LUFS; None is never sent. Listeners and sources are seats of one booth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from interpreter.modes import Mode

FULL_DB = 0.0
DUCK_DB = -18.0
"""The original under a simultaneous interpretation: WCAG 1.4.7 asks 20, AES 2019 10-15 LU, lay listeners 4 more."""
BARGE_IN_DB = -9.0
"""The floor between the rooms while a liaison interpreter speaks: low, yet somebody who breaks in stays audible."""
STANDING_BY_DB = -6.0
"""Everything, to an interpreter whose partner has the microphone: to follow, not to work from."""

Gains = Mapping[tuple[str, str], float | None]
"""(listener, source) -> dB."""


@dataclass(frozen=True, slots=True)
class Room:
    """A room as the matrix sees it: `volume_db` trims what its loudspeakers play.

    Equipment may speak for it (`feed`: then its own microphone is heard by nobody) and play for it (`displays`).
    """

    seat: str
    site: str
    muted: bool = False
    volume_db: float = 0.0
    feed: str | None = None
    displays: tuple[str, ...] = ()

    @property
    def mouth(self) -> str:
        """The seat that is heard as this room."""
        return self.feed or self.seat

    @property
    def ears(self) -> tuple[str, ...]:
        """The seats that hear what this room hears."""
        return (self.seat, *self.displays)


@dataclass(frozen=True, slots=True)
class Voice:
    """An interpreter as the matrix sees it: speaking from one site's language into another's."""

    seat: str
    from_site: str
    to_site: str
    on_air: bool = False
    cough: bool = False
    """Muted for a moment, on air all the same: nothing is un-ducked."""


def gains(mode: Mode, rooms: Sequence[Room], voices: Sequence[Voice], *, crossing: bool) -> Gains:
    """The whole matrix: a cell for every pair of one who hears and one who is heard, None for a room and itself.

    Nothing is sent to anybody unless `crossing`. Of several voices at most one may be on air.
    """
    on_air = next((voice for voice in voices if voice.on_air), None)
    cells: dict[tuple[str, str], float | None] = {}
    for room, ear in [(each, ear) for each in rooms for ear in each.ears]:
        for source in rooms:
            floor = _floor_db(mode, room, source, on_air)
            cells[ear, source.mouth] = None if floor is None else floor + room.volume_db
        for voice in voices:
            cells[ear, voice.seat] = FULL_DB + room.volume_db if _reaches(mode, voice, room) else None
    for listener in voices:
        level = STANDING_BY_DB if on_air is not None and on_air is not listener else FULL_DB
        for source in rooms:
            cells[listener.seat, source.mouth] = None if source.muted else level
        for voice in voices:
            cells[listener.seat, voice.seat] = level if voice is not listener and _sounds(voice) else None
    return cells if crossing else dict.fromkeys(cells)


def heard_by(mode: Mode, voice: Voice, rooms: Sequence[Room]) -> tuple[str, ...]:
    """The sites whose rooms hear this voice whenever it is on air."""
    return tuple(room.site for room in rooms if _addresses(mode, voice, room))


def _floor_db(mode: Mode, listener: Room, source: Room, on_air: Voice | None) -> float | None:
    if listener is source or source.muted:
        return None
    if on_air is None:
        return FULL_DB
    if mode is Mode.LIAISON:
        return BARGE_IN_DB
    return DUCK_DB if listener.site == on_air.to_site else FULL_DB


def _addresses(mode: Mode, voice: Voice, room: Room) -> bool:
    return mode is Mode.LIAISON or room.site == voice.to_site


def _sounds(voice: Voice) -> bool:
    return voice.on_air and not voice.cough


def _reaches(mode: Mode, voice: Voice, room: Room) -> bool:
    return _sounds(voice) and _addresses(mode, voice, room)
