"""One way at the size of the real screens: exactly its pixels, and fast enough."""

from __future__ import annotations

from tests.scenarios.booths import LARGE_SCREEN_PX
from tests.scenarios.table import Table, listen

LEAST_FRAMES_PER_S = 24.0
SETTLE_S = 1.5
WATCH_S = 5.0


async def test_picture_of_1280x1024_arrives_whole_at_24_frames_per_s(large_table: Table) -> None:
    suwon = await large_table.room("suwon", camera_px=LARGE_SCREEN_PX)
    hanoi = await large_table.room("hanoi", camera_px=(320, 256))
    await hanoi.sees(suwon.card)
    await listen([hanoi], SETTLE_S)
    hanoi.picture.begin()
    await listen([hanoi], WATCH_S)
    assert hanoi.picture.sizes == {LARGE_SCREEN_PX}
    assert hanoi.picture.frames_per_s() >= LEAST_FRAMES_PER_S
    assert hanoi.picture.longest_freeze_s() < 0.5
    assert {seen.source for seen in hanoi.picture.sightings} == {suwon.card}
