"""Who sits at the table of a scenario: rooms, an interpreter and an operator, as native clients with unreal media."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from media import voice
from media.engine.simulated import LOOPBACK, SimulatedPeer
from media.engine.simulated_camera import LoopedCamera, card_clip
from media.engine.simulated_microphone import RATE_HZ, SoundLoop, record
from media.engine.simulated_picture import PictureSink, Sighting
from media.engine.simulated_sound import SoundSink
from server.robot import Robot, trusting
from tests.scenarios.booths import SCREEN_PX, SITES
from tests.support.served import Served

Levels = dict[tuple[str, str], float]

LISTEN_S = 2.2  # the detector wants two seconds
VOICES_HZ = {"suwon": 430, "hanoi": 610, "interpreter": 970}
NEIGHBOURS_HZ = {"suwon": 690, "hanoi": 1080, "interpreter": 970}
CARDS = {"suwon": 11, "hanoi": 22}
NEIGHBOURS_CARDS = {"suwon": 33, "hanoi": 44}
GONE_DB = -50.0  # what nobody is to hear lies this far under what the others get of it
TOLERANCE_DB = 1.5
SOFTER = 0.5  # where two voices at the level of speech swell together, the limiter has something to do
SPOKEN_DBFS = voice.LEVEL_DBFS + 20 * math.log10(SOFTER)
TRIES = 4
PATIENCE_S = 8.0
RAMP_S = 0.6  # longer than an attack and the sound on its way; a release is waited for by name


@lru_cache(maxsize=8)
def voice_loop(fundamental_hz: int) -> SoundLoop:
    """That voice for ever, 6 dB softer than speech."""
    return record(voice.voice(fundamental_hz, 1.0) * np.float32(SOFTER))


@lru_cache(maxsize=8)
def tone_loop(frequency_hz: int) -> SoundLoop:
    """A steady tone at -20 dBFS for ever, for the shape of a ramp; whole periods in a second."""
    time_s = np.arange(RATE_HZ) / RATE_HZ
    return record((0.1 * np.sqrt(2) * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.float32))


@dataclass(slots=True)
class Guest:
    """One participant: the wire and the media."""

    name: str
    voice_hz: int
    card: int | None
    robot: Robot
    make_peer: Callable[[], SimulatedPeer]
    peer: SimulatedPeer

    @property
    def sound(self) -> SoundSink:
        assert self.peer.sound is not None
        return self.peer.sound

    @property
    def picture(self) -> PictureSink:
        assert self.peer.picture is not None
        return self.peer.picture

    async def sees(self, card: int | None, within_s: float = 5.0) -> Sighting:
        """Wait for a picture of that card (None: a picture with nobody's card)."""
        return await self.picture.seen(lambda sighting: sighting.source == card, within_s)

    async def renew_media(self) -> SimulatedPeer:
        """Bring a new connection for the present generation; the old one is dropped once it is up."""
        fresh = self.make_peer()
        await self.robot.connect(fresh)
        self.peer = fresh
        return fresh


class Table:
    """One booth of a running server."""

    def __init__(self, served: Served, booth: str, *, neighbour: bool = False) -> None:
        self.served = served
        self.booth = booth
        self.guests: list[Guest] = []
        self.robots: list[Robot] = []
        self.voices_hz = NEIGHBOURS_HZ if neighbour else VOICES_HZ
        self.cards = NEIGHBOURS_CARDS if neighbour else CARDS
        authority = Path(served.environment["HANMARU_STATE_DIR"]) / "ca.crt"
        self.tls = trusting(authority)

    @property
    def person(self) -> str:
        """The interpreter of this booth."""
        return self.booth.replace("booth", "kim")

    def robot(self, role: str, site: str | None = None, token: str | None = None) -> Robot:
        """A client with the link of that role here, nothing opened yet."""
        if token is None:
            token = self.served.link(role, self.booth, site).token
        robot = Robot(self.served.origin, token, tls=self.tls)
        self.robots.append(robot)
        return robot

    async def room(self, site: str, *, camera_px: tuple[int, int] = SCREEN_PX, sound: SoundLoop | None = None) -> Guest:
        """A room takes its seat and is connected."""
        hz, card = self.voices_hz[site], self.cards[site]
        clip = await asyncio.to_thread(card_clip, *camera_px, card)
        microphone = sound or await asyncio.to_thread(voice_loop, hz)

        def make_peer() -> SimulatedPeer:
            return SimulatedPeer(camera=LoopedCamera(clip), microphone=microphone, addresses=LOOPBACK)

        return await self._seat(site, hz, card, self.robot("room", site), make_peer)

    async def interpreter(self, *, sound: SoundLoop | None = None) -> Guest:
        """The interpreter takes the seat and is connected, off air."""
        hz = self.voices_hz["interpreter"]
        microphone = sound or await asyncio.to_thread(voice_loop, hz)

        def make_peer() -> SimulatedPeer:
            return SimulatedPeer(video=None, microphone=microphone, addresses=LOOPBACK)

        return await self._seat("interpreter", hz, None, self.robot("interpreter"), make_peer)

    async def operator(self, site: str = SITES[0]) -> Robot:
        """An operator at the desk of `site`."""
        robot = self.robot("operator", site)
        await robot.open()
        await robot.hello()
        return robot

    async def both_rooms(self) -> tuple[Guest, Guest]:
        """Both rooms, connected."""
        suwon, hanoi = await asyncio.gather(*(self.room(site) for site in SITES))
        return suwon, hanoi

    async def everybody(self) -> tuple[Guest, Guest, Guest]:
        """Both rooms and the interpreter, connected; live, where consultations start by themselves."""
        suwon, hanoi, interpreter = await asyncio.gather(*(self.room(site) for site in SITES), self.interpreter())
        return suwon, hanoi, interpreter

    async def clear(self) -> None:
        """Everybody leaves."""
        await asyncio.gather(*(robot.close() for robot in self.robots))

    async def _seat(
        self, name: str, hz: int, card: int | None, robot: Robot, make_peer: Callable[[], SimulatedPeer]
    ) -> Guest:
        await robot.open()
        welcome = await robot.hello()
        assert welcome["type"] == "welcome", welcome
        peer = make_peer()
        await robot.connect(peer)
        place = welcome["site"] or welcome["person"]
        await robot.until(lambda booth: (booth["sites"] | booth["interpreters"])[place]["media"] == "connected")
        guest = Guest(name, hz, card, robot, make_peer, peer)
        self.guests.append(guest)
        return guest


async def live(guest: Guest) -> None:
    """Wait until the consultation runs and this guest's media is connected."""
    await guest.robot.until(lambda booth: booth["phase"] == "live")


async def listen(guests: Iterable[Guest], seconds: float = LISTEN_S) -> dict[str, np.ndarray]:
    """What each hears from now on, by name: mono float32 samples at 48 kHz."""
    guests = list(guests)
    heard = await asyncio.gather(*(guest.sound.heard(seconds, seconds + PATIENCE_S) for guest in guests))
    return {guest.name: samples for guest, samples in zip(guests, heard, strict=True)}


def level_db(samples: np.ndarray, fundamental_hz: int) -> float:
    """How loud a voice is, in dBFS.

    Playout that shifts by a packet is no change of level, but breaks the narrow-band detector's phase: so the detector
    says whether a voice is there at all, and the envelope how loud.
    """
    detected_db = voice.level_db(samples, fundamental_hz)
    if detected_db < GONE_DB + SPOKEN_DBFS:
        return detected_db
    return float(np.median(voice.envelope_db(samples, fundamental_hz)))


async def levels(guests: Iterable[Guest], speakers: Iterable[Guest]) -> Levels:
    """(listener, speaker) -> dB against the speaker's own voice (0 means: as loud as spoken), measured from now on."""
    heard = await listen(guests)
    return {
        (listener, speaker.name): level_db(samples, speaker.voice_hz) - SPOKEN_DBFS
        for speaker in speakers
        for listener, samples in heard.items()
    }


async def expect(
    guests: Iterable[Guest], expected: Mapping[tuple[str, str], float | None], *, tries: int = TRIES
) -> None:
    """Assert what each listener gets of each speaker in dB, within 1.5 dB; None: nothing, 50 dB under what others get.

    A machine that stalls for a moment tears a hole into the sound and spoils that measurement; what is wrong in the
    matrix is wrong for good. So the wrong levels have to be there in `tries` measurements one after the other.
    """
    guests = list(guests)
    listeners = [guest for guest in guests if any(guest.name == listener for listener, _ in expected)]
    speakers = [guest for guest in guests if any(guest.name == speaker for _, speaker in expected)]
    wrong: dict[tuple[str, str], str] = {}
    for _ in range(tries):
        heard = await levels(listeners, speakers)
        wrong = {
            pair: f"{heard[pair]:.1f} dB instead of {'nothing' if wanted is None else wanted}"
            for pair, wanted in expected.items()
            if not (heard[pair] < GONE_DB if wanted is None else abs(heard[pair] - wanted) <= TOLERANCE_DB)
        }
        if not wrong:
            return
    raise AssertionError(f"(listener, speaker): {wrong}")
