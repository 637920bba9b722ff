"""Everybody who has to know is told of every change, until they leave."""

from __future__ import annotations

from media.engine.thinning import Thinning


def test_those_who_asked_are_told_of_each_change_and_not_after_they_left() -> None:
    thinning, heard = Thinning(), list[bool]()

    def listen() -> None:
        heard.append(thinning.on)

    thinning.append(listen)
    thinning.turn(True)
    thinning.turn(False)
    thinning.remove(listen)
    thinning.remove(listen)
    thinning.turn(True)
    assert heard == [True, False]
    assert thinning.on
