"""Pictures that yield to voices: what a place does where the line of one of its connections is too narrow for both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from media.engine.peer import Peer
from media.engine.seat import Source


def yielding(peers: Iterable[Peer], seen_by: Callable[[str], Iterable[Source]], now: float) -> Iterator[Peer]:
    """Look at every line; to be called at each tick. Those come out for whom something is paused, or is back.

    Who is shown nothing is told so by others; what is sent is stopped by its sender, who has to be told.
    """
    for peer in tuple(peers):
        if not peer.is_live or not peer.line.look(now, peer.screen, partial(_seen, seen_by, peer.seat, now)):
            continue
        sources = tuple(seen_by(peer.seat))
        paused = "in" in peer.line.paused
        if (screen := peer.screen) is not None and screen.paused != paused:
            for source in sources:
                source.showing.halt()  # or packets went on by themselves
                source.showing.want_rate(peer.seat, None)
            screen.pause(paused)
            for source in sources if not paused else ():
                source.showing.want_key_frame(peer.seat)
        yield peer


def _seen(seen_by: Callable[[str], Iterable[Source]], seat: str, now: float) -> bool:
    """Whether what this seat is shown moves."""
    return any(source.showing.flows(now) for source in seen_by(seat))
