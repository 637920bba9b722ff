"""Small pictures of the rooms, as their pages upload them: when they are wanted, who may send and who may see them."""

from __future__ import annotations

from signaling.booth import THUMBNAILS, Booth
from signaling.errors import RemoteError
from signaling.lines import OUT, TRIAL, Chair
from signaling.permissions import demand
from signaling.phases import Phase
from signaling.seats import Role, Seat


def wanted(booth: Booth) -> bool:
    """Whether anybody sees them: as with sound, an interpreter while live only, a technician always.

    Nobody while the machine leaves them out.
    """
    return THUMBNAILS not in booth.shed and any(_sees(booth, chair) for chair in booth.chairs.values())


def demand_sender(booth: Booth, seat: Seat) -> int:
    """The generation of the room's page that may send its own camera's picture now.

    Raises RemoteError: `not_allowed` for who is no room, `not_wanted` while nobody is to see it.
    """
    if seat.role is not Role.ROOM or seat.site is None:
        raise RemoteError("not_allowed", "Only the page of a room sends a picture of it.")
    generation = sender(booth, seat.site)
    if generation is None:
        raise RemoteError("not_wanted", "Nobody is to see a picture of this camera now.")
    return generation


def demand_viewer(booth: Booth, seat: Seat) -> None:
    """See that a seat's holder may see them now.

    Raises RemoteError: `not_allowed` for whoever may never, `not_wanted` before the wish was told, or outside `live`.
    """
    demand(seat, "watch")
    if not _sees(booth, booth.chair(str(seat))):
        raise RemoteError(
            "not_wanted", "Say watch first; an interpreter sees the rooms while the consultation is live."
        )


def sender(booth: Booth, site: str) -> int | None:
    """The generation of the page whose pictures of a site are good now; None while there is nothing to be seen.

    None also while the site's camera is off, or equipment's: then the page's own camera is shown to nobody. And none
    while its line is too narrow for the picture: what is left of it is the voice's.
    """
    chair = booth.room_chair(site)
    shows = not booth.rooms[site].camera_off and not booth.feed_chair(site).carries("video")
    shows = shows and not {OUT, TRIAL} & {*chair.paused}
    return chair.generation if shows and chair.session is not None and wanted(booth) else None


def _sees(booth: Booth, chair: Chair) -> bool:
    asks = chair.watching and chair.session is not None
    return asks and (chair.seat.role is Role.TECHNICIAN or booth.phase is Phase.LIVE)
