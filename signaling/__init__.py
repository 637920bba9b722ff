"""What is said on the wire, and what it makes of a booth: pure, told in PROTOCOL.md in the order things happen.

- words: `fields` (strict reading), `requests` (from clients), `replies`, `welcome` and `booth_view` (from the server),
  `messages` (all of them, by type), `errors`
- who and what: `seats`, `facts`, `admission` (which place a client asks for), `pace` (how fast it may talk)
- tables: `phases` (the lifecycle), `permissions` (who may what)
- the booth: `booth` (its state), `inputs`, `effects`, `step` (the machine), which calls `seating` (who gets a seat),
  `lines` (the connections of a seat), `commands`, `consequences` and `microphones` (what follows by itself),
  `sound` (gains, pictures, speakers), `thumbnails` (small pictures) and `view`; `ledger` (facts in and out)
- `loopback`: the machine of a private test place
"""
