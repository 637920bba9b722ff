"""Where the pure machine, the sockets, the engine and the store meet; one serial queue for each place.

- `conductor`: who is where; words of clients and of the engine find their place
- `place`: the queue of one booth or loopback test: input, step, facts, effects
- `machine`: the two pure machines with one face
- `speech`: effects on sockets; `outgoing`: the bounded queue to one socket; `session`: who is behind it
- `media`: effects on the engine, in the order of each seat; `record`: facts before everything else
- `census`: who is where, in numbers
- `cards`: what a welcome tells of the event
- `spawn`: background work that never dies in silence
"""

from __future__ import annotations

from server.conductor.conductor import LOOPBACKS, Conductor
from server.conductor.session import Session

__all__ = ["LOOPBACKS", "Conductor", "Session"]
