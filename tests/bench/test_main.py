"""The command refuses what it cannot measure before it starts a server."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from bench.__main__ import app


@pytest.mark.parametrize("counts", ["9", "0", "one", "1,,2"])
def test_counts_beyond_the_booths_of_the_event_are_refused(counts: str) -> None:
    answer = CliRunner().invoke(app, ["--only", "growth", "--counts", counts])
    assert answer.exit_code == 2
    assert "--counts takes numbers from 1 to 8" in answer.output


def test_a_part_that_is_not_there_is_refused() -> None:
    answer = CliRunner().invoke(app, ["--only", "groth"])
    assert answer.exit_code == 2
    assert "no part groth" in answer.output
