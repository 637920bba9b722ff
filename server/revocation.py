"""Revoked links: a small file that says from when on which seat's older tokens count no more."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from server import state_dir
from server.settings import SetupError
from server.tokens import Claims

CLOCK_SKEW_S = 60.0
"""Links may be printed on another machine, whose clock is a little ahead."""


class RevocationError(SetupError):
    """The file cannot be read; the message is a sentence for whoever runs the server."""


class Revocations:
    """The revocations of one state folder; several processes may read and write them."""

    def __init__(self, folder: Path) -> None:
        """Read the file; raises RevocationError."""
        self._path = folder / "revoked.json"
        self._stamp: state_dir.Stamp | None = None
        self._revoked_at: dict[str, float] = {}
        self.refresh()

    def covers(self, claims: Claims, now: datetime) -> bool:
        """Whether these claims were revoked: their seat was, and they were issued by then.

        Of those from the future nobody can say whether they were printed before or after: they count as revoked.
        """
        revoked_at = self._revoked_at.get(claims.seat)
        latest = now.timestamp() + CLOCK_SKEW_S
        return revoked_at is not None and (claims.issued_at <= revoked_at or claims.issued_at > latest)

    def revoke(self, seat: str, now: datetime) -> None:
        """Refuse every token of the seat that was issued until now; on disk when this returns."""
        with state_dir.exclusive(self._path.with_suffix(".lock")):
            self.refresh()
            before = self._revoked_at.get(seat, 0.0)  # later than now where the clock was set back
            self._revoked_at[seat] = max(before, now.timestamp())
            state_dir.write(self._path, json.dumps(self._revoked_at, indent=1, sort_keys=True).encode() + b"\n")
            self._stamp = state_dir.stamp(self._path)

    def refresh(self) -> tuple[str, ...]:
        """Read the file if it changed: the seats revoked since the last look.

        Raises RevocationError, and goes on with what was read before.
        """
        stamp = state_dir.stamp(self._path)
        if stamp == self._stamp:
            return ()
        fresh = self._read()
        changed = tuple(seat for seat, at in fresh.items() if self._revoked_at.get(seat) != at)
        self._revoked_at = fresh
        self._stamp = stamp
        return changed

    def _read(self) -> dict[str, float]:
        try:
            table = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise RevocationError(f"{self._path} cannot be read: {error}. {_CURE}") from error
        if not isinstance(table, dict) or not all(type(at) in {int, float} for at in table.values()):
            raise RevocationError(f"{self._path} is not a table of seats and times. {_CURE}")
        return {seat: float(at) for seat, at in table.items()}


_CURE = "Mend it by hand; removing it would let revoked links in again."
