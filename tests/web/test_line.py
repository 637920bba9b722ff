"""A page whose server lost its media: it comes back because it is told, in a real Chromium on the real server."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from tests.scenarios.table import Table
from tests.support.chromium import driver, executable
from tests.support.loss import BACK_S, SLACK_S, come_back, media_process
from tests.support.participant import Participant
from tests.support.served import serve

pytestmark = pytest.mark.browser

FLOWS = """async () => {
  const peers = window.hanmaru.peers;
  if (peers.length !== 1 || peers[0] === window.before) return false;
  const streams = [...(await peers[0].getStats()).values()].filter((entry) => entry.type === "inbound-rtp");
  const flows = streams.some((one) => one.kind === "audio" && one.packetsReceived > 0)
    && streams.some((one) => one.kind === "video" && one.framesDecoded > 0);
  if (flows) window.before = peers[0];
  return flows;
}"""
"""Whether sound and picture come on a connection that was not asked about before."""
KEEPS = """() => {
  const peer = window.hanmaru.peers[0];
  window.before = peer;
  window.sockets.at(-1).close(4002);
}"""
"""Break the socket under the page, as a proxy that restarts does."""
SOCKETS = """
  window.sockets = [];
  const Own = window.WebSocket;
  window.WebSocket = class extends Own {
    constructor(...words) {
      super(...words);
      window.sockets.push(this);
    }
  };
"""
DUMB = """
  window.connections = 0;
  const Peer = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Peer {
    constructor(...words) {
      super(...words);
      window.connections += 1;
    }
  };
  const devices = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
  if (devices) {
    navigator.mediaDevices.getUserMedia = async (wish) =>
      wish.audio ? new AudioContext().createMediaStreamDestination().stream : devices(wish);
  }
"""
"""A microphone of which nothing at all is sent, as one that the system has muted; connections are counted."""
HEARS = """async () => {
  const report = [...((await window.hanmaru?.peers[0]?.getStats()) ?? new Map()).values()];
  return report.some((one) => one.type === "inbound-rtp" && one.kind === "audio" && one.packetsReceived > 100);
}"""
"""Whether two seconds of sound have come."""
KEPT = """() => window.sockets.length > 1 && window.sockets.at(-1).readyState === WebSocket.OPEN
  && document.documentElement.dataset.state === "live\""""
SAME = "() => window.hanmaru.peers.length === 1 && window.hanmaru.peers[0] === window.before"
JOIN_S = 20.0


async def flows(page: Participant, within_s: float) -> float:
    """Wait until media flow on a new connection: the seconds that took."""
    began_s = asyncio.get_running_loop().time()
    async with asyncio.timeout(within_s):
        while not await page.browser.page.evaluate(FLOWS):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)
    return asyncio.get_running_loop().time() - began_s


async def test_a_page_is_back_soon_after_its_media_process_is_killed_and_once_more_right_after_that(
    tmp_path: Path, camera_folder: Path
) -> None:
    served = await serve(tmp_path / "state")
    table = Table(served, "booth-1")
    try:
        async with driver() as playwright:
            path = executable(playwright)
            if path is None:
                (pytest.fail if os.environ.get("CI") else pytest.skip)("no Chromium on this machine")
            link = served.link("room", "booth-1", "suwon").url
            page = Participant(playwright, path, tmp_path / "page", camera_folder, "suwon", link, 11, 430)
            guest = await table.room("hanoi")
            await page.open()
            try:
                await flows(page, JOIN_S)
                for _ in range(2):
                    guest.robot.messages.clear()
                    os.kill(media_process(served, "booth-1"), signal.SIGKILL)
                    await asyncio.gather(come_back(guest), flows(page, BACK_S + SLACK_S))
            finally:
                await page.close()
    finally:
        await table.clear()
        await served.stop()


async def test_a_page_whose_socket_alone_broke_keeps_what_it_hears_and_sees(
    tmp_path: Path, camera_folder: Path
) -> None:
    served = await serve(tmp_path / "state")
    table = Table(served, "booth-1")
    try:
        async with driver() as playwright:
            path = executable(playwright)
            if path is None:
                (pytest.fail if os.environ.get("CI") else pytest.skip)("no Chromium on this machine")
            link = served.link("room", "booth-1", "suwon").url
            folders = tmp_path / "page", camera_folder
            page = Participant(playwright, path, *folders, "suwon", link, 11, 430, script=SOCKETS)
            guest = await table.room("hanoi")
            await page.open()
            try:
                await flows(page, JOIN_S)
                await guest.sees(11)
                for _ in range(2):
                    broken = await page.browser.page.evaluate("() => window.sockets.length")
                    await page.browser.page.evaluate(KEEPS)
                    await page.browser.page.wait_for_function(f"() => window.sockets.length > {broken}")
                    await page.browser.page.wait_for_function(KEPT)
                    assert await page.browser.page.evaluate(SAME)
                await guest.sees(11)
                assert await page.browser.page.evaluate(SAME), "nothing was negotiated anew afterwards"
                assert guest.robot.booth["sites"]["suwon"]["media"] == "connected"
            finally:
                await page.close()
    finally:
        await table.clear()
        await served.stop()


async def test_a_page_whose_microphone_gives_nothing_waits_for_the_first_sound_on_one_line(
    tmp_path: Path, camera_folder: Path
) -> None:
    served = await serve(tmp_path / "state")
    try:
        async with driver() as playwright:
            path = executable(playwright)
            if path is None:
                (pytest.fail if os.environ.get("CI") else pytest.skip)("no Chromium on this machine")
            link = served.link("room", "booth-1", "suwon").url
            folders = tmp_path / "page", camera_folder
            page = Participant(playwright, path, *folders, "suwon", link, 11, 430, script=SOCKETS + DUMB)
            await page.open()
            try:
                async with asyncio.timeout(JOIN_S):
                    while not await page.browser.page.evaluate(HEARS):  # noqa: ASYNC110 - another process
                        await asyncio.sleep(0.05)
                assert await page.browser.page.evaluate("() => [window.connections, window.sockets.length]") == [1, 1]
            finally:
                await page.close()
    finally:
        await served.stop()
