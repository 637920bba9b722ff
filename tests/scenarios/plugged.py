"""Equipment at the table of a scenario: an encoder or a display as the library makes it, through the doors of HTTP."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import aiohttp

from media.engine.simulated import LOOPBACK, SimulatedPeer
from media.engine.simulated_camera import LoopedCamera, card_clip
from server.robot import Robot
from tests.scenarios.table import Guest, Table, voice_loop

FEED_HZ = {"suwon": 690, "hanoi": 1080}  # none of the voices of the same table
FEED_CARDS = {"suwon": 66, "hanoi": 77}
CAMERA_PX = (640, 360)  # 16:9, as equipment has it: no screen's shape


@dataclass(slots=True)
class Plugged(Guest):
    """One connection of equipment, and its address."""

    table: Table
    token: str
    address: str

    async def request(self, method: str, address: str | None = None) -> int:
        """The status that a request to its address gets."""
        async with _http(self.table, self.token) as http, http.request(method, address or self.address) as answer:
            return answer.status

    async def delete(self) -> int:
        """End it as equipment does that is switched off in good order."""
        status = await self.request("DELETE")
        await self.peer.close()
        return status


async def encoder(
    table: Table,
    site: str,
    robot: Robot,
    *,
    card: int | None = None,
    codec: str = "vp8",
    camera_px: tuple[int, int] = CAMERA_PX,
) -> Plugged:
    """An encoder that sends for a site; `robot` watches the booth."""
    number, hz = card or FEED_CARDS[site], FEED_HZ[site]
    clip = await asyncio.to_thread(card_clip, *camera_px, number, codec=codec)
    microphone = await asyncio.to_thread(voice_loop, hz)

    def make_peer() -> SimulatedPeer:
        camera = LoopedCamera(clip)
        return SimulatedPeer(
            audio="sendonly", video="sendonly", camera=camera, microphone=microphone, addresses=LOOPBACK
        )

    return await _plug(
        table, "whip", site, Plugged(f"{site} feed", hz, number, robot, make_peer, make_peer(), table, "", "")
    )


async def display(table: Table, site: str, robot: Robot) -> Plugged:
    """A display that plays what a site's room plays."""

    def make_peer() -> SimulatedPeer:
        return SimulatedPeer(audio="recvonly", video="recvonly", addresses=LOOPBACK)

    return await _plug(
        table, "whep", site, Plugged(f"{site} display", 0, None, robot, make_peer, make_peer(), table, "", "")
    )


async def _plug(table: Table, door: str, site: str, plugged: Plugged) -> Plugged:
    plugged.token = table.served.link("room", table.booth, site).token
    async with _http(table, plugged.token) as http:
        offer = await plugged.peer.offer()
        address = f"{table.served.origin}/{door}/{table.booth}/{site}"
        headers = {"Content-Type": "application/sdp"}
        async with http.post(address, data=offer, headers=headers) as answer:
            text = await answer.text()
            assert answer.status == 201, text
            plugged.address = table.served.origin + answer.headers["Location"]
    await plugged.peer.accept(text)
    return plugged


def _http(table: Table, token: str) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(ssl=table.tls)
    return aiohttp.ClientSession(connector=connector, headers={"Authorization": f"Bearer {token}"})
