"""How a connection's media goes, read from what Chromium and Firefox tell of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.chromium import driver, executable, launch
from tests.support.served import CHECKOUT

pytestmark = pytest.mark.browser

HERE = "https://way.test"  # never resolved: the browser is given the file below
READ = """async (reports) => {
  const { wayOf } = await import("/way.js");
  return reports.map((entries) => wayOf(new Map(entries.map((entry) => [entry.id, entry]))));
}"""


def chromium(**local: str) -> list[dict[str, object]]:
    """The chosen pair stands in the transport; another one was tried."""
    return [
        {"id": "T", "type": "transport", "selectedCandidatePairId": "P"},
        {"id": "Q", "type": "candidate-pair", "nominated": True, "localCandidateId": "M"},
        {"id": "P", "type": "candidate-pair", "nominated": True, "localCandidateId": "L"},
        {"id": "M", "type": "local-candidate", "candidateType": "relay", "relayProtocol": "udp"},
        {"id": "L", "type": "local-candidate", **local},
    ]


CASES: tuple[tuple[list[dict[str, object]], str | None], ...] = (
    (chromium(candidateType="host"), "direct"),
    (chromium(candidateType="prflx"), "direct"),
    (chromium(candidateType="relay", relayProtocol="udp"), "relay-udp"),
    (chromium(candidateType="relay", relayProtocol="tcp"), "relay-tcp"),
    (chromium(candidateType="relay", relayProtocol="tls"), "relay-tls"),
    ([*chromium(candidateType="host")[1:], {"id": "F", "type": "candidate-pair", "selected": True,
      "localCandidateId": "M"}], "relay-udp"),
    (chromium(candidateType="host")[1:], None),
    ([{"id": "T", "type": "transport", "selectedCandidatePairId": "P"}], None),
    ([], None),
)  # fmt: skip


async def test_the_way_is_that_of_the_chosen_pair(tmp_path: Path) -> None:
    async with driver() as playwright:
        path = executable(playwright)
        if path is None:
            (pytest.fail if os.environ.get("CI") else pytest.skip)("no Chromium on this machine")
        browser = await launch(playwright, path, tmp_path / "profile")
        try:
            await browser.page.route(f"{HERE}/", lambda route: route.fulfill(body=""))
            await browser.page.route(f"{HERE}/way.js", lambda route: route.fulfill(path=CHECKOUT / "web" / "way.js"))
            await browser.page.goto(f"{HERE}/")
            ways = await browser.page.evaluate(READ, [entries for entries, _ in CASES])
        finally:
            await browser.close()
    assert ways == [way for _, way in CASES]
