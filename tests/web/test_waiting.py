"""What a page says that it waits for: its network, the service, or sound and picture; nothing that it cannot know."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.modules import answered

pytestmark = pytest.mark.browser

ASK = """async () => {
  const { waitingFor } = await import("/waiting.js");
  const well = { link: "open", media: "flowing", reach: "unknown", online: true, goodbye: null };
  const when = (facts) => waitingFor({ ...well, ...facts });
  return {
    well: when({}),
    silent: when({ media: "silent" }),
    just_lost: when({ link: "lost" }),
    unplugged: when({ link: "lost", online: false, goodbye: "restart" }),
    no_answer: when({ link: "lost", reach: "nothing" }),
    no_server: when({ link: "lost", reach: "refused" }),
    proxy_only: when({ link: "lost", reach: "ill" }),
    restarting: when({ link: "lost", reach: "refused", goodbye: "restart" }),
    stopped: when({ link: "lost", reach: "refused", goodbye: "stop" }),
    silent_and_lost: when({ link: "lost", media: "silent", reach: "nothing" }),
  };
}"""


async def test_a_page_says_what_it_waits_for_as_far_as_it_knows(tmp_path: Path) -> None:
    assert await answered(ASK, tmp_path) == {
        "well": None,
        "silent": "wait.media",
        "just_lost": None,
        "unplugged": "wait.network",
        "no_answer": "wait.network",
        "no_server": "wait.service",
        "proxy_only": "wait.service",
        "restarting": "wait.restart",
        "stopped": "wait.service",
        "silent_and_lost": "wait.network",
    }
