"""Errors for clients that speak HTTP and nothing of ours: problem details (RFC 9457) with our code and sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Handler

from signaling.errors import RemoteError

PROBLEM = "application/problem+json"
KEPT = ("Allow", "Retry-After", "WWW-Authenticate")
RETRY_AFTER_S = 5

STATUS: Mapping[str, int] = {
    "bad_request": 400,
    "bad_candidate": 400,
    "not_allowed": 403,
    "not_found": 404,
    "wrong_method": 405,
    "too_slow": 408,
    "stale": 412,
    "too_large": 413,
    "wrong_type": 415,
    "bad_offer": 422,
    "no_ice_restart": 422,
    "unconditional": 428,
    "too_fast": 429,
    "busy": 503,
    "media_failed": 503,
    "replaced": 503,
}
"""What a code is in HTTP."""


class Problem(Exception):  # noqa: N818 - it is an answer, not a fault of ours
    """An answer with a code of `STATUS`, a sentence for people, and headers."""

    def __init__(self, code: str, sentence: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code = code
        self.sentence = sentence
        self.headers = headers or {}


def with_problems(handler: Handler) -> Handler:
    """The handler, with whatever it refuses told as problem details."""

    async def told(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except Problem as problem:
            return _answer(STATUS[problem.code], problem.code, problem.sentence, problem.headers)
        except RemoteError as error:
            return _answer(STATUS.get(error.code, 400), error.code, error.message, {})
        except web.HTTPRequestEntityTooLarge:
            return _answer(413, "too_large", "The request is larger than 64 KiB.", {})
        except web.HTTPException as error:  # of the doors, in their own words
            if error.content_type != "application/json":
                raise
            said = json.loads(error.text or "{}")
            headers = {name: error.headers[name] for name in KEPT if name in error.headers}
            return _answer(error.status, said["code"], said["message"], headers)

    return told


def _answer(status: int, code: str, sentence: str, headers: Mapping[str, str]) -> web.Response:
    retry = {"Retry-After": str(RETRY_AFTER_S)} if status in (429, 503) else {}
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": sentence,
        "code": code,
        "message": sentence,
    }
    return web.Response(
        status=status,
        body=json.dumps(body, ensure_ascii=False).encode(),
        content_type=PROBLEM,
        headers={**retry, "Cache-Control": "no-store", **headers},
    )
