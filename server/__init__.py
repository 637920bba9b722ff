"""The composition: everything that touches the outside, and the one place where the parts are put together.

- `event`, `event_check`, `event_faults`, `event_lines`: the event file, read and checked; `settings`: the environment, read once
- `tokens`, `links`, `revocation`, `lockout`, `doors`: who may take which seat
- `tls`, `app`, `pages`, `health`, `patience`, `log`: the HTTP edge; `websocket`: the signaling door
- `conductor`: the only place where the pure state machine, the sockets, the engine and the store meet; `store`: facts on disk
- `cli`, `running`: `python -m server`; `loopback`, `demo`, `robot`: simulated participants that speak the real protocol
"""
