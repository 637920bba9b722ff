"""Without a fast path: what stands on such a line, or behind such a taker, sees every packet."""

from __future__ import annotations

from collections.abc import Callable

from media.engine.flow import Passage
from media.rtp import HeaderWriter


class Slow:
    """The part of `media.engine.sending.Wire` that says so."""

    def flow(self, _picture: bool, _note: Callable[[], None]) -> None:
        return None

    def outlet(self, _payload_type: int, _ssrc: int, _header: HeaderWriter, _keeps: bool) -> None:
        return None


class SeesAll:
    """The part of `media.engine.taker.Taker` that has nothing pass by itself."""

    def on_passage(self, _passage: Passage, _number: int) -> None:
        raise AssertionError("nothing passes by itself here")

    def outlets(self) -> None:
        return None

    def on_sounds(self, _at: float) -> None:
        raise AssertionError("nothing is heard by itself here")

    def voice(self) -> None:
        return None
