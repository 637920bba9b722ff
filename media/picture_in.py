"""The picture that comes in on one connection: its packets into frames that may be decoded here, in VP8 or H.264."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

from media import h264, vp8
from media.assembly import Assembler, EncodedFrame
from media.errors import MediaError, SizeError
from media.parameter_sets import ParameterSets, size

MAX_PIXELS = 4096 * 2304
MIN_SIDE = 2  # one chroma sample


class PictureIn:
    """Takes the packets of one codec, `vp8` or `h264`; `sets` are H.264 parameter sets known before the first."""

    def __init__(self, codec: str, sets: Iterable[bytes] = ()) -> None:
        self.assembler = Assembler()
        self.codec = codec
        self.frames = 0
        self.size = (0, 0)
        """Width and height in pixels, as the stream last said."""
        self._sets = ParameterSets()
        with suppress(MediaError):
            self._learn(list(sets))

    @property
    def dropped(self) -> int:
        """Packets that were lost for good, or came too late."""
        return self.assembler.given_up + self.assembler.late

    def push(
        self, sequence: int, timestamp: int, marker: bool, payload: bytes, begins: bool | None, key: bool, now: float
    ) -> list[EncodedFrame]:
        """Take one packet, as `Assembler.push` does, and return the frames that may be decoded now.

        Raises SizeError for a picture that nobody should try to decode (a decode bomb): the stream is to be given up.
        """
        if self.codec == "h264" and begins is not False:
            try:  # here and not with the frame: some send them as a frame of their own, long before the picture
                self._learn(h264.units(payload))
            except SizeError:
                raise
            except MediaError:
                return []  # as good as lost: it is asked for again
        admitted: list[EncodedFrame] = []
        for frame in self.assembler.push(sequence, timestamp, marker, payload, begins=begins, key=key, now=now):
            try:
                admitted += self._admit_h264(frame) if self.codec == "h264" else self._admit_vp8(frame)
            except SizeError:
                raise
            except MediaError:
                self.assembler.start_over()
                break
        self.frames += len(admitted)
        return admitted

    def _admit_vp8(self, frame: EncodedFrame) -> list[EncodedFrame]:
        if frame.key:
            header = vp8.parse(frame.payload)
            if header.width is None or header.height is None:
                raise MediaError("media_failed", "The VP8 frame is no key frame.")
            self._measure(header.width, header.height)
        return [frame]

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
        if min(width, height) < MIN_SIDE or width * height > MAX_PIXELS:
            raise SizeError
        self.size = (width, height)
