"""Every change of a gain is a ramp of the right length."""

from __future__ import annotations

import pytest

from interpreter.levels import ramp_s


@pytest.mark.parametrize(
    ("old_db", "new_db", "seconds"),
    [
        (0.0, -18.0, 0.120),
        (0.0, -9.0, 0.120),
        (-18.0, 0.0, 1.5),
        (-9.0, 0.0, 1.5),
        (-18.0, -9.0, 1.5),
        (None, 0.0, 0.030),
        (None, -18.0, 0.030),
        (0.0, None, 0.030),
    ],
)
def test_down_is_quick_and_up_is_gentle_and_a_microphone_opens_without_a_click(
    old_db: float | None, new_db: float | None, seconds: float
) -> None:
    assert ramp_s(old_db, new_db) == seconds
