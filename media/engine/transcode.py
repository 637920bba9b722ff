"""A transcode process: `python -m media.engine.transcode PARENT`, driven by `media.engine.transcoder` over its stdin.

Standard input is a socket; its end is ours. Between two pictures the process waits, and holds nothing of the network,
the disk or the sound.
"""

from __future__ import annotations

import gc
import socket
import sys

from media.engine.confinement import shut_files, stand_back
from media.transcode_wire import Asked, Order, Reader, Ready, to_bytes

READ_BYTES = 256 * 1024


def main() -> None:
    """Serve until the other end closes."""
    stand_back(int(sys.argv[1]))
    from media.engine.making import Making, warm_up  # behind everybody else's work, as all that follows

    line = socket.socket(fileno=sys.stdin.fileno())
    warm_up()
    shut_files()
    gc.collect()
    gc.freeze()
    making, reader = Making(), Reader(Order, Asked)
    line.sendall(to_bytes(Ready()))
    while received := line.recv(READ_BYTES):
        for word in reader.feed(received):
            if isinstance(word, Order):
                making.order(word)
            elif isinstance(word, Asked):
                for answer in making.take(word):
                    line.sendall(to_bytes(answer))


if __name__ == "__main__":
    main()
