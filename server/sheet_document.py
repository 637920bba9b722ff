"""A sheet as one HTML document: the page that is served, the file that is kept, and what the PDF is made from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import jinja2
import segno

from server.pages import WEB
from server.settings import CHECKOUT
from server.words import say, spoken

QUIET_ZONE = 4  # modules (ISO/IEC 18004, 9.1)
STYLESHEET = WEB / "sheet.css"
TEMPLATE = CHECKOUT / "server" / "sheet.html"
MARK = "Hanmaru sheet"
"""Says in a written file that it is one of ours; `written_by_us` looks for it."""


def document(sheet: Mapping[str, Any], *, standalone: bool = False, seat: str | None = None) -> str:
    """The HTML of a sheet, given as `dataclasses.asdict` makes it.

    `standalone`: with the stylesheet inside, for a file that is opened without the server. `seat`: whose cookie
    opens the PDF beside the page. Names are text wherever they stand: everything is escaped.
    """
    style = STYLESHEET.read_text(encoding="utf-8") if standalone else None
    return _template().render(sheet, mark=MARK, standalone_style=style, seat=seat)


def written_by_us(content: bytes) -> bool:
    """Whether a file holds a sheet, PDF or HTML, and may be written over."""
    return MARK.encode() in content


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, auto_reload=False
    )
    environment.globals |= {"say": say, "spoken": spoken, "code": code}
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8"))


@cache
def code(text: str) -> Mapping[str, str | int]:
    """A QR code: `side` in modules with its quiet zone, `path` the dark ones as one SVG shape.

    Error correction M, or better where the size stays the same. One filled shape, since neighbouring strokes leave
    hair lines between them on some printers.
    """
    made = segno.make(text, error="m", micro=False, boost_error=True)
    rows = [bytes(row) for row in made.matrix]
    runs = [
        f"M{first + QUIET_ZONE} {line + QUIET_ZONE}h{last - first}v1h{first - last}z"
        for line, row in enumerate(rows)
        for first, last in _runs(row)
    ]
    return {"side": len(rows) + 2 * QUIET_ZONE, "path": "".join(runs)}


def _runs(row: bytes) -> list[tuple[int, int]]:
    """Where dark modules begin and end in a row."""
    edges = [at for at in range(len(row) + 1) if (row[at - 1] if at else 0) != (row[at] if at < len(row) else 0)]
    return list(zip(edges[::2], edges[1::2], strict=True))
