"""Media processes that misbehave: `python -m tests.support.strange_process KIND NOTES DOOR PARENT`.

Each writes its process id as a line into the file NOTES when it begins.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from pathlib import Path

from media.engine.door import Answered, Beating, Connect, Done, Hello, Levels, Lost, Surveyed
from media.engine.tether import tether
from media.engine.wire import VERSION, from_wire, to_wire


def main() -> None:
    """Be a process of that kind until the pipe ends."""
    kind, notes, door, parent = sys.argv[1:]
    tether(int(parent))
    with Path(notes).open("a", encoding="ascii") as out:
        out.write(f"{os.getpid()}\n")
    if kind == "ends":
        return
    pipe = socket.socket(fileno=int(door))
    if kind == "mute":
        time.sleep(60)
    hello = json.loads(to_wire(Hello(VERSION, os.getpid())))
    if kind == "newer":
        hello["version"] = VERSION + 1
    pipe.sendall(b"0 %s\n" % json.dumps(hello).encode())
    while kind == "busy":
        pass
    _serve(pipe, kind)


def _serve(pipe: socket.socket, kind: str) -> None:
    pipe.settimeout(0.1)
    waiting, ticks = b"", 0
    while True:
        ticks += 1
        pipe.sendall(b"0 %s\n" % to_wire(Beating(1 if kind in ("stuck", "loud") else ticks)))
        if kind == "loud":
            for word in (Levels("booth-1", {"A": -20.0}, ()), Surveyed((), (), {"told": ticks})):
                pipe.sendall(b"0 %s\n" % to_wire(word))
        if kind == "brief":
            return
        try:
            more = pipe.recv(1 << 16)
        except TimeoutError:
            continue
        if not more:
            return
        *lines, waiting = (waiting + more).split(b"\n")
        for line in lines:
            _answer(pipe, kind, line)


def _answer(pipe: socket.socket, kind: str, line: bytes) -> None:
    number, _, body = line.partition(b" ")
    is_offer = isinstance(from_wire(body), Connect)
    if is_offer and kind == "fragile":
        os.abort()
    if is_offer and kind == "forger":
        pipe.sendall(b"0 %s\n" % to_wire(Lost("booth-2", "A", 1)))
    pipe.sendall(b"%s %s\n" % (number, to_wire(Answered(str(os.getpid())) if is_offer else Done())))


if __name__ == "__main__":
    main()
