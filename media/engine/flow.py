"""The fast path of one incoming stream: which packets may pass by themselves, where to, and what has passed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from struct import Struct
from typing import Any, NamedTuple

from media.engine.native import ffi, lib
from media.rtp import LAST_ID, HeaderWriter

MOST_OUTLETS = 32 if lib is None else int(lib.MOST_OUTLETS)
NO_TIME = 0xFFFFFFFF


class Passed(NamedTuple):
    """What is to be noted of a packet: the `passed` of port.h, member by member."""

    at: float
    """When it arrived, monotonic seconds."""
    timestamp: int
    send_time: int
    """NO_TIME: it came without."""
    sequence: int
    octets: int
    """With padding."""
    payload_octets: int
    picture_id: int
    marker: int
    level: int
    has_id: int
    has_level: int


_ROW = Struct("=d2I4H4B4x")  # as C lays it out


@dataclass(slots=True)
class Passage:
    """Packets of a picture that went on by themselves, in order and without a gap."""

    ssrc: int
    payload_type: int
    packets: list[Passed]

    @property
    def octets(self) -> int:
        """Of their payloads."""
        return sum(row.payload_octets for row in self.packets)

    @property
    def picture_id(self) -> int | None:
        """The last one: 15 bits."""
        return next((row.picture_id for row in reversed(self.packets) if row.has_id), None)

    @property
    def level(self) -> int | None:
        """The last TL0PICIDX."""
        return next((row.level for row in reversed(self.packets) if row.has_level), None)


class Outlet:
    """One outgoing stream, where packets of a flow may leave; `port` is that of its connection."""

    def __init__(self, port: Any, payload_type: int, ssrc: int, header: HeaderWriter, keeps: bool = True) -> None:
        self.cdata = ffi.new("outlet *")
        self._port, self._history = port, ffi.new("kept[]", lib.MOST_KEPT) if keeps else ffi.NULL  # held for C
        self._stopped = False
        self.cdata.port, self.cdata.history = self._port, self._history
        self.cdata.payload_type, self.cdata.ssrc = payload_type, ssrc
        first, extension, time_at = header.template
        self.cdata.first, self.cdata.extension_bytes, self.cdata.send_time_at = first, len(extension), time_at
        ffi.memmove(self.cdata.extension, extension, len(extension))
        self.tell: Callable[[], None] = _nothing
        """Have noted what has left here; to be called before anybody answers for it."""
        self.halt: Callable[[], None] = _nothing
        """Have nothing leave here by itself until Python has seen the next packet."""

    def aim(self, sequence: int, shift: int, picture_id: int, level: int) -> None:
        """What is added to the numbers of packets that pass: 16, 32, 15 and 8 bits."""
        self.cdata.sequence_offset, self.cdata.shift = sequence, shift
        self.cdata.id_offset, self.cdata.level_offset = picture_id, level

    def kept(self, sequence: int) -> tuple[int, bool, int, bytes] | None:
        """Payload type, marker, timestamp and payload of a packet that passed with this number, if it is still kept."""
        one = lib.outlet_kept(self.cdata, sequence)
        if one == ffi.NULL:
            return None
        return int(one.payload_type), bool(one.marker), int(one.timestamp), bytes(ffi.buffer(one.payload, one.bytes))

    def forget(self, sequence: int) -> None:
        """Another packet takes the place of what is kept under this number."""
        if self._history:
            self._history[sequence % lib.MOST_KEPT].used = 0

    def leave_by(self, port: Any | None) -> None:
        """The connection has another port from now on; None: one without a fast path."""
        self.halt()
        if not self._stopped:
            self._port = self.cdata.port = ffi.NULL if port is None else port

    def stop(self) -> None:
        """Nothing leaves any more."""
        self._stopped, self.cdata.port = True, ffi.NULL

    @property
    def live(self) -> bool:
        """Whether packets can leave here."""
        return bool(self.cdata.port != ffi.NULL)


def _nothing() -> None: ...


class Flow:
    """`open` after each packet that Python took; `tell` has what passed since noted, `close` ends it until then."""

    def __init__(self, picture: bool, note: Callable[[], None]) -> None:
        self.cdata = ffi.new("flow *")
        self.cdata.picture = picture
        self._outlets: list[Outlet] = []
        self._heard: Any = None  # held for C
        self.tell = note
        self.stream: tuple[int, int] | None = None
        """SSRC and payload type of what passes."""

    def open(
        self,
        ssrc: int,
        payload_type: int,
        send_time_id: int,
        next_sequence: int = 0,
        outlets: list[Outlet] | None = None,
        heard: Any = None,
        codec: str = "vp8",
    ) -> None:
        """Let packets of this stream pass: of a picture, those that continue in order, to these outlets (32).

        Of sound all pass, to the voice (of C) by which they are `heard`.
        """
        self.stream = (ssrc, payload_type)
        cdata = self.cdata
        if outlets is not None:
            cdata.picture = lib.H264 if codec == "h264" else lib.VP8
        self._heard = heard
        cdata.heard = ffi.NULL if heard is None else heard
        cdata.ssrc, cdata.payload_type, cdata.next = ssrc, payload_type, next_sequence
        cdata.send_time_id = send_time_id if send_time_id <= LAST_ID else 0  # greater ones no short header says
        if outlets is not None and outlets != self._outlets:
            self._outlets = list(outlets)
            for index, outlet in enumerate(outlets):
                cdata.outlets[index] = outlet.cdata
                outlet.tell, outlet.halt = self.tell, self.halt
            cdata.outlets_count = len(outlets)
        cdata.open = 1

    def close(self) -> None:
        """Let nothing pass."""
        self.stream = None
        self.cdata.open = self.cdata.outlets_count = 0
        for outlet in self._outlets:
            outlet.tell = outlet.halt = _nothing
        self._outlets = []

    @property
    def last(self) -> tuple[int, int]:
        """SSRC and payload type of what passed last."""
        return int(self.cdata.ssrc), int(self.cdata.payload_type)

    @property
    def newest(self) -> tuple[int, int, int, int | None, float] | None:
        """Payload type, SSRC, timestamp, send time and arrival of what passed last, while that waits to be noted."""
        cdata = self.cdata
        if not cdata.passed_count:
            return None
        row = cdata.passed[cdata.passed_count - 1]
        sent = row.send_time
        return cdata.payload_type, cdata.ssrc, row.timestamp, None if sent == NO_TIME else sent, row.at

    def halt(self) -> None:
        """Have what passed noted, and let nothing pass."""
        self.tell()
        self.close()

    def sounds(self) -> list[tuple[int, int, float]]:
        """Take out what is to be noted of sound: sequence number and timestamp of each packet, and when it came."""
        cdata = self.cdata
        found = [(row.sequence, row.timestamp, row.at) for row in cdata.passed[0 : cdata.passed_count]]
        cdata.passed_count = 0
        return found

    def passage(self) -> Passage:
        """Take out what is to be noted of a picture; without packets where there is nothing."""
        cdata = self.cdata
        rows = bytes(ffi.buffer(cdata.passed, cdata.passed_count * _ROW.size))
        cdata.passed_count = 0
        return Passage(cdata.ssrc, cdata.payload_type, [Passed(*row) for row in _ROW.iter_unpack(rows)])
