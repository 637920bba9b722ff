"""What a receiver could show, and when: holes hold pictures up, a whole key frame frees them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bench.timing import Piece, Showing, longest_pause_s

PARTS = 3


def stream(frames: int, keys: tuple[int, ...] = (0,)) -> list[tuple[int, Piece]]:
    """Numbered pieces of frames of three packets."""
    return [
        (100 + frame * PARTS + part, Piece(frame, part == PARTS - 1, part == 0, part == 0 and frame in keys))
        for frame in range(frames)
        for part in range(PARTS)
    ]


def shown(showing: Showing) -> list[int]:
    return [timestamp for _, timestamp in showing.shown]


def test_frames_are_shown_with_their_last_packet() -> None:
    showing = Showing()
    for now, (number, piece) in enumerate(stream(3)):
        showing.add(number, piece, float(now))
    assert showing.shown == [(2.0, 0), (5.0, 1), (8.0, 2)]


def test_nothing_is_shown_before_a_key_frame() -> None:
    showing = Showing()
    for number, piece in stream(4, keys=(2,)):
        showing.add(number, piece, 0.0)
    assert shown(showing) == [2, 3]


def test_a_hole_holds_up_what_follows_until_it_is_filled() -> None:
    showing = Showing()
    late = stream(4)[4]
    for number, piece in stream(4):
        if number != late[0]:
            showing.add(number, piece, 1.0)
    assert shown(showing) == [0]
    assert showing.next_number == 103
    showing.add(*late, 9.0)
    assert showing.shown[1:] == [(9.0, 1), (9.0, 2), (9.0, 3)]


def test_a_whole_key_frame_goes_on_behind_a_hole() -> None:
    showing = Showing()
    for number, piece in stream(5, keys=(0, 3)):
        if number != 104:
            showing.add(number, piece, 0.0)
    assert shown(showing) == [0, 3, 4]


@given(st.permutations(range(15)))
def test_any_order_shows_every_frame_in_turn(order: list[int]) -> None:
    pieces = stream(5)
    showing = Showing()
    for at in order:
        showing.add(*pieces[at], 0.0)
        showing.add(*pieces[at], 0.0)
    assert shown(showing) == [0, 1, 2, 3, 4]


def test_the_longest_pause_counts_the_ends_too() -> None:
    assert longest_pause_s([1.0, 2.0, 2.5], 0.0, 4.0) == 1.5
    assert longest_pause_s([], 0.0, 4.0) == 4.0
