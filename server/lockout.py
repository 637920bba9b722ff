"""Who tried too many wrong tokens: counted by address, forgotten after a while, bounded in size."""

from __future__ import annotations

import hashlib
import ipaddress
from collections import OrderedDict
from dataclasses import dataclass, field

DISTINCT_TOKENS = 20  # a page that keeps trying one stale token counts once: a whole venue may share its address
WINDOW_S = 300.0
LOCKED_S = 60.0
CAPACITY = 4096  # addresses; the oldest goes


@dataclass(slots=True)
class _Attempts:
    since_s: float
    digests: set[bytes] = field(default_factory=set)
    locked_until_s: float = 0.0


class Lockout:
    """Wrong tokens by address; an IPv6 network of /64 counts as one address."""

    def __init__(self) -> None:
        self._attempts: OrderedDict[str, _Attempts] = OrderedDict()
        self.dropped = 0
        """Addresses that were forgotten because the table was full."""

    def __len__(self) -> int:
        return len(self._attempts)

    def is_locked(self, address: str, now_s: float) -> bool:
        """Whether an address is locked out now (monotonic seconds)."""
        attempts = self._attempts.get(_key(address))
        return attempts is not None and now_s < attempts.locked_until_s

    def failed(self, address: str, token: str, now_s: float) -> bool:
        """Count a wrong token; True when this one locks the address out."""
        key = _key(address)
        attempts = self._attempts.get(key)
        if attempts is None or now_s - attempts.since_s > WINDOW_S:
            attempts = self._attempts[key] = _Attempts(now_s)
        self._attempts.move_to_end(key)
        if len(self._attempts) > CAPACITY:
            self._attempts.popitem(last=False)
            self.dropped += 1
        attempts.digests.add(hashlib.blake2b(token.encode(errors="replace"), digest_size=8).digest())
        if len(attempts.digests) < DISTINCT_TOKENS:
            return False
        attempts.digests.clear()
        attempts.since_s = now_s
        attempts.locked_until_s = now_s + LOCKED_S
        return True


def _key(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
