"""The part in C: what is done hundreds of times a second, and is the same each time.

| file | what it is |
| --- | --- |
| `port.h`, `port.c` | datagrams in, and packets that merely continue a stream out again |
| `rtp.h`, `rtp.c` | what a packet says of itself |
| `sound.h`, `sound.c` | the limiter |
| `gain.h`, `gain.c` | gains that move |
| `tape.h`, `tape.c`; `level.h`, `level.c` | decoded sound, made longer or shorter; how loud it is |
| `voice.h`, `voice.c` | a voice, from its packets to 20 ms of sound |
| `desk.h`, `desk.c` | the mix of each listener, encoded and sent |
| `playout.h`, `playout.c` | one source's packets, and what is due in their time |
| `delay.c`, `packet.c` | how long they are held for that; what an Opus packet says of itself |
| `build.py` | compiles them at set-up |

Where no compiler was found `lib` is None, and Python does everything itself, as it does with whatever is not ordinary.
"""

from __future__ import annotations

from typing import Any

import pylibsrtp._binding as srtp  # its cffi interface: the functions of libsrtp
from cffi import FFI  # it brings no types

from media.engine.native.build import HEADERS, library

ffi = FFI()
ffi.cdef("\n".join(header.read_text(encoding="ascii") for header in HEADERS))


def _address(name: str) -> Any:
    """A function of libsrtp, as pylibsrtp brings it, for C to call."""
    return ffi.cast("void *", int(srtp.ffi.cast("intptr_t", srtp.ffi.addressof(srtp.lib, name))))


def _load() -> Any:
    path = library()
    if not path.exists():
        return None
    loaded = ffi.dlopen(str(path))
    loaded.fast_path(_address("srtp_unprotect"), _address("srtp_protect"))
    return loaded


lib = _load()
"""The library, or None."""


def session_of(session: Any) -> Any:
    """The srtp_t of a pylibsrtp Session, which must outlive its use."""
    return ffi.cast("void *", int(srtp.ffi.cast("intptr_t", session._srtp[0])))
