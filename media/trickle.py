"""ICE candidates that come later, as a fragment of SDP (RFC 8840): what a PATCH of equipment holds."""

from __future__ import annotations

import re
from dataclasses import dataclass

from media import candidates
from media.errors import CandidateError

MOST_LINES = 200  # 32 candidates and what stands around them, with room to spare

_LINE = re.compile(r"[a-z]=[\t\x20-\x7e]{1,1024}", re.ASCII)
_UFRAG = re.compile(r"^a=ice-ufrag:(\S+)\r?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Fragment:
    """`ufrag` is None where it does not say of which ICE session it is; candidates are (mid, `candidate:...`).

    An empty candidate ends them.
    """

    ufrag: str | None
    candidates: tuple[tuple[str | None, str], ...]


def read_fragment(text: str) -> Fragment:
    """Read an `application/trickle-ice-sdpfrag`. Raises CandidateError (`bad_candidate`)."""
    lines = text.splitlines()
    if not any(lines) or len(lines) > MOST_LINES:
        raise CandidateError(f"A fragment has from 1 to {MOST_LINES} lines.")
    ufrag: str | None = None
    mid: str | None = None
    found: list[tuple[str | None, str]] = []
    for line in lines:
        if line and not _LINE.fullmatch(line):
            raise CandidateError("This is no fragment of SDP: every line is a letter, = and a value.")
        name, _, value = line.removeprefix("a=").partition(":")
        match name:
            case "ice-ufrag":
                ufrag = value
            case "mid":
                mid = value[:32]
            case "candidate":
                candidates.parse(line)
                found.append((mid, f"candidate:{value}"))
            case "end-of-candidates":
                found.append((mid, ""))
    if len(found) > candidates.MOST_CANDIDATES:
        raise CandidateError(f"A fragment may have {candidates.MOST_CANDIDATES} candidates at most.")
    return Fragment(ufrag, tuple(found))


def ufrags(sdp: str) -> frozenset[str]:
    """The ICE user names that an offer is made with."""
    return frozenset(_UFRAG.findall(sdp))
