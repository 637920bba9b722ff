"""Offers put into words that the library understands: of equipment (WHIP and WHEP that are no browsers), and in H.264.

Equipment bundles as RFC 9143 says, which the library does not read; publishes H.264 in whatever profile its chip has,
of which the library knows two; and often cannot be the DTLS server. The answer says the offer's own words again.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter

from media.errors import OfferError
from media.h264_profiles import rank
from media.sdp import MOST_MEDIA, lines_of

LIBRARY_FORMAT = "packetization-mode=1;profile-level-id=42e01f"
LIBRARY_FORMATS = tuple(
    f"level-asymmetry-allowed=1;packetization-mode=1;profile-level-id={profile}" for profile in ("42e01f", "42001f")
)
"""Under which viewers' formats stand: the library takes each of its own once, and no others."""
SYMMETRIC = ("level-asymmetry-allowed", "packetization-mode", "profile-level-id")
"""An answer repeats these as they were offered (RFC 6184 section 8.2.2)."""
MODES = ("1", "0")
"""Packetization modes that can be read here, the better one first: without and with whole NAL units only."""

# Attributes that stand once for all of a bundle, in its first line (RFC 9143 section 7.1.3, RFC 8859).
_SHARED = ("fingerprint", "ice-pwd", "ice-ufrag", "rtcp-mux", "setup")
_RTPMAP = re.compile(r"a=rtpmap:(\d{1,3}) ([^/\s]+)/", re.ASCII)
_OF_PAYLOAD = re.compile(r"a=(?:rtpmap|fmtp|rtcp-fb):(\d{1,3}) ", re.ASCII)
_FMTP = re.compile(r"a=fmtp:(\d{1,3}) (.*)", re.ASCII)
_PROFILE = re.compile(r"[0-9A-Fa-f]{6}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Format:
    """One way in which H.264 is offered: its payload type, and its parameters as they stand there."""

    payload: str
    repair: str | None
    """The payload type of its retransmissions (RFC 4588)."""
    parameters: dict[str, str]

    @property
    def profile(self) -> str:
        """The profile-level-id."""
        return self.parameters.get("profile-level-id", "42000a")  # the default of RFC 6184 section 8.1

    @property
    def sets(self) -> tuple[bytes, ...]:
        """The parameter sets that the offer brings along (RFC 6184 section 8.1); none when they cannot be read."""
        try:
            listed = self.parameters.get("sprop-parameter-sets", "").split(",")
            return tuple(unit for text in listed if (unit := base64.b64decode(text + "==", validate=False)))
        except ValueError:
            return ()


def unbundled(offer: str) -> str:
    """Return the offer with port and transport in every line that is `bundle-only` (RFC 9143 section 6)."""
    session, *media = _sections(offer)
    if not 1 < len(media) <= MOST_MEDIA:  # what is longer is no offer, and refused as such
        return offer
    first = media[0]
    shared = [line for line in first if line.startswith(tuple(f"a={name}" for name in _SHARED))]
    for section in media[1:]:
        if not any(line.rstrip() == "a=bundle-only" for line in section):
            continue
        section[0] = re.sub(r"^(m=\S+) 0 ", r"\1 9 ", section[0])
        has = {line[2:].rstrip().partition(":")[0] for line in section + session if line.startswith("a=")}
        section += [line for line in shared if line[2:].rstrip().partition(":")[0] not in has]
    return _joined(session, media)


def passive(offer: str) -> str:
    """Return the offer as that of a DTLS client, so that it is answered `passive`.

    The library speaks ECDSA only when it begins, and GStreamer's certificate is RSA (tried with 1.22).
    """
    return re.sub(r"^a=setup:actpass(?=\r?$)", "a=setup:active", offer, flags=re.MULTILINE)


def h264_format(offer: str) -> Format | None:
    """Return how the picture is sent when it is offered in H.264 and not in VP8; None when VP8 is there.

    Raises OfferError when no way of sending it can be read here.
    """
    names, formats = _formats(_video(_sections(offer)))
    if not names or "vp8" in names.values():
        return None
    readable = [one for one in formats if _mode(one) in MODES]
    if not readable:
        raise OfferError("The video line must offer VP8, or H.264 in packetization mode 0 or 1.")
    return min(readable, key=lambda one: MODES.index(_mode(one)))


def viewable(offer: str) -> tuple[Format, ...]:
    """Return in which formats a viewer is sent H.264 besides VP8, constrained baseline first; none where it takes none.

    With fragments only (packetization mode 1): a key frame of a camera fits in no packet. Two at most: the one that
    every encoder can do, and the one that takes most.
    """
    _, formats = _formats(_video(_sections(offer)))
    ranked = [(place, one) for one in formats if _mode(one) == MODES[0] and (place := rank(one.profile)) is not None]
    fine = [one for _, one in sorted(ranked, key=itemgetter(0))]
    return tuple(fine[:1] + fine[1:][-1:])


def beside(offer: str, chosen: Sequence[Format]) -> str:
    """Return the offer with no other H.264 than these (two), each under a profile that the library knows."""
    session, *media = _sections(offer)
    video = _video([session, *media])
    if not video:
        return offer
    names, _ = _formats(video)
    words = {one.payload: text for one, text in zip(chosen, LIBRARY_FORMATS, strict=False)}
    gone = {payload for payload, name in names.items() if name == "h264"} - words.keys()

    def stays(line: str) -> bool:
        match = _OF_PAYLOAD.match(line)
        return match is None or not (match[1] in gone or (match[1] in words and line.startswith("a=fmtp:")))

    head = video[0].split()
    kept = head[:3] + [payload for payload in head[3:] if payload not in gone]
    rest = [line for line in video[1:] if stays(line)]
    video[:] = [" ".join(kept) + "\r\n", *rest, *(f"a=fmtp:{payload} {text}\r\n" for payload, text in words.items())]
    return _joined(session, media)


def only(offer: str, chosen: Format) -> str:
    """Return the offer with no other picture format than this one, under the profile that the library knows."""
    session, *media = _sections(offer)
    kept = [chosen.payload] + ([chosen.repair] if chosen.repair else [])
    video = _video([session, *media])
    end = "\r\n" if video[0].endswith("\r\n") else "\n"
    head = " ".join([*video[0].split()[:3], *kept]) + end
    fmtp = f"a=fmtp:{chosen.payload} "
    rest = [
        line
        for line in video[1:]
        if not line.startswith(fmtp) and ((match := _OF_PAYLOAD.match(line)) is None or match[1] in kept)
    ]
    video[:] = [head, *rest, f"{fmtp}{LIBRARY_FORMAT}{end}"]
    return _joined(session, media)


def answered(answer: str, *chosen: Format) -> str:
    """Return the library's answer with the formats' own parameters in place of those of `only` or `beside`."""
    for one in chosen:
        said = ";".join(f"{name}={one.parameters[name]}" for name in SYMMETRIC if name in one.parameters)
        line = f"a=fmtp:{one.payload} {said}\\g<end>" if said else ""
        answer = re.sub(rf"^a=fmtp:{one.payload} [^\r\n]*(?P<end>\r?\n|$)", line, answer, flags=re.MULTILINE)
    return answer


def multiplexed(answer: str) -> str:
    """Return the answer, saying in every line that RTCP has no port of its own (RFC 9725 section 4.4.1)."""
    return re.sub(r"^a=rtcp-mux(?P<end>\r?\n)", r"a=rtcp-mux\g<end>a=rtcp-mux-only\g<end>", answer, flags=re.MULTILINE)


def _formats(video: list[str]) -> tuple[dict[str, str], list[Format]]:
    """The name of each payload type of a video section, and the formats of H.264 that can be understood."""
    names = {match[1]: match[2].lower() for line in video if (match := _RTPMAP.match(line))}
    payloads = [payload for payload in video[0].split()[3:] if payload in names] if video else []
    parameters = {match[1]: _parameters(match[2]) for line in video if (match := _FMTP.match(line))}
    repairs = {parameters.get(payload, {}).get("apt"): payload for payload in payloads if names[payload] == "rtx"}
    formats = [
        Format(payload, repairs.get(payload), parameters.get(payload, {}))
        for payload in payloads
        if names[payload] == "h264" and 96 <= int(payload) <= 127  # the library renumbers what is not dynamic
    ]
    named = {payload: names[payload] for payload in payloads}
    return named, [one for one in formats if _PROFILE.fullmatch(one.profile)]


def _mode(one: Format) -> str:
    return one.parameters.get("packetization-mode", "0")


def _parameters(text: str) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in text.split(";"))
    return {name.lower(): value.strip() for name, _, value in pairs if name}


def _sections(sdp: str) -> list[list[str]]:
    """The lines, with their ends, of the session and of each media line."""
    sections: list[list[str]] = [[]]
    for line in lines_of(sdp):
        if line.startswith("m="):
            sections.append([])
        sections[-1].append(line if line.endswith("\n") else line + "\r\n")
    return sections


def _video(sections: list[list[str]]) -> list[str]:
    return next((section for section in sections[1:] if section[0].startswith("m=video ")), [])


def _joined(session: list[str], media: list[list[str]]) -> str:
    return "".join(session) + "".join("".join(section) for section in media)
