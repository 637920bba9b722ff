"""An address that guesses is locked out; a page that keeps trying a stale link is not."""

from __future__ import annotations

from server.lockout import CAPACITY, DISTINCT_TOKENS, LOCKED_S, WINDOW_S, Lockout


def guess(lockout: Lockout, address: str, count: int, now_s: float = 0.0) -> bool:
    return [lockout.failed(address, f"guess-{now_s}-{n}", now_s) for n in range(count)][-1]


def test_many_different_wrong_tokens_lock_an_address_out_for_a_while() -> None:
    lockout = Lockout()
    assert not guess(lockout, "192.0.2.1", DISTINCT_TOKENS - 1)
    assert not lockout.is_locked("192.0.2.1", 0.0)
    assert lockout.failed("192.0.2.1", "one more", 1.0)
    assert lockout.is_locked("192.0.2.1", 1.0 + LOCKED_S - 0.1)
    assert not lockout.is_locked("192.0.2.2", 1.0)
    assert not lockout.is_locked("192.0.2.1", 1.0 + LOCKED_S)


def test_one_stale_token_tried_for_ever_locks_nobody_out() -> None:
    lockout = Lockout()
    for attempt in range(1000):
        assert not lockout.failed("192.0.2.1", "stale", attempt * 0.1)


def test_old_failures_are_forgotten() -> None:
    lockout = Lockout()
    guess(lockout, "192.0.2.1", DISTINCT_TOKENS - 1, 0.0)
    assert not guess(lockout, "192.0.2.1", DISTINCT_TOKENS - 1, WINDOW_S + 1)


def test_the_addresses_of_one_ipv6_network_count_as_one() -> None:
    lockout = Lockout()
    locked = [lockout.failed(f"2001:db8::{n:x}", f"guess-{n}", 0.0) for n in range(DISTINCT_TOKENS)]
    assert locked[-1]
    assert lockout.is_locked("2001:db8::ffff", 1.0)
    assert not lockout.is_locked("2001:db8:0:1::1", 1.0)
    assert lockout.is_locked("2001:db8::1%eth0", 1.0)


def test_a_v4_mapped_address_is_the_v4_address() -> None:
    lockout = Lockout()
    guess(lockout, "::ffff:192.0.2.1", DISTINCT_TOKENS)
    assert lockout.is_locked("192.0.2.1", 1.0)


def test_the_table_is_bounded_and_counts_what_it_forgets() -> None:
    lockout = Lockout()
    for n in range(CAPACITY + 10):
        lockout.failed(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}", "x", 0.0)
    assert len(lockout) == CAPACITY
    assert lockout.dropped == 10
