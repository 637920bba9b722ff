"""Errors of the media side: a device, a codec, or a description that cannot be used."""

from __future__ import annotations


class MediaError(Exception):
    """Media that cannot go on: `code` is one of the protocol's, `message` a sentence for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class SizeError(MediaError):
    """The peer's picture has a size that is not decoded here."""

    def __init__(self) -> None:
        super().__init__("bad_picture", "The picture is larger or smaller than this server takes.")


class OfferError(MediaError):
    """The peer's offer cannot be answered."""

    def __init__(self, message: str, code: str = "bad_offer") -> None:
        super().__init__(code, message)


class CandidateError(MediaError):
    """The peer's ICE candidate is not one."""

    def __init__(self, message: str, code: str = "bad_candidate") -> None:
        super().__init__(code, message)


class CodecError(MediaError):
    """A packet that its codec cannot read."""

    def __init__(self, message: str) -> None:
        super().__init__("media_failed", message)


class LocalError(Exception):
    """This machine or this program is at fault, nobody on the line: something is missing or was called wrongly."""
