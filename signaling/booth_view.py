"""The whole state of a booth as everybody in it is told: what pages draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Self

from interpreter.modes import Mode
from interpreter.turns import Lamp
from signaling.fields import Fields, whole
from signaling.phases import Phase
from signaling.requests import VOLUME_DB, Framing


class Media(StrEnum):
    """How the media of a seat stands; `LOST` was connected and has been silent for 3 s, or went away."""

    NONE = "none"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class SiteView:
    """One room, with the equipment that sends for it."""

    present: bool
    media: Media
    muted: bool
    camera_off: bool
    volume_db: float
    framing: Framing
    lamp: Lamp
    equipment: tuple[str, ...]
    """Of `audio` and `video`, what equipment sends for this site: its room page is a screen only as far as that."""
    paused: tuple[str, ...]
    """Of `in`, `out` and `trial`, which pictures the line of the room's page cannot carry beside the voices."""

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(
            fields.flag("present"),
            fields.choice("media", Media),
            fields.flag("muted"),
            fields.flag("camera_off"),
            fields.number("volume_db", *VOLUME_DB),
            fields.choice("framing", Framing),
            fields.choice("lamp", Lamp),
            fields.texts("equipment"),
            fields.texts("paused"),
        )


@dataclass(frozen=True, slots=True)
class InterpreterView:
    """One interpreter; `heard_by` are the sites that hear this voice whenever it is on air."""

    present: bool
    media: Media
    on_air: bool
    cough: bool
    from_: str
    to: str
    heard_by: tuple[str, ...]

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(
            fields.flag("present"),
            fields.choice("media", Media),
            fields.flag("on_air"),
            fields.flag("cough"),
            fields.text("from"),
            fields.text("to"),
            fields.texts("heard_by"),
        )


@dataclass(frozen=True, slots=True)
class Proposal:
    """The last speaker's side differs from the direction: so it may be time to turn."""

    from_: str
    to: str

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(fields.text("from"), fields.text("to"))


@dataclass(frozen=True, slots=True)
class BoothView:
    """The message `booth`."""

    TYPE: ClassVar = "booth"
    phase: Phase
    epoch: int
    mode: Mode
    sites: Mapping[str, SiteView]
    interpreters: Mapping[str, InterpreterView]
    last_speaker: str | None
    proposal: Proposal | None
    thumbnails: bool
    """Whether somebody who may see small pictures of the rooms wishes to: their pages are to send some."""
    shed: tuple[str, ...]
    """Of `thumbnails` and `picture`, what is left out just now for the voices' sake."""

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(
            fields.choice("phase", Phase),
            fields.count("epoch"),
            fields.choice("mode", Mode),
            fields.each("sites", lambda inside, name: whole(SiteView.read, inside.object(name))),
            fields.each("interpreters", lambda inside, name: whole(InterpreterView.read, inside.object(name))),
            fields.text_or_none("last_speaker"),
            None if fields.is_null("proposal") else whole(Proposal.read, fields.object("proposal")),
            fields.flag("thumbnails"),
            fields.texts("shed"),
        )
