"""The two ways a packet can go."""

from __future__ import annotations

import pytest

from media.engine.native import lib


@pytest.fixture(params=["with the fast path", "without"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways a packet can go; `without` is as if no compiler had been found."""
    if request.param == "without":
        monkeypatch.setattr("media.engine.port.lib", None)
    elif lib is None:
        pytest.skip("the part in C is not built: set-up found no compiler")
    return str(request.param)
