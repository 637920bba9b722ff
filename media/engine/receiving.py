"""One incoming kind of a connection: its packets counted, put in place, asked for again, and reported on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    pack_remb_fci,
)

from media.engine.estimate import Estimate
from media.engine.flow import NO_TIME, Flow
from media.engine.sending import Wire
from media.engine.taker import Taker
from media.loss import REACH, Gaps
from media.reception import Reception
from media.rtp import SEND_TIME_HZ, SEND_TIME_WRAPS_S, RtpPacket, unwrap_again
from media.transit import Stamped

PLI_EVERY_S = 0.300
"""Key-frame requests are rate-limited: each answer is a 40 KB burst."""
MOST_STREAMS = 8
"""SSRCs of one kind on a connection (a browser has two): the oldest goes, or random ones would fill the memory."""
POLL_S = 0.020
"""How often what is missing is looked at."""


@dataclass(frozen=True, slots=True)
class Format:
    """One payload type of an m-line: `codec` is `opus`, `vp8`, `h264`, or `rtx` for retransmissions of `original`."""

    codec: str
    clock_hz: int
    original: int = 0


class Receiving:
    """`start` once the connection is up. `now` is monotonic seconds throughout."""

    def __init__(
        self, kind: str, taker: Taker, poll_later: Callable[[Receiving, float], None], start_bits_per_s: int
    ) -> None:
        self.kind = kind
        self._taker = taker
        self._look_later = poll_later
        self._wire: Wire | None = None
        self._ssrc = 0
        self._formats: dict[int, Format] = {}
        self._originals: dict[int, int] = {}
        self._streams: dict[int, Reception] = {}  # MOST_STREAMS at most, the oldest goes
        self._repeats: set[int] = set()
        self._gone = (0, 0)
        self._gaps = Gaps()
        self._media_ssrc: int | None = None
        self._reports: dict[int, tuple[int, float]] = {}
        self._poll_at = float("inf")
        self._key_wanted = False
        self._asked_at = float("-inf")
        self._estimate = Estimate(start_bits_per_s)
        self._flow: Flow | None = None
        self._send_time_id = 0
        self._newest: Stamped | None = None

    def start(
        self, wire: Wire, ssrc: int, formats: dict[int, Format], originals: dict[int, int], send_time_id: int
    ) -> None:
        """Take packets from now on: `ssrc` is ours in reports, `originals` media SSRCs by those of retransmissions."""
        self._wire, self._ssrc, self._formats, self._originals = wire, ssrc, formats, originals
        self._send_time_id = send_time_id
        self._flow = wire.flow(self.kind == "video", self.tell)

    def stop(self) -> None:
        """Nothing is sent any more."""
        self.halt()
        self._wire = None

    def halt(self) -> None:
        """See each packet of the picture again, from the next one on."""
        if self._flow is not None:
            self._flow.halt()

    def tell(self) -> None:
        """Note what passed by itself."""
        if self._flow is None or (last := self._flow.newest) is None:
            return
        self._stamp(*last)
        if self.kind == "audio":
            self._note_sounds(self._flow)
            return
        passage = self._flow.passage()
        ssrc, number = passage.ssrc, 0
        stream = self._streams.get(ssrc) or self._open(ssrc, self._formats[passage.payload_type])
        for row in passage.packets:
            stream.add(row.sequence, row.timestamp, row.at)
            sent = None if row.send_time == NO_TIME else row.send_time
            self._tell_rate(self._estimate.take(ssrc, sent, row.octets, row.at))
            number = self._gaps.arrive(row.sequence, row.at) or number
        self._taker.on_passage(passage, number)

    def take(self, packet: RtpPacket, now: float) -> None:
        """Take a packet of one of this kind's payload types. Raises ValueError for a retransmission of nothing."""
        form = self._formats[packet.payload_type]
        stream = self._streams.get(packet.ssrc) or self._open(packet.ssrc, form)
        stream.add(packet.sequence, packet.timestamp, now)
        self._stamp(packet.payload_type, packet.ssrc, packet.timestamp, packet.send_time, now)
        if self.kind == "video":
            self._tell_rate(self._estimate.take(packet.ssrc, packet.send_time, packet.size, now))
        if form.codec == "rtx":
            original = self._originals.get(packet.ssrc, self._media_ssrc)
            inner = self._formats.get(form.original)
            if original is None or original != self._media_ssrc or inner is None or len(packet.payload) < 3:
                return  # padding that probes the line, or of a stream that is no more
            packet, form = unwrap_again(packet, form.original, original), inner
        if self.kind == "audio":
            self._hear(form.codec, packet, now)
            return
        if packet.ssrc != self._media_ssrc:
            self._media_ssrc, number = packet.ssrc, self._gaps.begin_anew(packet.sequence)
            self._key_wanted = True  # which this packet may begin: one is asked for if it does not
            self._poll_within(POLL_S, now)
        else:
            before, arrived = self._gaps.highest or 0, self._gaps.arrive(packet.sequence, now)
            if arrived is None:
                return
            number = arrived
            if number - before >= REACH:  # it began anew
                self._key_wanted = True
                self._poll_within(POLL_S, now)
            if self._gaps:
                self._poll_within(POLL_S, now)
        if self._flow is not None:
            self._flow.close()  # and so it stays when this packet turns out to be of no use
        self._taker.on_packet(form.codec, number, packet, now)
        self._let_pass(packet)

    def reported(self, ssrc: int, ntp: int, now: float) -> bool:
        """Note the sender report of a stream, for the echo in ours; whether it is of the media itself."""
        if ssrc in self._streams:
            self._reports[ssrc] = (ntp >> 16 & 0xFFFFFFFF, now)
        return ssrc == self._media_ssrc

    def want_key_frame(self, now: float, round_trip_s: float = 0.0) -> None:
        """Ask for a key frame until one begins, each 300 ms at most."""
        self._key_wanted = True
        self.poll(now, round_trip_s)

    def key_frame_began(self) -> None:
        """The key frame that was asked for is here."""
        self._key_wanted = False

    def poll(self, now: float, round_trip_s: float = 0.0) -> None:
        """Ask for what is missing, or give it up; it has itself called again for as long as something is."""
        self._poll_at = float("inf")
        if self._wire is None:
            return
        lost = self._gaps.lost(now)
        if lost is not None:
            self._key_wanted = True
            self._taker.on_lost(lost)
        if again := self._gaps.ask(now, round_trip_s):
            self._ask_again(again)
        if self._key_wanted and self._media_ssrc is not None and now - self._asked_at >= PLI_EVERY_S:
            self._asked_at = now
            pli = RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=self._ssrc, media_ssrc=self._media_ssrc)
            self._wire.send_rtcp(bytes(pli))
        if self._key_wanted or self._gaps:
            self._poll_within(POLL_S if self._gaps else PLI_EVERY_S, now)

    def cap(self, bits_per_s: int | None) -> None:
        """Ask the source for no more than its viewers' lines carry; None for no bound."""
        self._tell_rate(self._estimate.cap(bits_per_s))

    def ramp(self, now: float) -> None:
        """Its picture begins to be seen: forget what was estimated while it was black or nothing."""
        self._estimate.ramp(now)

    def raise_anew(self, now: float) -> None:
        """Nothing is sent now, and what comes next may come at full rate: say so."""
        self._estimate.ramp(now)
        self._tell_rate(self._estimate.start_bits_per_s)

    def report(self, now: float) -> None:
        """Send a receiver report; about once a second."""
        infos = [self._info(ssrc, stream, now) for ssrc, stream in self._streams.items()]
        if infos and self._wire is not None:
            self._wire.send_rtcp(bytes(RtcpRrPacket(ssrc=self._ssrc, reports=infos)))

    @property
    def newest(self) -> Stamped | None:
        """What came last, noted or not."""
        if self._flow is not None and (last := self._flow.newest) is not None:
            self._stamp(*last)
        return self._newest

    @property
    def counts(self) -> tuple[int, int]:
        """Media packets received, and lost by the line, since the beginning."""
        received, lost = self._gone
        for ssrc, stream in self._streams.items():
            if ssrc not in self._repeats:
                received += stream.received
                lost += max(0, stream.lost)
        return received, lost

    @property
    def dropped(self) -> int:
        """Packets of pictures that never came, or came too late."""
        return self._gaps.given_up + self._gaps.late

    def _hear(self, codec: str, packet: RtpPacket, now: float) -> None:
        self._media_ssrc = packet.ssrc
        if packet.payload:
            self._taker.on_packet(codec, packet.sequence, packet, now)
        if self._flow is None:
            return
        voice = self._taker.voice()
        if voice is None:
            self._flow.close()
        elif self._flow.stream != (packet.ssrc, packet.payload_type):
            self._flow.open(packet.ssrc, packet.payload_type, self._send_time_id, heard=voice)

    def _note_sounds(self, flow: Flow) -> None:
        if not (sounds := flow.sounds()):
            return
        ssrc, payload_type = flow.last
        stream = self._streams.get(ssrc) or self._open(ssrc, self._formats[payload_type])
        for sequence, timestamp, at in sounds:
            stream.add(sequence, timestamp, at)
        self._taker.on_sounds(at)

    def _stamp(self, payload_type: int, ssrc: int, timestamp: int, send_time: int | None, at: float) -> None:
        if self.kind == "audio":
            clock_hz = self._formats[payload_type].clock_hz
            self._newest = Stamped(ssrc, timestamp / clock_hz, (1 << 32) / clock_hz, at)
        elif send_time is not None:
            self._newest = Stamped(0, send_time / SEND_TIME_HZ, SEND_TIME_WRAPS_S, at)

    def _let_pass(self, packet: RtpPacket) -> None:
        """Have what continues this picture pass by itself, where nobody has to see it."""
        if self._flow is None:
            return
        outlets = self._taker.outlets()
        if outlets is None or self._gaps.highest is None:
            self._flow.close()
        else:
            following = (self._gaps.highest + 1) & 0xFFFF
            codec = self._formats[packet.payload_type].codec
            self._flow.open(packet.ssrc, packet.payload_type, self._send_time_id, following, outlets, codec=codec)

    def _open(self, ssrc: int, form: Format) -> Reception:
        stream = self._streams[ssrc] = Reception(form.clock_hz)
        if form.codec == "rtx":
            self._repeats.add(ssrc)
        if len(self._streams) > MOST_STREAMS:
            oldest = next(iter(self._streams))
            gone = self._streams.pop(oldest)
            if oldest not in self._repeats:
                self._gone = (self._gone[0] + gone.received, self._gone[1] + max(0, gone.lost))
            self._repeats.discard(oldest)
            self._reports.pop(oldest, None)
            self._estimate.forget(oldest)
        return stream

    def _poll_within(self, delay_s: float, now: float) -> None:
        if now + delay_s < self._poll_at:
            self._poll_at = now + delay_s
            self._look_later(self, delay_s)

    def _ask_again(self, sequences: tuple[int, ...]) -> None:
        assert self._media_ssrc is not None
        assert self._wire is not None
        nack = RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=self._ssrc, media_ssrc=self._media_ssrc)
        nack.lost = sorted(sequences)
        self._wire.send_rtcp(bytes(nack))

    def _tell_rate(self, bits_per_s: int | None) -> None:
        if self._wire is not None and bits_per_s is not None and self._media_ssrc is not None:
            fci = pack_remb_fci(bits_per_s, self._estimate.ssrcs or [self._media_ssrc])
            self._wire.send_rtcp(bytes(RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=self._ssrc, media_ssrc=0, fci=fci)))

    def _info(self, ssrc: int, stream: Reception, now: float) -> RtcpReceiverInfo:
        last, at = self._reports.get(ssrc, (0, now))
        return RtcpReceiverInfo(
            ssrc=ssrc,
            fraction_lost=stream.fraction_lost(),
            packets_lost=stream.lost,
            highest_sequence=stream.highest,
            jitter=stream.jitter,
            lsr=last,
            dlsr=int(min(now - at, 65535.0) * 65536) if last else 0,
        )
