"""What a lean participant says of itself in an offer or an answer, and reads of the other side's (RFC 8866, 8829)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bench.rtp import ABS_SEND_TIME_ID

OPUS, VP8, RTX = 111, 96, 97
"""Payload types of our own offers: Chromium's."""
ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
SENDS, RECEIVES = ("sendrecv", "sendonly"), ("sendrecv", "recvonly")


@dataclass(frozen=True, slots=True)
class Way:
    """One media line: kind, direction as we see it, payload types; SSRCs are ours."""

    kind: str
    direction: str
    mid: str
    ssrc: int
    rtx_ssrc: int
    payload_type: int
    rtx_type: int
    abs_send_time_id: int = ABS_SEND_TIME_ID


@dataclass(frozen=True, slots=True)
class Secrets:
    """What ICE and DTLS of one side need to be told."""

    ufrag: str
    password: str
    fingerprint: str
    setup: str
    candidates: tuple[str, ...]
    """`candidate:...`, without `a=`."""


def describe(ways: Sequence[Way], ours: Secrets) -> str:
    """An offer or an answer, all lines in one bundle, all candidates in it."""
    lines = ["v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0"]
    lines += [f"a=group:BUNDLE {' '.join(way.mid for way in ways)}", "a=msid-semantic: WMS *"]
    for way in ways:
        lines += _section(way, ours)
    return "\r\n".join(lines) + "\r\n"


def _section(way: Way, ours: Secrets) -> list[str]:
    types = f"{way.payload_type} {way.rtx_type}" if way.kind == "video" else f"{way.payload_type}"
    lines = [f"m={way.kind} 9 UDP/TLS/RTP/SAVPF {types}", "c=IN IP4 0.0.0.0", "a=rtcp:9 IN IP4 0.0.0.0"]
    lines += [f"a=ice-ufrag:{ours.ufrag}", f"a=ice-pwd:{ours.password}", f"a=fingerprint:sha-256 {ours.fingerprint}"]
    lines += [f"a=setup:{ours.setup}", f"a=mid:{way.mid}", f"a={way.direction}", "a=rtcp-mux"]
    if way.kind == "audio":
        lines += [f"a=rtpmap:{way.payload_type} opus/48000/2"]
        lines += [f"a=fmtp:{way.payload_type} minptime=10;useinbandfec=1"]
    else:
        lines += [f"a=extmap:{way.abs_send_time_id} {ABS_SEND_TIME}"]
        lines += [f"a=rtpmap:{way.payload_type} VP8/90000"]
        lines += [f"a=rtcp-fb:{way.payload_type} {what}" for what in ("goog-remb", "ccm fir", "nack", "nack pli")]
        lines += [f"a=rtpmap:{way.rtx_type} rtx/90000", f"a=fmtp:{way.rtx_type} apt={way.payload_type}"]
    if way.direction in SENDS:
        lines += [f"a=msid:bench {way.kind}"]
        if way.kind == "video":
            lines += [f"a=ssrc-group:FID {way.ssrc} {way.rtx_ssrc}", f"a=ssrc:{way.rtx_ssrc} cname:bench"]
        lines += [f"a=ssrc:{way.ssrc} cname:bench"]
    return lines + [f"a={candidate}" for candidate in ours.candidates] + ["a=end-of-candidates"]


def secrets(sdp: str) -> Secrets:
    """Read the other side's. Raises ValueError when something is missing."""

    def first(pattern: str) -> str:
        found = re.search(pattern, sdp, re.MULTILINE)
        if found is None:
            raise ValueError(f"the description lacks {pattern}")
        return found[1]

    return Secrets(
        ufrag=first(r"^a=ice-ufrag:(\S+)"),
        password=first(r"^a=ice-pwd:(\S+)"),
        fingerprint=first(r"^a=fingerprint:sha-256 (\S+)"),
        setup=first(r"^a=setup:(\S+)"),
        candidates=tuple(dict.fromkeys(re.findall(r"^a=(candidate:[^\r\n]+)", sdp, re.MULTILINE))),
    )


def mirrored(offer: str) -> list[tuple[str, str, str, int, int, int]]:
    """Of each line offered: kind, direction for our answer, mid, payload types of media and RTX, abs-send-time's id.

    0 stands for what the line does not have.
    """
    turned = {"sendonly": "recvonly", "recvonly": "sendonly", "sendrecv": "sendrecv", "inactive": "inactive"}
    lines = []
    for section in re.split(r"(?m)^m=", offer)[1:]:
        direction = re.search(r"(?m)^a=(sendrecv|sendonly|recvonly|inactive)\s*$", section)
        mid = re.search(r"(?m)^a=mid:(\S+)", section)
        media = re.search(r"(?m)^a=rtpmap:(\d+) (?:VP8|opus)/", section)
        rtx = re.search(rf"(?m)^a=fmtp:(\d+) apt={media[1]}\b", section) if media else None
        extension = re.search(rf"(?m)^a=extmap:(\d+)\S* {re.escape(ABS_SEND_TIME)}", section)
        numbers = [int(found[1]) if found else 0 for found in (media, rtx, extension)]
        kind = section.split(" ", 1)[0]
        way = turned[direction[1]] if direction else "sendrecv"
        lines.append((kind, way, mid[1] if mid else "0", numbers[0], numbers[1], numbers[2]))
    return lines
