"""What ends at once again and again is tried again ever more rarely, and what lived for a while at once."""

from __future__ import annotations

from media.engine.pauses import LIVED_S, MOST_S, Pauses


def test_the_first_failure_costs_no_time_and_each_further_one_twice_as_much_up_to_a_bound() -> None:
    pauses = Pauses()
    waits = [pauses.failed(0.1) for _ in range(40)]
    assert waits[:5] == [0.0, 0.25, 0.5, 1.0, 2.0]
    assert max(waits) == waits[-1] == MOST_S


def test_one_that_lived_for_a_while_begins_a_new_row() -> None:
    pauses = Pauses()
    for _ in range(10):
        pauses.failed(0.1)
    assert pauses.failed(LIVED_S) == 0.0
    assert pauses.failures == 1
