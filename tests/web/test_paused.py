"""What each page says while a line is too narrow for a picture beside the voice, and what a page sends meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.modules import answered

pytestmark = pytest.mark.browser

ASK = """async () => {
  const { roomScene } = await import("/room-scene.js");
  const { lineOf } = await import("/operator-scene.js");
  const { roomPicture } = await import("/interpreter-scene.js");
  const { Peer } = await import("/peer.js");
  const there = {
    present: true, media: "connected", muted: false, camera_off: false, framing: "fill", lamp: "open", equipment: [],
  };
  const booth = (own, far) => ({
    phase: "live", epoch: 1, shed: [], interpreters: {},
    sites: { here: { ...there, paused: own }, there: { ...there, paused: far } },
  });
  const welcome = { site: "here", sites: [{ id: "here" }, { id: "there" }], media: { width: 1280, height: 1024 } };
  const facts = {
    link: "open", lostMs: 0, media: "flowing", picture: true, pictureSeen: true, welcome, tap: false, refusal: null,
  };
  const room = (own, far) => {
    const { slate, talking } = roomScene({ ...facts, problems: { audio: null, video: null }, booth: booth(own, far) });
    return [slate?.head ?? null, slate?.advice ?? null, talking];
  };
  const small = (paused) => roomPicture({ watching: true, link: "open", booth: booth(paused, []) }, "here", 1).key;

  const peer = new Peer({
    generation: 1, media: { audio: null, video: "sendonly", width: 1280, height: 1024 }, iceServers: [], eager: false,
    tracks: { audio: null, video: null },
    on: { offer: () => {}, candidate: () => {}, ready: () => {}, failed: () => {} },
  });
  await peer.connection.setLocalDescription();
  const sent = async (extent) => {
    peer.yieldPicture(extent);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const [{ active, maxBitrate, scaleResolutionDownTo }] = peer.connection.getSenders()[0].getParameters().encodings;
    return [active, maxBitrate, scaleResolutionDownTo?.maxWidth];
  };
  const extents = [];
  for (const extent of ["none", "small", "full"]) extents.push(await sent(extent));
  peer.close();
  return {
    rooms: [
      room([], []), room(["in"], []), room(["out"], []), room([], ["out"]), room([], ["trial"]), room([], ["in"]),
    ],
    operator: [lineOf({ ...there, paused: [] }), lineOf({ ...there, paused: ["out"] })],
    small: [small([]), small(["out"]), small(["trial"]), small(["in"])],
    extents,
  };
}"""


async def test_a_paused_picture_is_told_where_it_would_be_seen_and_the_voices_go_on(tmp_path: Path) -> None:
    answer = await answered(ASK, tmp_path)
    paused, nothing = ["room.picture_paused", "room.keep_talking", True], [None, None, True]
    assert answer["rooms"] == [
        nothing,
        paused,
        nothing,  # what is paused is our own picture: it is said on the other screen
        paused,
        paused,
        nothing,
    ]
    assert answer["operator"] == [
        {"state": "ready", "key": "operator.connected"},
        {"state": "attention", "key": "operator.picture_paused"},
    ]
    assert answer["small"] == [None, "thumbnail.shed", "thumbnail.shed", None]
    assert answer["extents"] == [[False, 2_500_000, 1280], [True, 400_000, 427], [True, 2_500_000, 1280]]
