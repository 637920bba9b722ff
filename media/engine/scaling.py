"""Brings a decoded picture to exactly a screen's pixels with swscale: cropped or letterboxed, never stretched."""

from __future__ import annotations

from fractions import Fraction

import av
import av.filter
from av.video.frame import VideoFrame

from media.engine.decoding import SQUARE
from media.engine.vp8 import TIME_BASE
from media.geometry import plan


class Scaler:
    """One filter graph for one output; built anew when the source's size changes (a page turned from fill to fit)."""

    def __init__(self, width: int, height: int, framing: str) -> None:
        self._width = width
        self._height = height
        self._framing = framing
        self._graph: av.filter.Graph | None = None
        self._source: tuple[int, int, str, Fraction] | None = None

    def scale(self, frame: VideoFrame, pixel_aspect: Fraction = SQUARE) -> VideoFrame:
        """The picture at width x height, yuv420p; the same frame when it already has that shape.

        `pixel_aspect`: width over height of the frame's own pixels; the result's are square.
        """
        source = (frame.width, frame.height, frame.format.name, pixel_aspect)
        if source == (self._width, self._height, "yuv420p", SQUARE):
            return frame
        if self._graph is None or source != self._source:
            self._graph, self._source = self._build(frame, pixel_aspect), source
        self._graph.push(frame)
        scaled = self._graph.pull()
        assert isinstance(scaled, VideoFrame)
        return scaled

    def _build(self, frame: VideoFrame, pixel_aspect: Fraction) -> av.filter.Graph:
        width = max(2, round(frame.width * pixel_aspect))
        at = plan(width, frame.height, self._width, self._height, self._framing)
        graph = av.filter.Graph()
        graph.threads = 1  # more threads cost more and gain nothing at this size (media-facts)
        nodes = [
            graph.add_buffer(
                width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base or TIME_BASE
            )
        ]
        if width != frame.width:
            nodes.append(graph.add("scale", f"{width}:{frame.height}:flags=bicubic"))
        if (at.crop_width, at.crop_height) != (width, frame.height):
            nodes.append(graph.add("crop", f"{at.crop_width}:{at.crop_height}:{at.crop_left}:{at.crop_top}:exact=1"))
        # Lanczos where detail is won by enlarging a crop, bicubic where a picture only shrinks.
        kernel = "lanczos" if at.scaled_width > at.crop_width else "bicubic"
        nodes.append(graph.add("scale", f"{at.scaled_width}:{at.scaled_height}:flags={kernel}"))
        if not at.fills:
            nodes.append(graph.add("pad", f"{self._width}:{self._height}:{at.pad_left}:{at.pad_top}:black"))
        nodes.append(graph.add("format", "yuv420p"))
        nodes.append(graph.add("setsar", "1"))
        nodes.append(graph.add("buffersink"))
        graph.link_nodes(*nodes).configure()
        return graph
