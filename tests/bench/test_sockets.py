"""Datagrams lost at a socket that nobody reads."""

from __future__ import annotations

import os
import socket

from bench.sockets import overflowed


def test_a_full_buffer_counts_for_the_process_that_does_not_read() -> None:
    before = overflowed([os.getpid()])
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out,
    ):
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.bind(("127.0.0.1", 0))
        for _ in range(100):
            out.sendto(bytes(1000), deaf.getsockname())
        assert overflowed([os.getpid()]) - before >= 50
        assert overflowed([]) == 0
