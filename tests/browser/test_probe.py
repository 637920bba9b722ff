"""The eyes and ears of the browser tests: on a page that calls itself, they notice what is wrong on purpose."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from playwright.async_api import Playwright, Route

from media.voice import FUNDAMENTALS_HZ, LEVEL_DBFS, envelope_db
from tests.support.participant import Participant
from tests.support.probe import levels_db

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PAGE = "https://probe.test/"  # never resolved: the browser is given the page below
SOURCE, VOICE_HZ = 5, 610

# A call from this page to itself, with a gain and a canvas between microphone or camera and the call.
HTML = """<!doctype html><video id="remote" autoplay></video><script type="module">
const own = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
const audio = new AudioContext();
const gain = audio.createGain();
const out = audio.createMediaStreamDestination();
audio.createMediaStreamSource(own).connect(gain).connect(out);
const camera = document.createElement("video");
camera.srcObject = new MediaStream(own.getVideoTracks());
await camera.play();
const canvas = document.createElement("canvas");
[canvas.width, canvas.height] = [camera.videoWidth, camera.videoHeight];
const paint = canvas.getContext("2d");
window.width = 1;
window.frozen = false;
setInterval(() => {
  if (window.frozen) return paint.fillRect(0, 0, 1, 1 + (performance.now() % 2)); // frames go on, the card does not
  paint.fillRect(0, 0, canvas.width, canvas.height);
  paint.drawImage(camera, (canvas.width * (1 - window.width)) / 2, 0, canvas.width * window.width, canvas.height);
}, 66);
const [near, far] = [new RTCPeerConnection(), new RTCPeerConnection()];
near.onicecandidate = ({ candidate }) => far.addIceCandidate(candidate);
far.onicecandidate = ({ candidate }) => near.addIceCandidate(candidate);
far.ontrack = ({ streams }) => (document.querySelector("#remote").srcObject = streams[0]);
const sent = new MediaStream([...canvas.captureStream(15).getVideoTracks(), ...out.stream.getAudioTracks()]);
for (const track of sent.getTracks()) near.addTrack(track, sent);
await near.setLocalDescription();
await far.setRemoteDescription(near.localDescription);
await far.setLocalDescription();
await near.setRemoteDescription(far.localDescription);
window.gain = gain;
document.documentElement.dataset.state = "live";
</script>"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def mirror(
    playwright: Playwright, chromium_path: str, camera_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Participant]:
    """One browser in a call with itself."""
    folder = tmp_path_factory.mktemp("probe")
    own = Participant(playwright, chromium_path, folder, camera_folder, "mirror", PAGE, SOURCE, VOICE_HZ)

    async def answer(route: Route) -> None:
        await route.fulfill(content_type="text/html", body=HTML)

    try:
        await own.open("about:blank")
        await own.browser.page.route(PAGE, answer)
        await own.browser.page.goto(PAGE)
        await own.until("live", within_s=20)
        await own.probe.wait_for_source(SOURCE, 10)
        yield own
    finally:
        await own.close()


async def test_card_and_voice_arrive(mirror: Participant) -> None:
    assert await mirror.probe.circle() == pytest.approx(1, abs=0.01)
    own_db, beside_db = await heard(mirror)
    for _ in range(2):  # as consultations are listened to again: what the browser stretched has no level
        if beside_db >= -60:
            own_db, beside_db = await heard(mirror)
    assert own_db == pytest.approx(LEVEL_DBFS, abs=6)
    assert beside_db < -60


async def heard(mirror: Participant) -> tuple[float, float]:
    """The level of the page's own voice in dBFS, and how far the loudest of the others lies beside it, in dB."""
    levels = levels_db(await mirror.probe.sound(3), FUNDAMENTALS_HZ)
    own_db = levels.pop(VOICE_HZ)
    return own_db, max(levels.values()) - own_db


async def test_stretched_picture_is_noticed(mirror: Participant) -> None:
    await mirror.browser.page.evaluate("() => { window.width = 0.95; }")
    try:
        await asyncio.sleep(1)
        assert await mirror.probe.circle() == pytest.approx(0.95, abs=0.01)
    finally:
        await mirror.browser.page.evaluate("() => { window.width = 1; }")


async def test_frozen_picture_is_noticed(mirror: Participant) -> None:
    watching = asyncio.create_task(mirror.probe.watch(3))
    await asyncio.sleep(1)
    await mirror.browser.page.evaluate("() => { window.frozen = true; }")
    await asyncio.sleep(1.2)
    await mirror.browser.page.evaluate("() => { window.frozen = false; }")
    watched = await watching
    assert watched.distinct_fps < watched.fps
    assert 1 < watched.longest_freeze_s < 2.5
    undisturbed = await mirror.probe.watch(2)
    assert undisturbed.longest_freeze_s < 0.8
    assert undisturbed.unreadable == 0


async def test_gain_and_its_ramp_are_measured(mirror: Participant) -> None:
    await mirror.probe.listen()
    await asyncio.sleep(1.5)
    await mirror.browser.page.evaluate(
        """() => {
            window.gain.gain.setValueAtTime(1, window.gain.context.currentTime);
            window.gain.gain.exponentialRampToValueAtTime(0.125, window.gain.context.currentTime + 1.5);
        }"""
    )
    await asyncio.sleep(3.5)
    curve = envelope_db((await mirror.probe.heard()).samples, VOICE_HZ)
    before, after = np.median(curve[10:50]), np.median(curve[-40:-5])
    assert before - after == pytest.approx(18.06, abs=1)
    midway = np.flatnonzero((curve < before - 4) & (curve > after + 4))
    assert len(midway) * 0.02 == pytest.approx(1.5 * 10 / 18, abs=0.25)
