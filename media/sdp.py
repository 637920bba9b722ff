"""What an offer must hold before the engine looks at it, and what an answer adds for the browser."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from media import candidates
from media.errors import CandidateError, OfferError

LARGEST_BYTES = 64 * 1024
MOST_LINES = 1000  # a browser's offer has 200; reading more would hold up everybody's sound
MOST_MEDIA = 8
DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
CODECS = {"audio": ("Opus",), "video": ("VP8",)}
EQUIPMENT_CODECS = {"audio": ("Opus",), "video": ("VP8", "H264")}
"""What may be offered by those who only send: they often have one encoder, in a chip."""

# Control characters and the exotic line ends on which parsers disagree.
_UNPRINTABLE = re.compile(r"[^\t\r\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\U0010ffff]|\r(?!\n)")
_MEDIA_LINE = re.compile(r"([a-z]+) (\d{1,5}) (\S{1,40})((?: \S{1,32})+)", re.ASCII)
_PAYLOAD = re.compile(r"\d{1,3}", re.ASCII)
_RTPMAP = re.compile(r"(\d{1,3}) ([^/\s]{1,40})/(\d{1,6})(?:/\d{1,2})?", re.ASCII)

# One codec parameter; those that are numbers must be numbers.
_NUMBERS = "apt|max-fr|max-fs|maxplaybackrate|minptime|stereo|useinbandfec"
_PARAMETER = rf"\s?(?:(?:{_NUMBERS})=\d{{1,9}}|(?!(?:{_NUMBERS})=)[^;\s]{{1,1024}})"

# The shape of attributes that stacks read without looking twice (RFC 8866, RFC 8839, RFC 8122, RFC 5576).
_SHAPES: Mapping[str, re.Pattern[str]] = {
    "extmap": re.compile(r"\d{1,3}(/[a-z]{8})? \S{1,256}", re.ASCII),
    "fingerprint": re.compile(r"\S{1,16} [0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2})*", re.ASCII),
    "fmtp": re.compile(rf"\d{{1,3}} {_PARAMETER}(;{_PARAMETER})*;?", re.ASCII),
    "group": re.compile(r"\S{1,32}( \S{1,32}){0,8}", re.ASCII),
    "ice-pwd": re.compile(r"[A-Za-z0-9+/]{22,256}", re.ASCII),
    "ice-ufrag": re.compile(r"[A-Za-z0-9+/]{4,256}", re.ASCII),
    "mid": re.compile(r"\S{1,32}", re.ASCII),
    "msid-semantic": re.compile(r"\s?\S{1,32}( \S{1,64}){0,8}\s?", re.ASCII),
    "rtcp": re.compile(r"\d{1,5}( IN IP[46] [0-9A-Fa-f.:]{1,45})?", re.ASCII),
    "rtcp-fb": re.compile(r"(\*|\d{1,3}) \S{1,32}( .{1,64})?", re.ASCII),
    "rtpmap": _RTPMAP,
    "setup": re.compile(r"actpass|active|passive"),
    "ssrc": re.compile(r"\d{1,10} [A-Za-z-]{1,32}:.{0,256}"),
    "ssrc-group": re.compile(r"\S{1,32}( \d{1,10}){1,8}", re.ASCII),
}
_CONNECTION = re.compile(r"IN IP[46] [0-9A-Fa-f.:]{1,45}", re.ASCII)


@dataclass(slots=True)
class _Section:
    """The lines under one m-line (or before the first: kind is empty)."""

    kind: str = ""
    protocol: str = ""
    payloads: tuple[str, ...] = ()
    attributes: list[tuple[str, str]] = field(default_factory=list)

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.attributes if key == name]


def check_offer(sdp: str, audio: str | None, video: str | None) -> None:
    """See that an offer holds exactly the expected media: one m-line per direction that is not None.

    `audio` and `video` are directions as the client offers them. Raises OfferError (`bad_offer`) with a sentence that
    says what is wrong.
    """
    _check_text(sdp)
    session, *media = list(_sections(sdp))
    if len(media) > MOST_MEDIA:
        raise OfferError(f"The offer has {len(media)} media lines; at most {MOST_MEDIA} are read.")
    found = sum(len(section.values("candidate")) for section in media)
    if found > candidates.MOST_CANDIDATES:
        raise OfferError(f"The offer has {found} candidates; at most {candidates.MOST_CANDIDATES} are read.")
    _check_media(media, {kind: way for kind, way in (("audio", audio), ("video", video)) if way is not None})
    _check_shapes(session, media)
    for section in media:
        _check_transport(session, section)
        _check_codecs(section)


def filter_candidates(sdp: str, *, loopback: bool) -> tuple[str, int]:
    """Return the offer without the candidates that must not be contacted, and how many were dropped."""
    kept: list[str] = []
    dropped = 0
    for line in lines_of(sdp):
        if line.startswith("a=candidate:"):
            try:
                fine = candidates.allowed(candidates.parse(line.rstrip("\r\n")), loopback=loopback)
            except CandidateError:
                fine = False
            if not fine:
                dropped += 1
                continue
        kept.append(line)
    return "".join(kept), dropped


def tune_answer(sdp: str, start_kbps: int, min_kbps: int, max_kbps: int) -> str:
    """Return an answer that asks for full-band sound with FEC, and for a picture at its full rate from the start.

    Only format parameters of Opus (RFC 7587 section 6.1), VP8 and H.264 change; every other byte stays. The x-google
    parameters are read by Chromium's sender: without them it sends thumbnails for tens of seconds.
    """
    picture = {
        "x-google-start-bitrate": str(start_kbps),
        "x-google-min-bitrate": str(min_kbps),
        "x-google-max-bitrate": str(max_kbps),
    }
    sound = {"minptime": "10", "useinbandfec": "1", "maxaveragebitrate": "48000", "stereo": "0", "usedtx": "0"}
    wanted = {"opus": sound, "vp8": picture, "h264": picture}
    tuned: list[str] = []
    section: list[str] = []
    for line in lines_of(sdp):
        if line.startswith("m="):
            tuned += _tune_section(section, wanted)
            section = []
        section.append(line)
    return "".join(tuned + _tune_section(section, wanted))


def _check_text(sdp: str) -> None:
    if len(sdp) > LARGEST_BYTES or len(sdp.encode("utf-8", "surrogatepass")) > LARGEST_BYTES:
        raise OfferError("The offer is larger than 64 KiB.")
    if sdp.count("\n") > MOST_LINES:
        raise OfferError(f"The offer has more than {MOST_LINES} lines.")
    if not sdp.startswith(("v=0\r\n", "v=0\n")):
        raise OfferError("The offer is not SDP: it must begin with v=0.")
    if _UNPRINTABLE.search(sdp):
        raise OfferError("The offer is not SDP: it holds characters that no SDP holds.")


def _check_media(media: list[_Section], expected: Mapping[str, str]) -> None:
    for section in media:
        if section.kind not in expected:
            raise OfferError(f"The offer holds {_short(section.kind)}, which this seat does not send or receive.")
    for kind, way in expected.items():
        of_kind = [section for section in media if section.kind == kind]
        if len(of_kind) != 1:
            raise OfferError(f"The offer must hold exactly one {kind} line; it has {len(of_kind)}.")
        ways = [key for key, _ in of_kind[0].attributes if key in DIRECTIONS] or ["sendrecv"]  # the default, RFC 8866
        if ways != [way]:
            raise OfferError(f"The {kind} line must be {way}; it is {' and '.join(ways[:3])}.")


def _check_shapes(session: _Section, media: list[_Section]) -> None:
    for section in (session, *media):
        for name, value in section.attributes:
            shape = _SHAPES.get(name)
            if shape is not None and not shape.fullmatch(value):
                raise OfferError(f"The offer has a malformed line: a={_short(name)}.")
    mids = [mid for section in media for mid in section.values("mid")]
    if len(mids) != len(media) or len(set(mids)) != len(mids):
        raise OfferError("Every media line of the offer needs a mid of its own.")


def _check_transport(session: _Section, section: _Section) -> None:
    if section.protocol != "UDP/TLS/RTP/SAVPF":
        raise OfferError(f"The {section.kind} line must be encrypted (UDP/TLS/RTP/SAVPF).")
    if not section.values("rtcp-mux"):
        raise OfferError(f"The {section.kind} line must multiplex RTCP (a=rtcp-mux).")
    for name in ("ice-ufrag", "ice-pwd", "setup"):
        if not section.values(name) and not session.values(name):
            raise OfferError(f"The {section.kind} line lacks a={name}.")
    prints = section.values("fingerprint") + session.values("fingerprint")
    sha256 = [value.split()[1] for value in prints if value.lower().startswith("sha-256 ")]
    if not any(len(value) == 95 for value in sha256):  # 32 bytes in hexadecimal, with colons
        raise OfferError(f"The {section.kind} line lacks a sha-256 fingerprint.")


def _check_codecs(section: _Section) -> None:
    if any(not _PAYLOAD.fullmatch(payload) or int(payload) > 127 for payload in section.payloads):
        raise OfferError(f"The {section.kind} line has a payload type that is not a number from 0 to 127.")
    named: dict[str, str] = {}
    for value in section.values("rtpmap"):
        payload, codec = value.split("/")[0].split(" ")
        named[payload] = codec.lower()
    if any(value.split(" ")[0] not in named for value in section.values("fmtp")):
        raise OfferError(f"The {section.kind} line has parameters of a codec that it does not name.")
    wanted = (EQUIPMENT_CODECS if ("sendonly", "") in section.attributes else CODECS)[section.kind]
    offered = {codec for payload, codec in named.items() if payload in section.payloads}
    if offered.isdisjoint(codec.lower() for codec in wanted):
        raise OfferError(f"The {section.kind} line must offer {' or '.join(wanted)}.")


def _sections(sdp: str) -> Iterator[_Section]:
    section = _Section()
    for line in lines_of(sdp):
        body = line.rstrip("\r\n")
        if body.startswith("m="):
            yield section
            match = _MEDIA_LINE.fullmatch(body[2:])
            if match is None or int(match[2]) > 65535:
                raise OfferError("The offer has a malformed media line.")
            if match[2] == "0":
                raise OfferError(f"The offer rejects its own {_short(match[1])} line (port 0).")
            section = _Section(match[1], match[3], tuple(match[4].split()))
        elif body.startswith("a="):
            name, _, value = body[2:].partition(":")
            section.attributes.append((name, value))
        elif body.startswith("c="):
            if not _CONNECTION.fullmatch(body[2:]):
                raise OfferError("The offer has a malformed connection line.")
        elif body and not re.match(r"[a-z]=", body):
            raise OfferError("The offer is not SDP: every line must be a letter, = and a value.")
    yield section


def _tune_section(lines: list[str], wanted: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Set the parameters of each wanted codec in one m-section."""
    todo: dict[str, Mapping[str, str]] = {}
    for line in lines:
        match = _RTPMAP.match(line.removeprefix("a=rtpmap:")) if line.startswith("a=rtpmap:") else None
        if match is not None and match[2].lower() in wanted:
            todo[match[1]] = wanted[match[2].lower()]
    written = {line[7:].split(" ")[0] for line in lines if line.startswith("a=fmtp:")}
    tuned: list[str] = []
    for line in lines:
        body = line.rstrip("\r\n")
        end = line[len(body) :]
        name, _, value = body.partition(":")
        payload, _, parameters = value.partition(" ")
        if name == "a=fmtp" and payload in todo:
            tuned.append(f"a=fmtp:{payload} {_merge(parameters, todo[payload])}{end}")
            continue
        tuned.append(line)
        if name == "a=rtpmap" and payload in todo and payload not in written:
            tuned.append(f"a=fmtp:{payload} {_merge('', todo[payload])}{end}")
    return tuned


def _merge(parameters: str, ours: Mapping[str, str]) -> str:
    kept = [part for part in parameters.split(";") if part and part.split("=")[0].strip() not in ours]
    return ";".join(kept + [f"{key}={value}" for key, value in ours.items()])


def lines_of(sdp: str) -> list[str]:
    """Return the lines with their ends, so that joined they are the same text."""
    return [line for line in re.split(r"(?<=\n)", sdp) if line]


def _short(text: str) -> str:
    return text[:32]
