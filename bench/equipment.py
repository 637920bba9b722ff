"""Encoders and displays at Hanmaru's doors for equipment: WHIP sends, WHEP plays at exactly the screen's pixels."""

from __future__ import annotations

from dataclasses import dataclass, field

import aiohttp

from bench.cast import Participant, Wish, lines
from bench.clip import Clip
from bench.hanmaru import Hanmaru
from bench.peer import Peer, way


@dataclass
class Devices:
    """One booth held by equipment.

    The left site's encoder shows and speaks, the right one's speaks, and a display plays what the right site's screen
    would.
    """

    encoder: Participant
    voice: Participant
    display: Participant
    server: Hanmaru
    sessions: list[tuple[str, str]] = field(default_factory=list)
    """Address and token, to end each."""

    async def leave(self) -> None:
        for participant in (self.encoder, self.voice, self.display):
            await participant.leave()
        async with aiohttp.ClientSession() as http:
            for address, token in self.sessions:
                async with http.delete(address, headers=_bearer(token), ssl=False):
                    pass


async def devices(server: Hanmaru, clip: Clip, place: int = 0, *, keep: bool = False) -> Devices:
    """All three join; the booth goes live by itself."""
    wish = Wish(clip=clip, keep=keep)
    held = Devices(Participant("left"), Participant("right"), Participant("display"), server)
    left, right = server.sites
    try:
        await _join(held, held.encoder, wish, ("whip", place, left), {"audio": "sendonly", "video": "sendonly"})
        await _join(held, held.voice, wish, ("whip", place, right), {"audio": "sendonly"})
        await _join(held, held.display, wish, ("whep", place, right), {"audio": "recvonly", "video": "recvonly"})
    except BaseException:
        await held.leave()
        raise
    return held


async def _join(
    held: Devices, participant: Participant, wish: Wish, door: tuple[str, int, str], ways: dict[str, str]
) -> None:
    kind, place, site = door
    link = held.server.link("room", place, site)
    address = f"{held.server.origin}/{kind}/{link['booth']}/{site}"
    peer = Peer([way(each, ways[each], str(at)) for at, each in enumerate(ways)], lines(wish, participant.name))
    participant.attach(peer, wish)
    headers = _bearer(link["token"]) | {"Content-Type": "application/sdp"}
    offer = await peer.offer()
    async with (
        aiohttp.ClientSession() as http,
        http.post(address, data=offer.encode(), headers=headers, ssl=False) as answer,
    ):
        said = await answer.text()
        if answer.status != 201:
            raise ConnectionError(f"{kind} is refused: {said}")
        held.sessions.append((f"{held.server.origin}{answer.headers['Location']}", link["token"]))
    await peer.accept(said)
    participant.be_quiet()


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
