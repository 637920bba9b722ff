"""Offers of equipment, which only sends or only plays: what kinds of media they hold, and each line made one-way."""

from __future__ import annotations

import re

_KIND = re.compile(r"^m=(audio|video) ", re.MULTILINE)
_WAY = re.compile(r"^a=(?:sendrecv|sendonly|recvonly|inactive)(\r?)$", re.MULTILINE)


def offered_kinds(sdp: str) -> frozenset[str]:
    """The kinds of media, of `audio` and `video`, that an offer has a line for."""
    return frozenset(_KIND.findall(sdp))


def one_way(sdp: str, way: str) -> str:
    """The offer with every line that goes both ways made `sendonly` or `recvonly`, whichever `way` is.

    Senders should say so themselves (RFC 9725 section 4.2), and many say nothing, which means both (RFC 8866
    section 6.7). A line that names another single way stays, and is refused where offers are checked.
    """
    session, *media = re.split(r"^(?=m=)", sdp, flags=re.MULTILINE)
    return session + "".join(_narrowed(section, way) for section in media)


def _narrowed(section: str, way: str) -> str:
    if _WAY.search(section) is None:
        end = "\r\n" if "\r\n" in section else "\n"
        return f"{section if section.endswith(end) else section + end}a={way}{end}"
    return re.sub(r"^a=sendrecv(?=\r?$)", f"a={way}", section, flags=re.MULTILINE)
