"""Which languages a page speaks: the site's own, its second one, the far site's, or what the browser asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.modules import answered

pytestmark = pytest.mark.browser

ASK = """async () => {
  const { largeLanguages, smallLanguage } = await import("/room-scene.js");
  const { sitesFirst } = await import("/preferences.js");
  const { autonym, catalogueOf, tongue } = await import("/words.js");
  const site = (id, language, second = null) => ({ id, language, second_language: second });
  const at = (id, ...sites) => ({ site: id, sites });
  const far = site("far", "ko");
  const one = at("here", far, site("here", "vi"));
  const two = at("here", far, site("here", "zh-Hant", "en"));
  const alike = at("here", far, site("here", "ko"));
  return {
    large: [one, two, alike, null].map(largeLanguages),
    small: [[one, "vi"], [two, "zh-Hant"], [two, "en"], [alike, "ko"], [null, "en"]].map((each) =>
      smallLanguage(...each),
    ),
    offered: [[two.sites, ["ko", "vi", "en", "zh-Hant"]], [[], ["ko"]], [[site("x", "ja")], ["ko"]]].map((each) =>
      sitesFirst(...each),
    ),
    browser: ["zh-HK", "zh-TW", "zh", "yue-HK", "ko-KR", "en"].map(catalogueOf),
    names: ["ko", "vi", "en", "zh-Hant"].map((language) => [autonym(language), tongue(language)]),
  };
}"""


async def test_pages_say_a_second_language_in_small_and_offer_the_sites_own_first(tmp_path: Path) -> None:
    said = await answered(ASK, tmp_path)
    assert said["large"] == [["vi"], ["zh-Hant", "en"], ["ko"], []]
    assert said["small"] == ["ko", "en", "zh-Hant", None, None]
    assert said["offered"] == [["ko", "zh-Hant", "en", "vi"], ["ko"], ["ko"]]
    assert said["browser"] == ["zh-Hant", "zh-Hant", "zh-Hant", "zh-Hant", "ko", "en"]
    assert said["names"] == [
        ["한국어", "한국어"],
        ["Tiếng Việt", "Tiếng Việt"],
        ["English", "English"],
        ["繁體中文", "中文"],
    ]
