"""Makes one document of a sheet in a process of its own: JSON on standard input, PDF or HTML on standard output.

Drawing codes and setting type takes seconds of computing; here it takes them from nobody's sound. Run by
`server.sheet_printing`: `python -m server.sheet_press pdf|html`. Exit code 3: the sentence on standard error says why.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import resource
import sys
from typing import Any
from urllib.parse import unquote, urlsplit

REFUSED = 3
MEMORY_BYTES = 3 << 30  # of addresses, mapped fonts among them; 16 booths take 0.4 GB of memory, 14 MB for one more
BASE = "https://sheet.invalid"  # what a sheet names, such as /sheet.css, is looked up in web/ and nowhere else
SHOWN_LETTERS = 20


class Refused(Exception):  # noqa: N818
    """The document cannot be made; the message is a sentence for whoever wants it."""


def stand_back() -> None:
    """Take the processor only when nobody else wants it (sched(7), SCHED_IDLE), and no more than a bounded memory."""
    os.nice(19)
    with contextlib.suppress(AttributeError, OSError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def make(kind: str, order: dict[str, Any]) -> bytes:
    """The document of an order: `sheet` (as `asdict` makes it) and the other arguments of `document`.

    Raises Refused.
    """
    from server.sheet_document import document

    html = document(order.pop("sheet"), **order)
    return html.encode() if kind == "html" else pdf_of(html)


def pdf_of(html: str) -> bytes:
    """The PDF of a sheet's HTML, its letters embedded; raises Refused when a library or a letter is missing."""
    from tools.debian import needed_for

    try:
        with contextlib.redirect_stdout(sys.stderr):  # it prints before it raises
            import weasyprint  # type: ignore[import-untyped]
            from weasyprint.urls import URLFetcher, URLFetcherResponse  # type: ignore[import-untyped]
    except OSError as error:
        raise Refused(
            f"The libraries that make a PDF are not installed ({error.args[0] if error.args else error}). "
            f"Run `make sheet`, or: apt-get install {' '.join(needed_for('sheet'))}. The HTML needs none of them."
        ) from error

    from server.pages import WEB

    class FromPages(URLFetcher):  # type: ignore[misc] # the library has no types
        """Stylesheets from `web/`; nothing from the network, nothing else from the disk.

        Not the pages' fonts either: unpacking them takes longer than all the rest, and the machine has its own.
        """

        def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
            parts = urlsplit(url)
            path = WEB.joinpath(*(name for name in unquote(parts.path).split("/") if name)).resolve()
            is_ours = f"{parts.scheme}://{parts.netloc}" == BASE and path.parent == WEB and path.suffix == ".css"
            if not is_ours:
                raise ValueError(f"a sheet does not load {url}")
            return URLFetcherResponse(url, path.read_bytes(), {"Content-Type": "text/css"})

    noted = _Noted()
    logging.getLogger("weasyprint").addHandler(noted)
    made: bytes = weasyprint.HTML(string=html, base_url=f"{BASE}/", url_fetcher=FromPages()).write_pdf()
    if noted.letters:
        shown = " ".join(sorted(noted.letters)[:SHOWN_LETTERS])
        raise Refused(
            f"No font of this machine has these letters: {shown}. "
            f"Run `make sheet`, or: apt-get install {' '.join(needed_for('sheet'))}."
        )
    return made


class _Noted(logging.Handler):
    """Gathers the letters that would be empty boxes: WeasyPrint tells of each in a warning."""

    def __init__(self) -> None:
        super().__init__()
        self.letters: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg.startswith(".notdef") and isinstance(record.args, tuple) and record.args:
            self.letters.add(str(record.args[0]))


def main() -> None:
    """Serve one order."""
    stand_back()
    order = json.load(sys.stdin)
    try:
        made = make(sys.argv[1], order)
    except Refused as refused:
        sys.stderr.write(f"{refused}\n")
        sys.exit(REFUSED)
    sys.stdout.buffer.write(made)


if __name__ == "__main__":
    main()
