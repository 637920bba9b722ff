"""What is said on the wire, and what it makes of a booth: pure, told in PROTOCOL.md in the order things happen.

- words: `fields` (strict reading), `requests` (from clients), `replies` (from the server), `messages` (both, by type)
- who and what: `seats`, `facts`, `errors`, `admission` (which place a client asks for), `pace` (how fast it may talk)
- the booth: `booth` (its state), `phases` and `permissions` (tables), `inputs`, `effects`, `step` (the machine), which
  calls `seating`, `lines`, `commands`, `sound`, `timers` and `view`, each for one kind of input or effect
- `loopback`: the machine of a private test place
"""
