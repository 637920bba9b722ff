"""A line is cut and mended: everybody is heard and seen again soon, nothing clicks, and no other booth is touched.

`FAULTS_CUT_S=60 make test-faults ARGS="-k cut -s"` for a minute of it, and its figures.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time

import pytest

from tests.support.weather.meeting import INTERPRETER, Meeting
from tests.support.weather.namespace import why_not
from tests.support.weather.returns import set_right, undisturbed, watch

CUT_S = float(os.environ.get("FAULTS_CUT_S", "10"))
BACK_S = 2.0 if CUT_S <= 10 else 3.0  # after the network
SLACK_S = 2.0  # what a machine may be busy with; the figures are printed
PATIENCE_S = 15.0
BOOTH, OTHER = "booth-1", "booth-2"

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(why_not() is not None, reason=str(why_not())),
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(180 + CUT_S),
]


@pytest.mark.parametrize("who", [("suwon",), ("suwon", "hanoi"), (INTERPRETER,)], ids=" and ".join)
async def test_everybody_is_back_soon_after_a_cut(two_booths: Meeting, who: tuple[str, ...]) -> None:
    await set_right(two_booths, BOOTH)
    victims = [two_booths.booths[BOOTH][name] for name in who]
    places = [each.place for each in victims]
    async with undisturbed(two_booths, OTHER):
        await two_booths.network.cut(*places)
        await asyncio.sleep(CUT_S)  # the cut itself
        mended_s = time.monotonic()
        await two_booths.network.mend(*places)
        returns = await watch(two_booths, BOOTH, victims, mended_s, PATIENCE_S)
    if not returns.complete:
        await asyncio.gather(*(two_booths.replace(each) for each in victims))  # for the tests to come
    sys.stdout.write(f"{CUT_S:.0f} s without {' and '.join(who)}: {returns}\n")
    assert not returns.clicks, str(returns)
    assert returns.worst_s <= BACK_S + SLACK_S, str(returns)
