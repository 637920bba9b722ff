"""A step of the growth curve on real connections, with no server between them."""

from __future__ import annotations

import pytest

from bench import measure_growth, speech
from bench.clip import Clip, clip
from bench.growth import Step
from bench.reflector import Reflector


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """Pictures that are quickly made."""
    return clip(tmp_path_factory.mktemp("clips"), 160, 128, 100_000)


@pytest.fixture(autouse=True)
def quiet_voices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packets of silence in place of voices, which take an espeak-ng that tests do not ask for."""
    silence = speech.silence()
    monkeypatch.setattr(speech, "packets", lambda _language, _seconds: [silence] * 50)


async def test_pictures_that_are_handed_over_as_they_are_all_come(small: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure_growth, "IDLE_S", 0.1)
    monkeypatch.setattr(measure_growth, "SETTLE_S", 0.5)
    done = Step("reflector", 2, 1.0)
    await measure_growth.step(Reflector(), small, done)
    assert (done.way, done.frames_missing, done.picture_packets_missing) == ("forwarded", 0, 0)
    assert done.frames_sent >= 60
    assert done.held
    assert done.load_ms_per_s > 0
    assert 0 < done.memory.pss_mb <= done.memory.rss_mb


async def test_what_is_still_on_its_way_when_it_is_over_is_missing(
    small: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure_growth, "IDLE_S", 0.1)
    monkeypatch.setattr(measure_growth, "SETTLE_S", 1.5)
    done = Step("reflector", 1, 1.0)
    await measure_growth.step(Reflector(hold_s=1.0), small, done)
    assert done.frames_missing > 0
    assert not done.held
