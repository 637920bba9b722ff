"""What one connection is sent to hear is one stream, whichever way its packets leave."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from media.engine.earphone import Earphone
from media.engine.native import lib
from media.engine.native_desk import NativeDesk
from media.engine.port import flush
from media.sound import FRAME_SAMPLES
from tests.support.crossing import Slow, Viewer, bound

pytestmark = pytest.mark.skipif(lib is None, reason="the part in C is not built: set-up found no compiler")


class Hearing:
    """Somebody who hears one who says nothing."""

    def __init__(self) -> None:
        self.viewer = Viewer(fast=True)
        self.earphone = Earphone(self.viewer.sending)
        self._desk, self._ticks = NativeDesk(), (1 << 32) // FRAME_SAMPLES - 30  # their timestamps wrap

    @property
    def by_itself(self) -> bool:
        return self.earphone.line() is not None

    def nominate(self, transport: Any, address: tuple[str, int]) -> None:
        self.viewer.ice._nominated[1] = SimpleNamespace(
            protocol=SimpleNamespace(transport=transport), remote_addr=address
        )
        self.viewer.wire.pace(False)

    def tick(self, count: int) -> None:
        for _ in range(count):
            self._desk.connect({"A": [self.earphone]})
            self._desk.tick(self._ticks, time.monotonic())
            self._ticks += 1
            flush()
        self.viewer.far.read()


@pytest.fixture
async def hearing() -> AsyncIterator[Hearing]:
    one = Hearing()
    yield one
    one.viewer.close()


async def test_sound_stays_one_stream_from_the_fast_path_to_the_slow_one_and_back(hearing: Hearing) -> None:
    far, fast, elsewhere = hearing.viewer.far, hearing.viewer.transport, bound()
    hearing.viewer.sending.first_sequence = hearing.earphone.cdata.sequence = 65_500
    for fast_now in (True, False, True):
        hearing.nominate(fast if fast_now else Slow(elsewhere), far.address)
        hearing.tick(20)
        assert hearing.by_itself == fast_now
    hearing.viewer.wire._flush()
    hearing.viewer.sending.report(time.monotonic())
    far.read()
    first = far.media[0]
    by_number = {(one.sequence - first.sequence) & 0xFFFF: one for one in far.media}
    assert sorted(by_number) == list(range(60))
    assert [(by_number[at].timestamp - first.timestamp) & 0xFFFFFFFF for at in range(60)] == [
        at * FRAME_SAMPLES for at in range(60)
    ]
    octets = sum(len(one.payload) for one in far.media)
    assert far.reports[-1] == (60, octets, by_number[59].timestamp)
    elsewhere.close()


async def test_who_only_listens_is_followed_to_another_address(hearing: Hearing) -> None:
    hearing.tick(5)
    elsewhere = bound()
    hearing.nominate(hearing.viewer.transport, elsewhere.getsockname())
    hearing.tick(5)
    assert len(hearing.viewer.far.media) == 5
    for _ in range(5):
        elsewhere.recv(2048)
    elsewhere.close()
