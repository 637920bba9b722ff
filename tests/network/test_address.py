"""A participant gets another address in the middle of a sentence, as between a cable and Wi-Fi."""

from __future__ import annotations

import sys
import time

import pytest

from tests.support.weather.meeting import INTERPRETER, Meeting
from tests.support.weather.namespace import why_not
from tests.support.weather.returns import set_right, undisturbed, watch

MOST_SILENCE_S = 3.0 + 2.0  # the bar, and what a machine may be busy with
UNDER_WAY_S = 1.0  # what was said before is heard for a moment longer; who is back sooner than that is not timed
PATIENCE_S = 15.0
BOOTH, OTHER = "booth-1", "booth-2"

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(why_not() is not None, reason=str(why_not())),
    pytest.mark.asyncio(loop_scope="session"),
]


@pytest.mark.parametrize("who", ["suwon", INTERPRETER])
async def test_another_address_costs_little_silence(two_booths: Meeting, who: str) -> None:
    await set_right(two_booths, BOOTH)
    victim = two_booths.booths[BOOTH][who]
    async with undisturbed(two_booths, OTHER):
        await two_booths.network.change_address(victim.place)
        changed_s = time.monotonic()
        returns = await watch(two_booths, BOOTH, [victim], changed_s + UNDER_WAY_S, PATIENCE_S)
    if not returns.complete:
        await two_booths.replace(victim)  # for the tests to come
    sys.stdout.write(f"{who} at another address: {UNDER_WAY_S:.0f} s and {returns}\n")
    assert returns.worst_s + UNDER_WAY_S <= MOST_SILENCE_S, str(returns)
