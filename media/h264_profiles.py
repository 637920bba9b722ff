"""Which H.264 streams a receiver that named a profile and level can decode, and which of them it shows as they are."""

from __future__ import annotations

import re
from dataclasses import dataclass

BASELINE, MAIN, EXTENDED, HIGH = 66, 77, 88, 100
"""profile_idc (ITU-T H.264 section A.2); High has more relatives, for colours that no camera sends."""
CONSTRAINED_HIGH = 0x0C  # constraint_set4 and 5 (section A.2.4.2)
USUAL_LEVEL, KNOWN_LEVEL = 31, 42
"""libwebrtc names level 3.1 for whatever it has in software, and sends and shows 1920x1080 by it all the same: 3.1 from
a browser says no more than "H.264". It counts as 4.2 (1920x1080, 60 a second); less is meant as it is said."""
_NAMED = re.compile(r"([0-9A-Fa-f]{2})([0-9A-Fa-f]{2})([0-9A-Fa-f]{2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Coding:
    """How a stream is coded, as its sequence parameter set says."""

    profile: int
    constraints: int
    """constraint_set0_flag is the highest bit."""
    level: int
    """Ten times the level."""
    square: bool
    """Whether its pixels are; browsers take all for square."""
    in_order: bool
    """Whether pictures are shown in the order in which they come, as browsers show all."""


NOBODYS = Coding(0, 0, 255, square=False, in_order=False)
"""Of a stream that no viewer can be shown as it is."""


def plain(coding: Coding) -> bool:
    """Whether viewers can show it as it is, if they can decode it at all."""
    return coding.square and coding.in_order


def decodes(named: str, coding: Coding) -> bool:
    """Whether who named this profile-level-id (RFC 6184 section 8.1) can decode it."""
    match = _NAMED.fullmatch(named)
    if match is None:
        return False
    profile, constraints, level = (int(part, 16) for part in match.groups())
    if coding.level > (max(level, KNOWN_LEVEL) if level >= USUAL_LEVEL else level):
        return False
    if _constrained_baseline(coding.profile, coding.constraints):
        return profile in (BASELINE, MAIN, EXTENDED, HIGH)
    if _constrained_baseline(profile, constraints):
        return False
    if profile == HIGH and constraints & CONSTRAINED_HIGH == CONSTRAINED_HIGH:
        return coding.profile == HIGH and coding.constraints & CONSTRAINED_HIGH == CONSTRAINED_HIGH
    return coding.profile == profile or (coding.profile, profile) == (MAIN, HIGH)


def rank(named: str) -> tuple[int, int] | None:
    """A key by which a receiver's formats are sorted: constrained baseline first, then by how much they take.

    None for one that is none, or has a profile that nobody needs.
    """
    match = _NAMED.fullmatch(named)
    if match is None:
        return None
    profile, constraints, level = (int(part, 16) for part in match.groups())
    if _constrained_baseline(profile, constraints):
        return 0, level
    return (profile, level) if profile in (BASELINE, MAIN, HIGH) else None


def _constrained_baseline(profile: int, constraints: int) -> bool:
    """RFC 6184 section 8.1, table 5."""
    set0, set1 = constraints & 0x80, constraints & 0x40
    return bool((profile == BASELINE and set1) or (profile == MAIN and set0) or (profile == EXTENDED and set0 and set1))
