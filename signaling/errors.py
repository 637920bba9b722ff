"""Whose fault it is: the type of an error says it."""

from __future__ import annotations


class RemoteError(Exception):
    """The peer's fault: `code` is one of the protocol's, `message` a sentence for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class LocalError(Exception):
    """Our own bug: logged with its traceback, never shown to a peer."""
