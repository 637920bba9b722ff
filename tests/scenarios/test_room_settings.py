"""What an operator sets for a room: mute, camera, loudspeakers, framing."""

from __future__ import annotations

import numpy as np
import pytest

from media import testcard
from signaling.errors import RemoteError
from tests.scenarios.booths import SCREEN_PX
from tests.scenarios.table import RAMP_S, Guest, Table, expect, listen, live

WIDE_PX = (640, 360)


async def circle_seen(guest: Guest) -> float:
    """Width over height of the circle in the next picture."""
    pictures: list[np.ndarray] = []
    guest.picture.look = lambda luma: pictures.append(luma.copy())
    await guest.picture.seen(lambda sighting: True, 2.0)
    guest.picture.look = None
    ratio = testcard.circle_ratio(pictures[-1])
    assert ratio is not None
    return ratio


async def test_muted_room_is_not_heard_and_comes_back(table: Table) -> None:
    suwon, hanoi = await table.both_rooms()
    operator = await table.operator("suwon")
    await live(suwon)
    await operator.command("set", site="suwon", muted=True)
    await listen([hanoi], RAMP_S)
    await expect((suwon, hanoi), {("hanoi", "suwon"): None, ("suwon", "hanoi"): 0})
    await operator.command("set", site="suwon", muted=False)
    await listen([hanoi], RAMP_S)
    await expect((hanoi, suwon), {("hanoi", "suwon"): 0})


async def test_camera_off_shows_nothing_and_comes_back(table: Table) -> None:
    suwon, hanoi = await table.both_rooms()
    operator = await table.operator("suwon")
    await hanoi.sees(suwon.card)
    await operator.command("set", site="suwon", camera_off=True)
    await listen([hanoi], RAMP_S)
    hanoi.picture.begin()
    await listen([hanoi], 1.0)
    assert not [seen for seen in hanoi.picture.sightings if seen.source is not None]
    await operator.command("set", site="suwon", camera_off=False)
    await hanoi.sees(suwon.card, within_s=2.0)


async def test_loudspeaker_volume_changes_what_that_room_hears(table: Table) -> None:
    suwon, hanoi = await table.both_rooms()
    operator = await table.operator("suwon")
    await live(suwon)
    await operator.command("set", site="suwon", volume_db=-12.0)
    await listen([suwon], RAMP_S)
    await expect((suwon, hanoi), {("suwon", "hanoi"): -12, ("hanoi", "suwon"): 0})


async def test_wide_camera_fills_the_screen_cropped_and_fits_it_letterboxed(table: Table) -> None:
    suwon = await table.room("suwon", camera_px=WIDE_PX)
    hanoi = await table.room("hanoi")
    operator = await table.operator("suwon")
    width, height = SCREEN_PX
    sighting = await hanoi.sees(suwon.card)
    assert (sighting.width, sighting.height) == SCREEN_PX
    assert sighting.stretch == pytest.approx(1.0, abs=0.01)
    assert sighting.card_height == pytest.approx(height, rel=0.01)
    assert sighting.card_width == pytest.approx(height * 16 / 9, rel=0.01)
    assert await circle_seen(hanoi) == pytest.approx(1.0, abs=0.01)

    await operator.command("set", site="suwon", framing="fit")
    sighting = await hanoi.picture.seen(lambda seen: seen.source == suwon.card and seen.card_height < 0.8 * height, 3.0)
    assert (sighting.width, sighting.height) == SCREEN_PX
    assert sighting.stretch == pytest.approx(1.0, abs=0.01)
    assert sighting.card_width == pytest.approx(width, rel=0.01)
    assert sighting.card_height == pytest.approx(width * 9 / 16, rel=0.01)
    assert sighting.top == pytest.approx((height - width * 9 / 16) / 2, abs=2)
    assert await circle_seen(hanoi) == pytest.approx(1.0, abs=0.01)
    assert hanoi.picture.sizes == {SCREEN_PX}


async def test_operator_sets_nothing_at_the_far_site(table: Table) -> None:
    operator = await table.operator("suwon")
    await operator.until(lambda booth: True)
    before = operator.booth
    with pytest.raises(RemoteError) as refusal:
        await operator.command("set", site="hanoi", muted=True)
    assert refusal.value.code == "not_allowed"
    assert refusal.value.message
    assert operator.booth == before
