"""The composition: everything that touches the outside, and the one place where the parts are put together.

event file     event (the models), event_check (what must hold between parts), event_faults (sentences), event_lines
settings       settings (the environment, read once), state_dir (private files), addresses (of this machine)
doors          tokens, links, revocation, lockout, doors (who may come in), session (a link for a cookie)
the sheet      sheet (what it says), sheet_document (HTML), sheet_press and sheet_printing (the process that makes it),
               sheet_door (for the technician), sheet_command, words (the pages' sentences)
HTTP edge      app (routes, lifetime), answers (headers, errors), pages, health, patience, tls, log, keys
               forwarded (behind a reverse proxy)
supervision    notify (systemd's words), healthcheck (a container's), cli_faults (sentences and exit codes),
               last_good (the event of a meeting that goes on), certificate_watch, event_watch (files that may change)
operations     metrics (who may scrape, when), metric_families (names and labels), tally, spread; METRICS.md, alerts.yml
               shedding (what is left out so that voices go on), processors (what the kernel says of them)
equipment      whip (the two doors), equipment (what is connected), problems (errors in HTTP's own words)
small pictures thumbnails (kept for seconds), thumbnail_door (from the rooms' pages to whoever asked)
signaling      websocket (the signaling door), frames (one for many sockets), cadence (what is done every so often)
               conductor (where machine, sockets, engine and store meet)
store          facts on disk; journal (their one writer), records (which file it is)
command line   cli, running (from first socket to goodbye)
participants   robot, robot_stay (without a page), loopback* (the test of a line), demo* (the demonstration)
"""
