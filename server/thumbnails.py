"""The newest small picture of each room, in memory for a few seconds: uploaded by pages, checked, never decoded."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass

from media.errors import MediaError
from media.jpeg import jpeg_size
from signaling.errors import RemoteError
from signaling.pace import Bucket

MOST_BYTES = 24 * 1024
"""A talking room in 320 x 256 at quality 0.6 has 6 to 15 KiB."""
MOST_PX = 512
"""In either direction; pages draw 320 at most."""
KEPT_S = 5.0
"""An older picture is no news of a room."""
PER_S, BURST = 2.0, 3.0
"""Pages send one a second, now and then two close together."""

Room = tuple[str, str]
"""A booth and a site."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """One picture: `generation` is of the page that sent it, `at_s` when it came, `tag` names it among all others."""

    jpeg: bytes
    generation: int
    at_s: float
    tag: str


class Thumbnails:
    """One picture for each room at most: a new one takes the place of the old. Times are of a monotonic clock, in s."""

    def __init__(self, outcomes: Counter[str]) -> None:
        """`outcomes` counts what was `kept`, and what was `refused` for what it is or how fast it came."""
        self._newest: dict[Room, Thumbnail] = {}
        self._paces: dict[Room, Bucket] = {}
        self._outcomes = outcomes

    def __len__(self) -> int:
        return len(self._newest)

    def admit(self, room: Room, now_s: float) -> None:
        """See that a room may send a picture now. Raises RemoteError `too_fast`."""
        pace = self._paces.get(room) or Bucket(PER_S, BURST, BURST, now_s)
        left = pace.take(now_s)
        if left is None:
            self._outcomes["refused"] += 1
            raise RemoteError("too_fast", "Pictures come faster than two a second; one a second is enough.")
        self._paces[room] = left

    def keep(self, room: Room, generation: int, jpeg: bytes, now_s: float) -> None:
        """Keep a picture. Raises RemoteError `bad_thumbnail`, or `too_large` when it declares too many pixels."""
        try:
            width, height = jpeg_size(jpeg)
        except MediaError as error:
            self._outcomes["refused"] += 1
            raise RemoteError(error.code, error.message) from None
        if max(width, height) > MOST_PX:
            self._outcomes["refused"] += 1
            raise RemoteError("too_large", f"The picture has more than {MOST_PX} pixels in one direction.")
        tag = hashlib.blake2b(jpeg, digest_size=8).hexdigest()
        self._newest[room] = Thumbnail(jpeg, generation, now_s, f'"{tag}"')
        self._outcomes["kept"] += 1

    def newest(self, room: Room, generation: int | None, now_s: float) -> Thumbnail | None:
        """A room's picture, if it is fresh and of the page that has the seat (`generation`; None: of nobody)."""
        found = self._newest.get(room)
        if found is None or found.generation != generation or now_s - found.at_s > KEPT_S:
            return None
        return found

    def forget(self, now_s: float) -> None:
        """Let go of every picture that is too old to be shown."""
        for room in [room for room, each in self._newest.items() if now_s - each.at_s > KEPT_S]:
            del self._newest[room]
