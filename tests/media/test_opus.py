"""The length of Opus packets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.opus import LONGEST_SAMPLES, carries_previous, duration_samples
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


def silk(config: int, code: int, frame: bytes, *, stereo: bool = False) -> bytes:
    return bytes([config << 3 | (4 if stereo else 0) | code]) + frame


# The first bits of a SILK frame: activity of each 20 ms, then LBRR (RFC 6716 section 4.2.3).
@pytest.mark.parametrize(
    ("payload", "carries"),
    [
        (silk(9, 0, b"\x40ab"), True),
        (silk(9, 0, b"\x80ab"), False),
        (silk(8, 0, b"\xc0ab"), True),
        (silk(10, 0, b"\x20ab"), True),
        (silk(10, 0, b"\xc0ab"), False),
        (silk(11, 0, b"\x10ab"), True),
        (silk(11, 0, b"\xe0ab"), False),
        (silk(15, 0, b"\x40ab"), True),
        (silk(15, 0, b"\x10ab", stereo=True), True),
        (silk(15, 0, b"\x20ab", stereo=True), False),
        (silk(9, 1, b"\x40ab"), True),
        (silk(9, 2, b"\x02\x40ab"), True),
        (silk(9, 2, b"\xfc\x01\x40ab"), True),
        (silk(9, 3, b"\x02\x40ab"), True),
        (silk(9, 3, b"\x82\x01\x40ab"), True),
        (silk(9, 3, b"\x42\xff\x01\x40ab"), True),
        (silk(31, 0, b"\xffab"), False),
        (silk(9, 0, b""), False),
        (silk(9, 0, b"\x40"), False),
        (silk(9, 3, b""), False),
        (b"", False),
    ],
)
def test_the_flag_of_the_copy_is_found_in_every_kind_of_packet(payload: bytes, carries: bool) -> None:
    assert carries_previous(payload) is carries


@given(st.binary(max_size=20))
def test_any_bytes_carry_a_copy_or_do_not(payload: bytes) -> None:
    assert carries_previous(payload) in (True, False)
