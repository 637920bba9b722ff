"""The doors for equipment: WHIP (RFC 9725) to send a site's camera and sound, WHEP (draft-ietf-wish-whep) to play.

A POST with an offer makes a resource, PATCH brings it candidates, DELETE ends it; GET finds nothing to see. The bearer
token is that of the room.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import web

from media.equipment import unbundled
from media.errors import CandidateError, OfferError
from media.one_way import offered_kinds, one_way
from media.sdp import check_offer
from media.trickle import read_fragment, ufrags
from server.doors import bearer_of, check_origin, claims_of
from server.equipment import Resource
from server.keys import EQUIPMENT, SETTINGS
from server.problems import Problem, with_problems
from server.relay import ice_servers, link_header
from signaling.permissions import MEDIA, offered
from signaling.seats import Role, Seat

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
BODY_S = 10.0  # an offer is 6 kB
NOT_YOURS = "This link is good for another seat, or the booth has no such site."
EXPOSED = "Accept-Patch, ETag, Link, Location, Retry-After"


@dataclass(frozen=True, slots=True)
class Doorway:
    """One of the two doors."""

    name: str
    role: Role

    async def endpoint(self, request: web.Request) -> web.StreamResponse:
        """`/whip/{booth}/{site}`: POST an offer."""
        methods = "GET, HEAD, OPTIONS, POST"
        match request.method:
            case "OPTIONS":
                return _options(request, methods, {"Accept-Post": SDP})
            case "POST":
                return await self._begin(request, _room(request))
            case "GET" | "HEAD":
                _room(request)
                return _nothing(request)
        raise _no_such_method(methods)

    async def resource(self, request: web.Request) -> web.StreamResponse:
        """`/whip/{booth}/{site}/{id}`: PATCH candidates into it, DELETE it."""
        methods = "DELETE, GET, HEAD, OPTIONS, PATCH"
        if request.method == "OPTIONS":
            return _options(request, methods, {"Accept-Patch": FRAGMENT})
        if request.method not in ("DELETE", "GET", "HEAD", "PATCH"):
            raise _no_such_method(methods)
        found = request.app[EQUIPMENT].find(request.match_info["id"], _room(request))
        if found is None or found.seat.role is not self.role:
            raise Problem("not_found", "There is no such connection, or not any more.")
        if request.method == "PATCH":
            return await _trickle(request, found)
        if request.method != "DELETE":
            return _nothing(request)
        request.app[EQUIPMENT].end(found)
        return web.Response(headers=_cors(request))

    async def _begin(self, request: web.Request, room: Seat) -> web.StreamResponse:
        text = await _body(request, SDP, {"Accept-Post": SDP})
        _room(request)  # once more: the link may have been revoked while the body was on its way
        if not text.startswith("v=0"):
            raise Problem("bad_request", "The body is not SDP: it must begin with v=0.")
        offer = one_way(text, str(MEDIA[self.role][0]))
        self._check(offer)
        resource, answer = await request.app[EQUIPMENT].begin(self.role, room, offer, ufrags(offer))
        headers = {
            "Location": f"/{self.name}/{room.booth}/{room.site}/{resource.id}",
            "ETag": resource.etag,
            "Accept-Patch": FRAGMENT,
            "Cache-Control": "no-store",
            **_cors(request),
        }
        servers = ice_servers(request.app[SETTINGS].relay, resource.seat, datetime.now(UTC))
        if servers:
            headers["Link"] = link_header(servers)
        return web.Response(status=201, text=answer, content_type=SDP, headers=headers)

    def _check(self, offer: str) -> None:
        """See that an offer is good before the seat is taken: a bad one must not put out who is sending now."""
        audio, video = offered(Seat(self.role), offered_kinds(offer))
        try:
            check_offer(unbundled(offer), audio, video)
        except OfferError as error:
            raise Problem(error.code, error.message) from None


WHIP = Doorway("whip", Role.FEED)
WHEP = Doorway("whep", Role.DISPLAY)


def add_doorways(app: web.Application) -> None:
    """Add the routes of both doors; before those of the pages, which take what is left."""
    for doorway in (WHIP, WHEP):
        path = f"/{doorway.name}/{{booth}}/{{site}}"
        app.router.add_route("*", path, with_problems(doorway.endpoint))
        app.router.add_route("*", f"{path}/{{id}}", with_problems(doorway.resource))


async def _trickle(request: web.Request, resource: Resource) -> web.StreamResponse:
    """Take candidates. An ICE restart is refused: equipment connects anew (RFC 9725 section 4.3.1)."""
    text = await _body(request, FRAGMENT, {"Accept-Patch": FRAGMENT})
    wanted = request.headers.get("If-Match")
    if wanted is None:
        raise Problem("unconditional", "Say in If-Match which ICE session the candidates are for.")
    try:
        fragment = read_fragment(text)
    except CandidateError as error:
        raise Problem(error.code, error.message) from None
    if fragment.ufrag is not None and fragment.ufrag not in resource.ufrags:
        raise Problem("no_ice_restart", "ICE cannot be restarted here; end this connection and begin a new one.")
    if wanted.strip() != "*" and resource.etag not in {tag.strip() for tag in wanted.split(",")}:
        raise Problem("stale", "If-Match names another ICE session than the one of this connection.")
    await request.app[EQUIPMENT].add(resource, fragment.candidates)
    return web.Response(status=204, headers=_cors(request))


def _room(request: web.Request) -> Seat:
    """The room that the URL names, when the token is that room's; the same answer for a room that is not there."""
    check_origin(request)
    claims = claims_of(request, bearer_of(request) or "")
    room = Seat(Role.ROOM, request.match_info["booth"], request.match_info["site"])
    if claims.seat != str(room):
        raise Problem("not_allowed", NOT_YOURS)
    return room


async def _body(request: web.Request, media_type: str, accepted: Mapping[str, str]) -> str:
    if request.content_type != media_type:
        raise Problem("wrong_type", f"The body has to be {media_type}.", accepted)
    try:
        async with asyncio.timeout(BODY_S):
            return (await request.read()).decode()
    except TimeoutError:
        raise Problem("too_slow", "The request did not arrive in due time.") from None
    except UnicodeDecodeError:
        raise Problem("bad_request", "The body is not UTF-8.") from None
    except (web.RequestPayloadError, ConnectionError):
        raise Problem("bad_request", "The body could not be read.") from None


def _nothing(request: web.Request) -> web.Response:
    """What GET is answered: there is nothing to see, and that is no error (RFC 9725 section 4.1)."""
    return web.Response(status=204, headers={"Cache-Control": "no-store", **_cors(request)})


def _no_such_method(methods: str) -> Problem:
    return Problem("wrong_method", "This address does not take such a request.", {"Allow": methods})


def _options(request: web.Request, methods: str, accepted: Mapping[str, str]) -> web.Response:
    check_origin(request)
    asked = {
        "Access-Control-Allow-Methods": methods,
        "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match",
        "Access-Control-Max-Age": "600",
    }
    cors = _cors(request)
    return web.Response(headers={"Allow": methods, **accepted, **cors, **(asked if cors else {})})


def _cors(request: web.Request) -> dict[str, str]:
    """For a player on a page of ours that has another origin than this request; nobody else's passes the door."""
    origin = request.headers.get("Origin")
    if origin is None:
        return {}
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": EXPOSED, "Vary": "Origin"}
