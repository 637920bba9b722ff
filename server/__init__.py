"""The composition: everything that touches the outside, and the one place where the parts are put together.

event file     event (the models), event_check (what must hold between parts), event_faults (sentences), event_lines
settings       settings (the environment, read once), state_dir (private files), addresses (of this machine)
doors          tokens, links, revocation, lockout, doors (who may come in), session (a link for a cookie)
HTTP edge      app (routes, lifetime), answers (headers, errors), pages, health, patience, tls, log, keys
signaling      websocket (the signaling door), conductor (where machine, sockets, engine and store meet)
store          facts on disk
command line   cli, running (from first socket to goodbye)
participants   robot, robot_stay (without a page), loopback* (the test of a line), demo* (the demonstration)
"""
