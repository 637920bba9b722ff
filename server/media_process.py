"""A media process: the engine of one place, alone with its sockets, driven through a pipe until that ends.

`python -m server.media_process --addresses A,B [--announce A=P] DOOR PARENT`, where DOOR is the number of an open
socket and PARENT the process that opened it. `server.running` starts it; nobody does by hand.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import signal
import socket
from pathlib import Path

import structlog

from media.engine.tether import tether

GARBAGE = 10_000
"""Objects made and not gone, at which cycles are looked for: at Python's 700 that takes a hundredth of a process."""


async def run(door: socket.socket, given: argparse.Namespace) -> None:
    """Be the engine behind `door` until its other end is closed."""
    from media.engine.local import LocalEngine
    from media.engine.pipe import serve

    addresses = tuple(given.addresses.split(","))
    announced = tuple((local, public) for local, _, public in (pair.partition("=") for pair in given.announce))
    engine = LocalEngine(addresses, announced, given.transcode_cores, given.transcode_ledger)
    gc.collect()
    gc.freeze()  # a full collection of what never goes away takes almost three ticks
    gc.set_threshold(GARBAGE)
    await serve(engine, door, lambda: engine.ticks, engine.figures)


def main() -> None:
    """Read the arguments, tie this process to its parent, and be a media process."""
    arguments = argparse.ArgumentParser(prog="server.media_process")
    arguments.add_argument("--addresses", required=True, help="local addresses offered for media, with commas")
    arguments.add_argument("--announce", type=lambda text: text.split(","), default=[], help="LOCAL=PUBLIC,...")
    arguments.add_argument("--transcode-cores", type=float, help="for pictures that are made anew")
    arguments.add_argument("--transcode-ledger", type=Path, help="the file by which all media processes share them")
    arguments.add_argument("door", type=int)
    arguments.add_argument("parent", type=int)
    given = arguments.parse_args()
    tether(given.parent)
    for number in (signal.SIGINT, signal.SIGTERM):  # of a terminal or a service: the front process ends this one
        signal.signal(number, signal.SIG_IGN)

    import uvloop

    from server import log

    log.configure()
    structlog.contextvars.bind_contextvars(pid=os.getpid())
    door = socket.socket(fileno=given.door)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(door, given))


if __name__ == "__main__":
    main()
