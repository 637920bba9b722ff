"""What every answer carries: security headers; and for errors a code and a sentence, as JSON or as a small page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from server.doors import body

log = structlog.get_logger("http")

_CONTENT_SECURITY_POLICY = """
    default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data: blob:;
    media-src 'self' blob: mediastream:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none';
    form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'
"""
_PERMISSIONS_POLICY = """
    camera=(self), microphone=(self), display-capture=(self), screen-wake-lock=(self), fullscreen=(self),
    autoplay=(self), geolocation=(), payment=(), usb=()
"""
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": " ".join(_CONTENT_SECURITY_POLICY.split()),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": " ".join(_PERMISSIONS_POLICY.split()),
    "Referrer-Policy": "no-referrer",
    # A day covers an event, and leaves no trace of ours on `localhost` of a borrowed laptop for longer (RFC 6797).
    "Strict-Transport-Security": "max-age=86400",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """What an error says: its code, and words in three languages (an error page does not know whose event it is)."""

    code: str
    en: str
    ko: str
    vi: str


SENTENCES: Mapping[int, Sentence] = {
    400: Sentence(
        "bad_request",
        "This request cannot be understood.",
        "요청을 이해할 수 없습니다.",
        "Không hiểu được yêu cầu này.",
    ),
    404: Sentence("not_found", "There is no such page.", "없는 페이지입니다.", "Không có trang này."),
    405: Sentence(
        "wrong_method",
        "This address does not take such a request.",
        "이 주소에서는 지원하지 않는 요청입니다.",
        "Địa chỉ này không nhận yêu cầu như vậy.",
    ),
    413: Sentence("too_large", "The request is too large.", "요청이 너무 큽니다.", "Yêu cầu quá lớn."),
    416: Sentence(
        "bad_range", "This part of the file does not exist.", "파일에 없는 부분입니다.", "Tệp không có phần này."
    ),
    500: Sentence(
        "internal",
        "Something went wrong on our side. Please try again.",
        "서버에 문제가 생겼습니다. 다시 시도해 주십시오.",
        "Máy chủ gặp sự cố. Xin quý vị vui lòng thử lại.",
    ),
}
BELOW_A_PATH = Sentence(
    "path_prefix",
    "Hanmaru wants a host name of its own; it does not live below a path such as /hanmaru/.",
    "한마루는 전용 호스트 이름이 필요하며, /hanmaru/ 같은 하위 경로에서는 동작하지 않습니다.",
    "Hanmaru cần một tên máy chủ riêng và không chạy dưới một đường dẫn như /hanmaru/.",
)
"""Cookies named `__Host-` belong to a whole host (RFC 6265bis), and so do camera permissions."""
OWN_PATHS = {"room", "interpreter", "operator", "loopback", "signal", "session"}


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Put the security headers on an answer; connect it to `on_response_prepare`."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.pop("Server", None)


@web.middleware
async def answers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give every error its code and sentence; our own bugs are logged here, and nowhere shown."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400 or error.content_type == "application/json":
            raise
        return _told(request, error.status, {key: error.headers[key] for key in ("Allow",) if key in error.headers})
    except Exception:
        if "Upgrade" in request.headers:
            raise  # the answer has begun: aiohttp logs and closes
        log.exception("request_failed", method=request.method, path=request.path)
        return _told(request, 500, {})


def _told(request: web.Request, status: int, headers: Mapping[str, str]) -> web.Response:
    said = SENTENCES.get(status) or replace(SENTENCES[400], code="refused")
    if status in {404, 405} and request.path.count("/") > 1 and request.path.rpartition("/")[2] in OWN_PATHS:
        status, said, headers = 404, BELOW_A_PATH, {}  # a proxy has put something before what is ours
    headers = {**headers, "Cache-Control": "no-store"}
    if request.method in {"GET", "HEAD"} and "text/html" in request.headers.get("Accept", ""):
        page = (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{said.en}</title>'
            f'<p lang="ko">{said.ko}<p lang="vi">{said.vi}<p>{said.en}<p><a href="/">Hanmaru</a></html>\n'
        )
        return web.Response(status=status, text=page, content_type="text/html", headers=headers)
    return web.Response(status=status, text=body(said.code, said.en), content_type="application/json", headers=headers)
