"""Who is where now, in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from server.conductor.machine import BoothMachine
from server.conductor.outgoing import Outgoing
from server.conductor.place import Place
from server.conductor.session import Session
from signaling.phases import Phase
from signaling.seats import Role


@dataclass(frozen=True, slots=True)
class Census:
    """Booths by the phase of their consultation; taken seats by booth and role; open WebSockets by role."""

    phases: Mapping[Phase, int]
    participants: Mapping[tuple[str, Role], int]
    sockets: Mapping[Role, int]
    loopbacks: int
    """Loopback tests that are running."""
    inputs_dropped: int
    """What did not fit into the queues of booths."""


def census(places: Iterable[Place], sessions: Iterable[Session]) -> Census:
    """Count."""
    phases: Counter[Phase] = Counter()
    participants: Counter[tuple[str, Role]] = Counter()
    loopbacks = inputs_dropped = 0
    for place in places:
        if not isinstance(place.machine, BoothMachine):
            loopbacks += 1
            continue
        booth = place.machine.state
        phases[booth.phase] += 1
        inputs_dropped += place.dropped
        participants.update((place.name, chair.seat.role) for chair in booth.chairs.values() if chair.present)
    sockets = Counter(session.seat.role for session in sessions if isinstance(session.outgoing, Outgoing))
    return Census(phases, participants, sockets, loopbacks, inputs_dropped)
