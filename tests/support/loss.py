"""The loss of a booth's media process: which one it is, and what a native client does about it."""

from __future__ import annotations

import json

from tests.scenarios.table import Guest
from tests.support.served import Served

BACK_S = 3.0
"""Sound and picture are back by then."""
SLACK_S = 4.0
"""On top of it, for a machine that has more to do: what is slow for good is slower than both."""


def media_process(served: Served, booth: str) -> int:
    """The process that has the media of a booth now, as the log says."""
    lines = [json.loads(line) for line in served.wrote().splitlines() if line.startswith("{")]
    taken = [line["process"] for line in lines if line["event"] == "media_process_taken" and line["place"] == booth]
    pid: int = taken[-1]
    return pid


async def come_back(guest: Guest) -> None:
    """It is told, comes back on its open line, and offers anew."""
    told = await guest.robot.message("error", after=0, timeout_s=BACK_S + SLACK_S)
    assert told["code"] == "media_failed"
    guest.robot.messages.clear()
    await guest.robot.reconnect(fresh=False)
    await guest.renew_media()
