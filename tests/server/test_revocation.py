"""A revoked seat refuses its older links, at once in this process and at the next look in another."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from server.revocation import RevocationError, Revocations
from server.tokens import Claims
from signaling.seats import Role

NOW = datetime(2020, 5, 12, 1, 0, tzinfo=UTC)
SEAT = "room.booth-1.suwon"


def issued(at: datetime, seat: str = SEAT) -> Claims:
    return Claims(Role.ROOM, "booth-1", "suwon", None, seat, at.timestamp(), at.timestamp() + 3600)


def test_only_tokens_issued_until_then_for_that_seat_are_refused(tmp_path: Path) -> None:
    revocations = Revocations(tmp_path)
    assert not revocations.covers(issued(NOW), NOW)
    revocations.revoke(SEAT, NOW)
    assert revocations.covers(issued(NOW - timedelta(hours=1)), NOW)
    assert revocations.covers(issued(NOW), NOW)
    assert not revocations.covers(issued(NOW + timedelta(milliseconds=1)), NOW)
    assert not revocations.covers(issued(NOW, "room.booth-1.hanoi"), NOW)


def test_of_a_revoked_seat_nothing_from_the_future_is_good_and_of_others_it_is(tmp_path: Path) -> None:
    revocations = Revocations(tmp_path)
    revocations.revoke(SEAT, NOW)
    later = NOW + timedelta(hours=1)
    assert revocations.covers(issued(later), NOW), "nobody knows whether it was printed before"
    assert not revocations.covers(issued(later), later)
    assert not revocations.covers(issued(later, "room.booth-1.hanoi"), NOW)


def test_a_seat_that_is_revoked_again_under_a_clock_that_was_set_back_stays_revoked(tmp_path: Path) -> None:
    revocations = Revocations(tmp_path)
    revocations.revoke(SEAT, NOW)
    revocations.revoke(SEAT, NOW - timedelta(hours=1))
    assert revocations.covers(issued(NOW), NOW)


def test_another_process_learns_of_it_at_its_next_look(tmp_path: Path) -> None:
    server, command = Revocations(tmp_path), Revocations(tmp_path)
    assert server.refresh() == ()
    command.revoke(SEAT, NOW)
    assert server.refresh() == (SEAT,)
    assert server.refresh() == ()
    assert server.covers(issued(NOW), NOW)
    command.revoke("room.booth-2.suwon", NOW)
    command.revoke(SEAT, NOW + timedelta(hours=1))
    assert set(server.refresh()) == {SEAT, "room.booth-2.suwon"}


def test_revocations_survive_a_restart_and_add_up(tmp_path: Path) -> None:
    Revocations(tmp_path).revoke(SEAT, NOW)
    Revocations(tmp_path).revoke("room.booth-2.suwon", NOW)
    again = Revocations(tmp_path)
    assert again.covers(issued(NOW), NOW)
    assert again.covers(issued(NOW, "room.booth-2.suwon"), NOW)
    assert (tmp_path / "revoked.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", ["{", "[]", json.dumps({SEAT: "yesterday"}), "\udcff"])
def test_a_broken_file_lets_nobody_in_again(tmp_path: Path, content: str) -> None:
    revocations = Revocations(tmp_path)
    revocations.revoke(SEAT, NOW)
    (tmp_path / "revoked.json").write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(RevocationError, match="by hand"):
        revocations.refresh()
    assert revocations.covers(issued(NOW), NOW)
    with pytest.raises(RevocationError):
        Revocations(tmp_path)
