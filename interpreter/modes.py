"""How a booth interprets: after the speaker or over the speaker."""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    """The modes that a booth can be in; changeable while live, the routing follows by itself."""

    LIAISON = "liaison"
    """The interpreter speaks after the speaker, and both rooms hear the interpretation."""
    SIMULTANEOUS = "simultaneous"
    """The interpreter speaks over the speaker, whose original is ducked for those who hear the interpretation."""
