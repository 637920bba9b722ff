"""A native call from where it runs: ORIGIN TOKEN AUTHORITY. Tells by which address the server was reached, as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from media.engine.simulated import NotConnectedError, RelayWay, SimulatedPeer
from media.engine.simulated_echo import loop
from media.engine.simulated_microphone import record
from server.robot import Robot, trusting
from signaling.errors import RemoteError

CONNECT_S = 4.0
TRIES = 4


async def main(origin: str, token: str, authority: str, relay: str = "") -> dict[str, Any]:
    """Connect to a private place of the server, sound only; over `relay`, an address of it, where there is one."""
    robot = Robot(origin, token, tls=trusting(Path(authority)))
    try:
        await robot.open()
        welcome = await robot.hello(purpose="loopback")
        ways = [RelayWay(relay, one["username"], one["credential"]) for one in welcome["ice_servers"] if relay]
        way = ways[0] if ways else None
        peer = SimulatedPeer(video=None, microphone=record(loop()), connect_s=CONNECT_S, relay=way)
        began_s = time.monotonic()
        try:
            await robot.connect(peer)
        except NotConnectedError:
            return {"reached": None}
        took_s = time.monotonic() - began_s
        transport = peer._pc.getTransceivers()[0].receiver.transport.transport
        pair = transport.iceGatherer._connection._nominated[1]
        return {"reached": pair.remote_addr[0], "took_s": took_s}
    finally:
        await robot.close()


async def patiently(*arguments: str) -> dict[str, Any]:
    """The same, again as long as a busy machine has no media process ready: what is asked here is the way."""
    for _ in range(TRIES - 1):
        try:
            return await main(*arguments)
        except RemoteError as refusal:
            if refusal.code not in ("media_failed", "busy"):
                raise
    return await main(*arguments)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(patiently(*sys.argv[1:]))))
