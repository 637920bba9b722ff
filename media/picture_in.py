"""The picture that comes in on one connection: its packets into frames that may be decoded here, in VP8 or H.264."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

from media import h264, vp8
from media.assembly import Assembler, EncodedFrame, Fragment
from media.errors import MediaError, SizeError
from media.h264_beginnings import Beginnings
from media.h264_profiles import NOBODYS, Coding
from media.numbering import PicturePacket
from media.parameter_sets import ParameterSets, read, size
from media.vp8_rtp import LARGEST_PAYLOAD, describe
from media.vp8_rtp import size as size_of

MAX_PIXELS = 4096 * 2304
MIN_SIDE = 2  # one chroma sample


def check_size(frame: EncodedFrame) -> None:
    """Raise SizeError for a frame whose header asks for a picture that is not decoded here; it is not decoded for it.

    Raises MediaError where a header cannot be read.
    """
    if frame.codec == "h264":
        sizes = [size(unit) for unit in h264.units(frame.payload) if h264.kind_of(unit) == h264.SPS]
    else:
        header = vp8.parse(frame.payload)
        sizes = [] if header.width is None or header.height is None else [(header.width, header.height)]
    for width, height in sizes:
        _check(width, height)


def _check(width: int, height: int) -> None:
    if min(width, height) < MIN_SIDE or width * height > MAX_PIXELS:
        raise SizeError


class PictureIn:
    """Takes the packets of one codec, `vp8` or `h264`; `sets` are H.264 parameter sets known before the first.

    `read` each packet; `frames` puts together what is read, where somebody decodes it.
    """

    def __init__(self, codec: str, sets: Iterable[bytes] = ()) -> None:
        self.codec = codec
        self.pictures = 0
        """Counted by their marker bits."""
        self.size = (0, 0)
        """Width and height in pixels, as the stream last said."""
        self.coding: Coding | None = None
        """How the picture is coded since its last beginning; None for VP8, and before the first."""
        self._assembler = Assembler()
        self._sets = ParameterSets()
        self._beginnings = Beginnings()
        with suppress(MediaError):
            self._learn(list(sets))

    def read(self, number: int, timestamp: int, marker: bool, payload: bytes) -> PicturePacket:
        """One packet (number without wrap, timestamp of 32 bits), with what its descriptor says.

        Raises SizeError for a picture that nobody should try to decode (a decode bomb): the stream is to be given up;
        MediaError for a packet that is as good as lost.
        """
        packet = PicturePacket(number, timestamp, marker, payload, None, self.codec)
        if self.codec == "h264":
            self._read_h264(packet)
        elif payload:
            packet.descriptor = describe(payload)
            if packet.descriptor.key:
                self._measure(*size_of(payload, packet.descriptor.body))
        self.pictures += marker
        return packet

    def passed(self, number: int, timestamp: int, pictures: int) -> None:
        """Packets up to this one (number without wrap) continued the picture, in order, with so many marker bits."""
        self.pictures += pictures
        self._beginnings.passed(number, timestamp)

    def of(self, codec: str) -> PictureIn:
        """Itself; where its source sends another codec from now on, one for that."""
        if codec == self.codec:
            return self
        other = PictureIn(codec)
        other.pictures = self.pictures
        return other

    def frames(self, packet: PicturePacket) -> list[EncodedFrame]:
        """The frames that are whole with this packet, and may be decoded now. Raises as `read` does."""
        if self.codec == "h264":
            return self._frames_h264(packet)
        about = packet.descriptor
        body, begins, key = (
            (packet.payload, False, False) if about is None else (packet.payload[about.body :], about.begins, about.key)
        )
        return self._assembler.push(packet.number, packet.timestamp, packet.marker, body, begins=begins, key=key)

    def lost(self, number: int) -> list[EncodedFrame]:
        """Everything up to this number that is missing never comes: the frames that are whole behind it.

        Raises SizeError as `read` does.
        """
        frames = self._assembler.give_up(number)
        return self._admitted(frames) if self.codec == "h264" else frames

    def begin_anew(self) -> None:
        """Frames are wanted again after a time without: what was not put together then is not waited for."""
        self._assembler.begin_anew()

    @property
    def need_key(self) -> bool:
        """Whether frames go on at a key frame only."""
        return self._assembler.need_key

    def _read_h264(self, packet: PicturePacket) -> None:
        """Keep the sets in a packet, and say whether somebody may begin with it."""
        found = h264.begun(packet.payload) if packet.payload else []
        # Here and not with the frame: some send sets long before the picture.
        self._learn(self._beginnings.note(packet.number, packet.timestamp, found))
        slices = [unit for unit in found if h264.kind_of(unit) == h264.IDR]
        sps = self._sets.opened_by(slices[0]) if slices and self._beginnings.sure else None
        if sps is None:
            return
        whole = {h264.SPS, h264.PPS} <= {h264.kind_of(unit) for unit in found}
        packet.sets, packet.bare = b"" if whole else self._sets.aggregated(), self._beginnings.bare
        (width, height), coding = read(sps)
        self._measure(width, height)
        self.coding = coding if len(packet.sets) <= LARGEST_PAYLOAD else NOBODYS

    def _frames_h264(self, packet: PicturePacket) -> list[EncodedFrame]:
        part = Fragment(b"", False, False) if not packet.payload else h264.depacketise(packet.payload)
        begins = True if packet.key else part.begins  # whatever stood in front of it, its sets are known
        return self._admitted(
            self._assembler.push(
                packet.number, packet.timestamp, packet.marker, part.payload, begins=begins, key=part.key
            )
        )

    def _admitted(self, frames: list[EncodedFrame]) -> list[EncodedFrame]:
        """Those of H.264 that show something and may be decoded, as a decoder takes them."""
        admitted: list[EncodedFrame] = []
        for frame in frames:
            try:
                admitted += self._admit_h264(frame)
            except SizeError:
                raise
            except MediaError:
                self._assembler.start_over()
                break
        return admitted

    def _admit_h264(self, frame: EncodedFrame) -> list[EncodedFrame]:
        found = h264.units(frame.payload)
        self._learn(found)
        if not any(h264.shows(unit) for unit in found):
            return []
        if not frame.key:
            return [replace(frame, codec="h264")]
        if not self._sets.complete:
            raise MediaError("media_failed", "The H.264 stream has not shown its parameter sets.")
        return [replace(frame, payload=self._sets.whole(found), codec="h264")]

    def _learn(self, found: list[bytes]) -> None:
        for unit in found:
            if h264.kind_of(unit) == h264.SPS:
                self._measure(*size(unit))
        self._sets.learn(found)

    def _measure(self, width: int, height: int) -> None:
        _check(width, height)
        self.size = (width, height)
