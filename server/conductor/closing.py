"""Why a socket is closed: each code with the reason that stands beside it (RFC 6455 section 5.5.1)."""

from __future__ import annotations

from collections.abc import Mapping

from signaling.effects import LINE_LOST, REPLACED, REVOKED

DONE = 1000
GOING_AWAY = 1001
NO_STATUS = 1005
FLOODING = 1008
TOO_LARGE = 1009
RESTARTING = 1012
"""Registered with IANA as "Service Restart": come back in a moment."""
TOO_SLOW = 1013
"""Registered as "Try Again Later"; the line is cut, so the client hardly ever learns it."""
NO_HELLO = 4408

REASONS: Mapping[int, str] = {
    DONE: "",
    GOING_AWAY: "the server stops",
    FLOODING: "too many messages",
    TOO_LARGE: "message too large",
    RESTARTING: "the server restarts: reconnect",
    TOO_SLOW: "messages were not read",
    REPLACED: "another client took this seat",
    REVOKED: "the link was revoked",
    LINE_LOST: "the media of this equipment is gone",
    NO_HELLO: "no hello in time",
}
"""123 bytes of UTF-8 at most, so that they fit in a close frame."""

LEAVING = frozenset({0, DONE, GOING_AWAY, NO_STATUS})
"""What a client closes with that leaves of its own will: a page that is closed, or goes elsewhere (0: it said no code).
Any other code, or none at all, is a line that broke, or that its client gave up to come back on another."""
