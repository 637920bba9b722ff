"""Pictures and voices out: packets made beforehand, numbered and timed as a browser would."""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from bench import rtp
from bench.clip import Clip, EncodedFrame
from bench.clockwork import Clockwork
from bench.peer import Peer
from bench.sdp import Way

FRAME_S = 1 / 30
PACKET_S = 0.020
REPORT_S = 1.0
KEPT_PACKETS = 2048
"""For NACK: 7 s at 2.5 Mb/s. The oldest go."""
LEAST_BETWEEN_KEYS_S = 0.3
"""However often a key frame is asked for."""
WALL_S = time.time() - time.monotonic()  # what sender reports say of our clock
KEEP_ALIVE_S = 0.4
"""A silent participant sends so often: what Opus does in DTX (RFC 6716 section 2.1.9)."""


@dataclass(frozen=True, slots=True)
class SentFrame:
    """A picture that went out: its first packet at `first_s`, its last at `last_s` (monotonic)."""

    first_s: float
    last_s: float
    tail: bytes
    number: int
    timestamp: int


class Outlet:
    """What a sender of either kind has: numbers, timestamps, sender reports."""

    def __init__(self, peer: Peer, way: Way, rate_hz: int) -> None:
        self.peer, self.way, self.rate_hz = peer, way, rate_hz
        self.number = random.randrange(1, 1 << 14)
        self.first_timestamp = random.randrange(1 << 31)
        self.packets = self.octets = 0
        self.captured_at_s = 0.0
        """When what has `first_timestamp` was captured (monotonic)."""
        self._reports = Clockwork(REPORT_S, self._report)

    def begin(self, captured_at_s: float) -> None:
        """Media with `first_timestamp` was captured at that instant; reports say so from now on."""
        self.captured_at_s = captured_at_s
        self._reports.start(time.monotonic() + 0.1)

    def end(self) -> None:
        self._reports.stop()

    def _report(self, _index: int, _due_s: float) -> None:
        now = time.monotonic()
        timestamp = self.first_timestamp + round((now - self.captured_at_s) * self.rate_hz)
        self.peer.send(rtp.sender_report(self.way.ssrc, now + WALL_S, timestamp, self.packets, self.octets))


class PictureOutlet(Outlet):
    """Sends a clip at 30 fps, each frame in one burst; answers NACK from its history and PLI with a key frame."""

    def __init__(self, peer: Peer, way: Way, clip: Clip) -> None:
        super().__init__(peer, way, 90_000)
        self._clip = clip
        self._take, self._at = 0, 0
        self._picture_id = random.randrange(1 << 14)
        self._history: dict[int, bytes] = {}
        self._order: deque[int] = deque()
        self._rtx_number = random.randrange(1, 1 << 14)
        self._key_at_s = 0.0
        self._clock = Clockwork(clip.frame_s, self._beat)
        self.sent: deque[SentFrame] = deque(maxlen=20_000)
        """10 minutes; the oldest go."""
        self.sent_again = self.keys_asked = 0

    def start(self) -> None:
        """Begin with a key frame; again, and the timestamps say how long it was off."""
        now = time.monotonic()
        if self.captured_at_s:
            self.first_timestamp = (self.first_timestamp + round((now - self.captured_at_s) * 90_000)) & 0xFFFFFFFF
        self._at = 0
        self._clock.start(now)
        self.begin(now)

    def show(self, clip: Clip) -> None:
        """Send another clip from now on, of the same pace, from its key frame on."""
        self._clip, self._take, self._at = clip, 0, 0

    def stop(self) -> None:
        self._clock.stop()
        self.end()

    def hear(self, feedback: rtp.Feedback, now_s: float) -> None:
        """Send again what is still there; with a PLI go on with the next take, which begins with a key frame."""
        if feedback.media_ssrc != self.way.ssrc:
            return
        for number in feedback.lost:
            self._send_again(number)
        if feedback.key_frame:
            self.keys_asked += 1
            if now_s - self._key_at_s >= LEAST_BETWEEN_KEYS_S:
                self._next_take()

    def _next_take(self) -> None:
        self._take, self._at = (self._take + 1) % len(self._clip.takes), 0

    def _beat(self, index: int, _due_s: float) -> None:
        frame = self._clip.takes[self._take][self._at]
        self._send(frame, index)
        self._at += 1
        if self._at == len(self._clip.takes[self._take]):
            self._next_take()

    def _send(self, frame: EncodedFrame, index: int) -> None:
        if frame.key:
            self._key_at_s = time.monotonic()
        timestamp = (self.first_timestamp + round(index * self._clip.frame_s * 90_000)) & 0xFFFFFFFF
        self._picture_id += 1
        last = len(frame.parts) - 1
        first_s = now = time.monotonic()
        for at, part in enumerate(frame.parts):
            payload = rtp.vp8_descriptor(at == 0, self._picture_id) + part
            now = time.monotonic()
            plain = rtp.stamped(
                self.way.payload_type, self.number, timestamp, self.way.ssrc, payload, marker=at == last, now_s=now
            )
            self._keep(self.number & 0xFFFF, plain)
            self.number += 1
            self.packets += 1
            self.octets += len(payload)
            self.peer.send(plain)
        self.sent.append(SentFrame(first_s, now, frame.tail, frame.number, timestamp))

    def _keep(self, number: int, plain: bytes) -> None:
        self._history[number] = plain
        self._order.append(number)
        if len(self._order) > KEPT_PACKETS:
            del self._history[self._order.popleft()]

    def _send_again(self, number: int) -> None:
        plain = self._history.get(number)
        if plain is None:
            return
        self.sent_again += 1
        if not self.way.rtx_type:
            self.peer.send(plain)
            return
        old = rtp.parse(plain)
        payload = number.to_bytes(2, "big") + old.payload  # RFC 4588 section 4
        self._rtx_number += 1
        again = rtp.stamped(
            self.way.rtx_type,
            self._rtx_number,
            old.timestamp,
            self.way.rtx_ssrc,
            payload,
            marker=old.marker,
            now_s=time.monotonic(),
        )
        self.peer.send(again)


class VoiceOutlet(Outlet):
    """Sends Opus packets of 20 ms from a loop; or, silent, one packet in 400 ms so that the line stays known alive."""

    def __init__(self, peer: Peer, way: Way) -> None:
        super().__init__(peer, way, 48_000)
        self.packets_said: Sequence[bytes] = ()
        """The loop."""
        self._every, self._offset, self._marks = 1, 0, True
        self._clock = Clockwork(PACKET_S, self._beat)
        self.begun_s = 0.0
        """When the first packet of the loop went out; a sample in it was said then, plus its place in the packet."""
        self.first_number = self.number
        """The RTP number of that packet."""

    def start(self, packets: Sequence[bytes], every: int = 1) -> None:
        """Send `packets` in a loop; with `every` > 1 only each so many-th tick sends, like DTX."""
        self.stop()
        self.packets_said, self._every, self._marks = packets, every, True
        self.begun_s = time.monotonic()
        # What is captured from now on has the timestamps that follow; a pause is a pause in both.
        if self.captured_at_s:
            self._offset = round((self.begun_s - PACKET_S - self.captured_at_s) * 48_000)
        else:
            self._offset = 0
            self.begin(self.begun_s - PACKET_S)
        self.first_number = self.number
        self._clock.start(self.begun_s)

    def rest(self, silence: bytes) -> None:
        """Stay connected without a word."""
        self.start((silence,), every=round(KEEP_ALIVE_S / PACKET_S))

    def stop(self) -> None:
        self._clock.stop()

    def _beat(self, index: int, _due_s: float) -> None:
        if index % self._every:
            return
        payload = self.packets_said[index % len(self.packets_said)]
        timestamp = self.first_timestamp + self._offset + index * 960
        plain = rtp.packet(self.way.payload_type, self.number, timestamp, self.way.ssrc, payload, marker=self._marks)
        self._marks = False
        self.number += 1
        self.packets += 1
        self.octets += len(payload)
        self.peer.send(plain)
