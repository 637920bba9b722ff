"""Who may say what: roles by message, as a table, and the sentence for those who may not."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from signaling.errors import RemoteError
from signaling.seats import EQUIPMENT, Role, Seat

_DESK = frozenset({Role.OPERATOR, Role.TECHNICIAN})
_ON_STAGE = frozenset({Role.ROOM, Role.INTERPRETER, Role.FEED, Role.DISPLAY})

MAY: Mapping[str, tuple[frozenset[Role], str]] = MappingProxyType(
    {
        "start": (_DESK, "Only an operator or a technician can start a consultation."),
        "pause": (_DESK, "Only an operator or a technician can pause a consultation."),
        "resume": (_DESK, "Only an operator or a technician can let a consultation go on."),
        "end": (_DESK, "Only an operator or a technician can end a consultation."),
        "next": (_DESK, "Only an operator or a technician can call the next consultation."),
        "set": (_DESK, "Only an operator or a technician can change a room."),
        "mode": (
            _DESK | {Role.INTERPRETER},
            "Only an interpreter, an operator or a technician can change the mode.",
        ),
        "on_air": (frozenset({Role.INTERPRETER}), "Only an interpreter can go on air."),
        "cough": (frozenset({Role.INTERPRETER}), "Only an interpreter has a cough key."),
        "direction": (frozenset({Role.INTERPRETER}), "Only an interpreter has a direction."),
        "watch": (
            frozenset({Role.INTERPRETER, Role.TECHNICIAN}),
            "Only an interpreter or a technician can ask for pictures of the rooms.",
        ),
        "offer": (_ON_STAGE, "This seat carries no sound and no picture."),
        "candidate": (_ON_STAGE, "This seat carries no sound and no picture."),
    }
)

MEDIA: Mapping[Role, tuple[str | None, str | None]] = MappingProxyType(
    {
        Role.ROOM: ("sendrecv", "sendrecv"),
        Role.INTERPRETER: ("sendrecv", None),
        Role.OPERATOR: (None, None),
        Role.TECHNICIAN: (None, None),
        Role.FEED: ("sendonly", "sendonly"),
        Role.DISPLAY: ("recvonly", "recvonly"),
    }
)
"""What each role offers: audio, video; equipment may leave one of them out."""


def offered(seat: Seat, kinds: Collection[str]) -> tuple[str | None, str | None]:
    """The directions of an offer with media of these kinds; when equipment offers nothing, those it should have."""
    audio, video = MEDIA[seat.role]
    if seat.role not in EQUIPMENT or not kinds:
        return audio, video
    return audio if "audio" in kinds else None, video if "video" in kinds else None


def demand(seat: Seat, message: str) -> None:
    """Raises RemoteError `not_allowed` unless that seat may send that message."""
    roles, sentence = MAY[message]
    if seat.role not in roles:
        raise RemoteError("not_allowed", sentence)


def demand_site(seat: Seat, site: str) -> None:
    """An operator changes their own site only. Raises RemoteError `not_allowed`."""
    if seat.role is Role.OPERATOR and seat.site != site:
        raise RemoteError("not_allowed", "An operator can change the room of their own site only.")
