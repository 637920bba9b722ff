"""What a small picture shows of a camera's, and what is said where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.modules import answered

pytestmark = pytest.mark.browser

ASK = """async () => {
  const { cutOf } = await import("/thumbnail-shape.js");
  const { roomPicture } = await import("/interpreter-scene.js");
  const screen = { width: 1280, height: 1024 };
  const cut = (width, height, framing) => {
    const { x, y, width: wide, height: high, to } = cutOf({ width, height }, screen, framing, 320);
    return [x, y, wide, high, to.width, to.height];
  };
  const room = { present: true, media: "connected", camera_off: false, equipment: [], paused: [] };
  const said = (facts, age, state = {}) => {
    const booth = { phase: "live", shed: [], sites: { here: { ...room, ...state } }, ...facts.booth };
    const { picture, key, n } = roomPicture({ watching: true, link: "open", ...facts, booth }, "here", age);
    return [picture, key, n];
  };
  return {
    cuts: [
      cut(1280, 1024, "fill"), cut(1920, 1080, "fill"), cut(1920, 1080, "fit"),
      cut(720, 1280, "fill"), cut(160, 128, "fill"),
    ],
    said: [
      said({ watching: false }, 1),
      said({}, 1.2),
      said({}, 3.4),
      said({}, 6.5),
      said({}, null),
      said({ link: "lost" }, 1),
      said({ booth: { phase: "ready" } }, 1),
      said({ booth: { shed: ["thumbnails"] } }, 1),
      said({}, 1, { present: false }),
      said({}, 1, { camera_off: true }),
      said({}, 1, { equipment: ["video"] }),
      said({}, 1, { equipment: ["audio"] }),
    ],
  };
}"""


async def test_a_small_picture_is_cut_as_the_far_screen_shows_it_and_its_lack_is_said(tmp_path: Path) -> None:
    answer = await answered(ASK, tmp_path)
    assert answer["cuts"] == [
        [0, 0, 1280, 1024, 320, 256],
        [285, 0, 1350, 1080, 320, 256],
        [0, 0, 1920, 1080, 320, 180],
        [0, 352, 720, 576, 320, 256],
        [0, 0, 160, 128, 160, 128],
    ]
    assert answer["said"] == [
        [False, None, 0],
        [True, None, 1],
        [True, "thumbnail.old", 3],
        [False, "thumbnail.none", 0],
        [False, "thumbnail.none", 0],
        [False, "interpreter.line_lost", 0],
        [False, "thumbnail.not_live", 0],
        [False, "thumbnail.shed", 0],
        [False, "interpreter.site_absent", 0],
        [False, "notice.camera_off", 0],
        [False, "thumbnail.equipment", 0],
        [True, None, 1],
    ]
