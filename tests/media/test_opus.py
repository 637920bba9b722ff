"""The length of Opus packets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.opus import LONGEST_SAMPLES, duration_samples
from media.sound import FRAME_SAMPLES

# Table 2 of RFC 6716: milliseconds per frame for configurations 0 to 31.
TABLE_MS = [10, 20, 40, 60] * 3 + [10, 20] * 2 + [2.5, 5, 10, 20] * 4


@pytest.mark.parametrize("config", range(32))
def test_every_configuration_has_the_length_of_the_table(config: int) -> None:
    samples = round(TABLE_MS[config] * 48)
    assert duration_samples(bytes([config << 3])) == samples
    assert duration_samples(bytes([config << 3 | 4, 1, 2])) == samples  # the stereo bit changes nothing
    for code in (1, 2):
        assert duration_samples(bytes([config << 3 | code, 1, 2])) == 2 * samples


def test_a_packet_of_many_frames_says_how_many() -> None:
    assert duration_samples(bytes([17 << 3 | 3, 0xC0 | 3])) == 3 * 240


@pytest.mark.parametrize("payload", [b"", bytes([9 << 3 | 3]), bytes([9 << 3 | 3, 0]), bytes([11 << 3 | 3, 48])])
def test_what_is_no_opus_packet_counts_as_20_ms(payload: bytes) -> None:
    assert duration_samples(payload) == FRAME_SAMPLES


@given(st.binary(max_size=10))
def test_any_bytes_have_a_length(payload: bytes) -> None:
    assert 0 < duration_samples(payload) <= LONGEST_SAMPLES
