"""A line without a fast path: what stands on it sees every packet."""

from __future__ import annotations

from collections.abc import Callable

from media.rtp import HeaderWriter


class Slow:
    """The part of `media.engine.sending.Wire` that says so."""

    def flow(self, _picture: bool, _note: Callable[[], None]) -> None:
        return None

    def outlet(self, _payload_type: int, _ssrc: int, _header: HeaderWriter, _keeps: bool) -> None:
        return None
