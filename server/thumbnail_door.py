"""`PUT` and `GET /thumbnail/{booth}/{site}`: small pictures from the rooms' pages to whoever asked for them.

HTTP and not the WebSocket: a picture that takes its time on a narrow line holds up no word, each end begins a new one
when the last is through, and nothing waits in a queue. PROTOCOL.md tells it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from aiohttp import web
from aiohttp.typedefs import Handler

from server.doors import authenticate, body
from server.keys import CONDUCTOR, TALLY, THUMBNAILS
from server.thumbnails import KEPT_S, MOST_BYTES
from signaling.booth import Booth
from signaling.errors import RemoteError
from signaling.seats import Seat, parse_seat
from signaling.thumbnails import demand_sender, demand_viewer, sender

JPEG = "image/jpeg"
BODY_S = 10.0  # as long as a request head may take
STATUS: Mapping[str, int] = {
    "not_allowed": 403,
    "no_thumbnail": 404,
    "too_slow": 408,
    "not_wanted": 409,
    "too_large": 413,
    "wrong_type": 415,
    "bad_thumbnail": 422,
    "too_fast": 429,
}
"""What a code is in HTTP."""


def add_thumbnails(app: web.Application) -> None:
    """Add the routes; before those of the pages, which take what is left."""
    path = "/thumbnail/{booth}/{site}"
    app.router.add_put(path, _told(upload))
    app.router.add_get(path, _told(show), allow_head=False)


async def upload(request: web.Request) -> web.StreamResponse:
    """Take a picture from the page that has a room's seat: 204."""
    seat, booth, site = _asked(request)
    room = booth.plan.booth, site
    if (seat.booth, seat.site) != room:
        raise RemoteError("not_allowed", "This link is for another room.")
    demand_sender(booth, seat)
    thumbnails, loop = request.app[THUMBNAILS], asyncio.get_running_loop()
    thumbnails.admit(room, loop.time())
    jpeg = await _body(request)
    _, booth, _ = _asked(request)  # once more: link, seat and wish may be gone by now
    thumbnails.keep(room, demand_sender(booth, seat), jpeg, loop.time())
    loop.call_later(KEPT_S + 0.1, lambda: thumbnails.forget(loop.time()))
    return web.Response(status=204, headers={"Cache-Control": "no-store"})


async def show(request: web.Request) -> web.StreamResponse:
    """Hand a room's newest picture to somebody who asked to see the rooms: 200, 304 when it is still the same."""
    seat, booth, site = _asked(request)
    demand_viewer(booth, seat)
    now_s = asyncio.get_running_loop().time()
    found = request.app[THUMBNAILS].newest((booth.plan.booth, site), sender(booth, site), now_s)
    if found is None:
        raise RemoteError("no_thumbnail", "There is no picture of this room now.")
    headers = {"Cache-Control": "no-store", "ETag": found.tag, "Age": str(int(now_s - found.at_s))}
    if request.headers.get("If-None-Match") == found.tag:
        return web.Response(status=304, headers=headers)
    request.app[TALLY].thumbnails["handed"] += 1
    return web.Response(body=found.jpeg, content_type=JPEG, headers=headers)


def _asked(request: web.Request) -> tuple[Seat, Booth, str]:
    """Who asks about which room; the same answer for a booth of others and for one that is not there."""
    seat = parse_seat(authenticate(request).seat)
    name, site = request.match_info["booth"], request.match_info["site"]
    booth = request.app[CONDUCTOR].booth(name) if seat.booth in (None, name) else None
    if booth is None or site not in booth.rooms:
        raise RemoteError("not_allowed", "This link is for another booth, or the booth has no such site.")
    return seat, booth, site


async def _body(request: web.Request) -> bytes:
    """The picture; nothing is read beyond what one may have."""
    if request.content_type != JPEG:
        raise RemoteError("wrong_type", f"The body has to be {JPEG}.")
    too_large = RemoteError("too_large", f"The picture has more than {MOST_BYTES // 1024} KiB.")
    if (request.content_length or 0) > MOST_BYTES:
        raise too_large
    jpeg = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            async for chunk in request.content.iter_any():
                jpeg += chunk
                if len(jpeg) > MOST_BYTES:
                    raise too_large
    except TimeoutError:
        raise RemoteError("too_slow", "The request did not arrive in due time.") from None
    except (web.RequestPayloadError, ConnectionError):
        raise RemoteError("bad_thumbnail", "The body could not be read.") from None
    return bytes(jpeg)


def _told(handler: Handler) -> Handler:
    """The handler, with what it refuses told by code and sentence."""

    async def told(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except RemoteError as error:
            headers = {"Cache-Control": "no-store", **({"Retry-After": "1"} if error.code == "too_fast" else {})}
            text = body(error.code, error.message)
            return web.Response(status=STATUS[error.code], text=text, content_type="application/json", headers=headers)

    return told
