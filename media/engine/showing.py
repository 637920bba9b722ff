"""One source's picture on its viewers' screens: forwarded to whom it fits as it is, made anew for the others.

Which of both is decided at each key frame, where a picture's size may change, and changes without a new offer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from media.engine.door import View
from media.engine.flow import MOST_OUTLETS, Outlet, Passage
from media.engine.picture import MadeFrame, PictureLine, Shape
from media.engine.screen import Screen, Way
from media.forwarding import forwardable
from media.numbering import PicturePacket
from media.picture_in import PictureIn

THIN_BITS_PER_S = 600_000
"""What a camera is asked for at most under pressure: a quarter of what 1280x1024 has, and pages let frames go first."""

GONE_S = 5.0
"""A camera that has sent nothing for so long is off; what passes by itself is noted each 1.5 s at least."""


class Camera(Protocol):
    """The connection that a picture comes from."""

    @property
    def picture(self) -> PictureIn:
        """What is known of what it films."""

    def assemble(self, wanted: bool) -> None:
        """Whether frames are wanted, and not packets only."""

    def halt(self) -> None:
        """Let no packet pass by itself any more."""

    def ask_key_frame(self) -> None:
        """Have the picture begin anew."""

    def ramp(self) -> None:
        """Its picture begins to be seen: let its sender start at full rate."""

    def cap(self, bits_per_s: int | None) -> None:
        """Ask for no more than this; None for no bound."""

    def captured(self, kind: str, timestamp: int, now: float) -> float | None:
        """When what has this timestamp (32 bits) and is shown now was captured, in monotonic seconds."""


class Showing:
    """`line` makes pictures, `screens` are the connections of a viewer's seat. All calls come from the event loop."""

    def __init__(self, source: str, line: PictureLine, screens: Callable[[str], Iterable[Screen]]) -> None:
        self.line = line
        self._source = source
        self._screens = screens
        self._camera: Camera | None = None
        self._views: dict[str, View] = {}
        self._forwarded: list[Screen] = []
        self._watched: set[str] = set()
        """Viewers with a connection that it is forwarded to. One seat's two may differ in what they take."""
        self._made: dict[str, Shape] = {}
        self._rates: dict[str, int] = {}
        self._packets = 0
        self._flowed_at = float("-inf")
        line.thinning.append(self._cap)

    @property
    def counts(self) -> dict[str, float]:
        """By the door's `COUNTS`: packets that were forwarded, and what was made."""
        return {**self.line.counts, "forwarded": self._packets}

    def flows(self, now: float) -> bool:
        """Whether the camera sends a picture these days."""
        return now - self._flowed_at < GONE_S

    def halt(self) -> None:
        """Let no packet pass by itself, before anything changes."""
        if self._camera is not None:
            self._camera.halt()

    def film(self, camera: Camera | None) -> None:
        """The picture comes from this connection from now on, or from none."""
        self.halt()
        if self._camera is not None:
            self._camera.assemble(False)
            self._camera.cap(None)
        self._camera = camera
        for viewer in self._views:
            for screen in self._screens(viewer):
                screen.begin_anew()
            self.line.want_key_frame(viewer)
        self._divide()
        self.line.begin_anew()
        self.ask_key_frame()

    def show(self, views: Mapping[str, View]) -> None:
        """Set who sees this source, by viewer; to be called again when a viewer has another connection."""
        self.halt()
        newcomers = views.keys() - self._views.keys()
        if newcomers and not self._views and self._camera is not None:
            self._camera.ramp()
        for viewer in newcomers:  # what they saw of it before has a hole now
            for screen in self._screens(viewer):
                screen.begin_anew()
        self._views = dict(views)
        self._rates = {viewer: rate for viewer, rate in self._rates.items() if viewer in views}
        self._divide()
        if newcomers - self._made.keys():
            self.ask_key_frame()

    def close(self) -> None:
        """Show nothing any more."""
        self.film(None)
        self.show({})
        self.line.thinning.remove(self._cap)
        self.line.close()

    def packet(self, packet: PicturePacket, now: float) -> None:
        """Take the next packet of the camera."""
        self._flowed_at = now
        if packet.key:
            self._divide()
        captured = None
        for screen in self._forwarded:
            stamp = screen.forward(self._source, packet, now)
            if stamp is None:
                continue
            self._packets += 1
            if packet.marker:
                if captured is None:
                    captured = self._captured(packet.timestamp, now)
                screen.sending.stamp(stamp, captured)

    def outlets(self) -> list[Outlet] | None:
        """Where packets that continue the picture may leave by themselves; None while each has to be seen."""
        if self._made or self._camera is None:
            return None
        outlets = [screen.outlet() for screen in self._forwarded if screen.follows(self._source)]
        found = [outlet for outlet in outlets if outlet is not None]
        return found if len(found) == len(outlets) <= MOST_OUTLETS else None

    def passage(self, passage: Passage, number: int) -> None:
        """Note packets that left so, the last one with this number."""
        self._flowed_at = passage.packets[-1].at
        marked = [(row.timestamp, row.at) for row in passage.packets if row.marker]
        captured = self._captured(*marked[-1]) if marked else 0.0
        for screen in self._forwarded:
            if not screen.follows(self._source):
                continue
            shift = screen.passed(passage, number)
            self._packets += len(passage.packets)
            if marked:
                screen.sending.stamp((marked[-1][0] + shift) & 0xFFFFFFFF, captured)

    def made(self, viewers: frozenset[str], frame: MadeFrame, now: float) -> None:
        """Take a frame that the line made for these viewers."""
        captured = self._captured(frame.timestamp & 0xFFFFFFFF, now)
        for viewer in viewers & self._made.keys():
            for screen in self._screens(viewer):
                stamp = screen.put(self._source, frame.payload, frame.timestamp, frame.key, now)
                if stamp is not None:
                    screen.sending.stamp(stamp, captured)

    def want_key_frame(self, viewer: str) -> None:
        """A viewer lost its picture."""
        if viewer in self._made:
            self.line.want_key_frame(viewer)
        if viewer in self._views and self._watches(viewer):
            self.ask_key_frame()

    def want_rate(self, viewer: str, bits_per_s: int | None) -> None:
        """A viewer's line carries this much; None while that is not known, as in the beginning of a connection."""
        if bits_per_s is None:
            self._rates.pop(viewer, None)
        elif viewer in self._views:
            self._rates[viewer] = bits_per_s
            self.line.want_rate(viewer, bits_per_s)
        self._cap()

    def ask_key_frame(self) -> None:
        """Have the camera begin anew, if anybody looks."""
        if self._camera is not None and self._views:
            self._camera.ask_key_frame()

    def _divide(self) -> None:
        """Say who gets the picture which way. What nobody knows the size of waits for its key frame."""
        self.halt()
        camera = self._camera
        codec, size, coding = "", (0, 0), None
        if camera is not None:
            codec, size, coding = camera.picture.codec, camera.picture.size, camera.picture.coding
        known = all(size) and (codec != "h264" or coding is not None)
        made: dict[str, Shape] = {}
        forwarded: dict[Screen, str] = {}
        for viewer, view in self._views.items():
            fits = forwardable(size, (view.width, view.height), exact=view.exact)
            for screen in self._screens(viewer):
                forward = fits and screen.takes(codec, coding)
                screen.show(self._source, Way.FORWARDED if forward else Way.MADE, codec, coding)
                if forward:
                    forwarded[screen] = viewer
                elif known:
                    made[viewer] = Shape(view.width, view.height, view.framing)
        self._forwarded, self._watched = list(forwarded), set(forwarded.values())
        if made != self._made:
            self._made = made
            if camera is not None:
                camera.assemble(bool(made))
            self.line.show(made)
        elif camera is not None:
            camera.assemble(bool(made))
        self._cap()

    def _watches(self, viewer: str) -> bool:
        """Whether the camera's own stream matters to a viewer: it is forwarded there, or may come to be."""
        return viewer in self._watched or viewer not in self._made

    def _cap(self) -> None:
        if self._camera is not None:
            rates = [rate for viewer, rate in self._rates.items() if self._watches(viewer)]
            rates += [THIN_BITS_PER_S] if self.line.thinning.on else []
            self._camera.cap(min(rates, default=None))

    def _captured(self, timestamp: int, now: float) -> float:
        captured = None if self._camera is None else self._camera.captured("video", timestamp, now)
        return now if captured is None else captured
