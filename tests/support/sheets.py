"""Sheets for tests: made of an event file, set by the real press, and read back as a printer's customer would."""

from __future__ import annotations

import asyncio
import ctypes
import math
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]
import zxingcpp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from server.event import Event, load
from server.links import links_of, valid_until
from server.sheet import Sheet, sheet_of
from server.sheet_printing import Press
from server.tokens import Tokens

ORIGIN = "https://hall.example:8443"
SECRET = "s" * 43
DPI = 200  # what the cheapest office printer does
MM = 25.4


@dataclass(frozen=True, slots=True)
class Code:
    """A QR code as it was found on a page: its text, its sides without quiet zone and the middle's height, in mm."""

    text: str
    side_mm: float
    middle_mm: float
    error_correction: str


def altered(folder: Path, source: Path, *changes: tuple[str, str]) -> Event:
    """The event of a file in which each of these texts, which stands there, is replaced everywhere."""
    text = source.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    path = folder / "altered.toml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def speaking(event: Event, site_id: str, language: str, second: str | None = None) -> Event:
    """The event with another language, and second language, at a site."""
    new = {"language": language, "second_language": second}
    sites = tuple(site.model_copy(update=new) if site.id == site_id else site for site in event.sites)
    return event.model_copy(update={"sites": sites})


def grown(event: Event, booths: int) -> Event:
    """The event with as many booths as are wanted, made of its own."""
    copies = tuple(
        event.booths[number % len(event.booths)].model_copy(update={"id": f"booth-{number + 1}"})
        for number in range(booths)
    )
    return event.model_copy(update={"booths": copies})


def made_of(event: Event, site: str, *, now: datetime | None = None, authority: bytes | None = None) -> Sheet:
    """The sheet of a site with links of a secret that tests know."""
    now = now or datetime.now(UTC)
    links = links_of(event, Tokens(SECRET, event.id), origin=ORIGIN, now=now)
    until = valid_until(event, now)
    return sheet_of(event, site, links, origin=ORIGIN, now=now, expires_at=until, authority=authority)


def authority() -> bytes:
    """A certificate in PEM, good for nothing but its fingerprint."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def pressed(kind: str, sheet: Sheet) -> bytes:
    """The document that the press makes of a sheet, "pdf" or "html"."""
    return asyncio.run(Press().make(kind, sheet))


def codes_of(pdf: bytes) -> list[list[Code]]:
    """The codes on each page, from top to bottom."""
    return [sorted(_codes(page), key=lambda code: code.middle_mm) for page in pypdfium2.PdfDocument(pdf)]


def _codes(page: pypdfium2.PdfPage) -> Iterator[Code]:
    picture = page.render(scale=DPI / 72, grayscale=True).to_numpy()
    for found in zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)):
        corners = found.position
        side_px = math.dist((corners.top_left.x, corners.top_left.y), (corners.top_right.x, corners.top_right.y))
        middle_px = (corners.top_left.y + corners.bottom_right.y) / 2
        yield Code(found.text, side_px * MM / DPI, middle_px * MM / DPI, found.ec_level)


def clickable_in(pdf: bytes) -> list[list[str]]:
    """The addresses to which a click leads, on each page from top to bottom."""
    pages = [set(_clickable(page)) for page in pypdfium2.PdfDocument(pdf)]  # a link and its picture are one place
    return [[address for _, address in sorted(places, reverse=True)] for places in pages]


def _clickable(page: pypdfium2.PdfPage) -> Iterator[tuple[int, str]]:
    at, link, place = ctypes.c_int(0), pdfium.FPDF_LINK(), pdfium.FS_RECTF()
    while pdfium.FPDFLink_Enumerate(page, at, link):
        action = pdfium.FPDFLink_GetAction(link)
        length = pdfium.FPDFAction_GetURIPath(page.pdf, action, None, 0)
        address = ctypes.create_string_buffer(length)
        pdfium.FPDFAction_GetURIPath(page.pdf, action, address, length)
        pdfium.FPDFLink_GetAnnotRect(link, place)
        yield round(place.top), address.value.decode()


def texts_of(pdf: bytes) -> list[str]:
    """The text of each page, with every run of white space as one space."""
    return [" ".join(page.get_textpage().get_text_bounded().split()) for page in pypdfium2.PdfDocument(pdf)]


def fonts_of(pdf: bytes) -> dict[str, bool]:
    """The names of the fonts in use, and whether each is embedded."""
    found: dict[str, bool] = {}
    for page in pypdfium2.PdfDocument(pdf):
        for each in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_TEXT], max_depth=10):
            font, name = pdfium.FPDFTextObj_GetFont(each.raw), ctypes.create_string_buffer(200)
            pdfium.FPDFFont_GetBaseFontName(font, name, len(name))
            found[name.value.decode()] = pdfium.FPDFFont_GetIsEmbedded(font) == 1
    return found


def ran_press(kind: str, order: bytes, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """The press as a process, with an order that nobody checked."""
    command = [sys.executable, "-m", "server.sheet_press", kind]
    return subprocess.run(command, input=order, env=environment, capture_output=True, timeout=60, check=False)
