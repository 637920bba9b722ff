"""A test card read back from a received picture: whose it is, which frame, where it lies, whether it is stretched.

Everything that is read lies in the core: the central part of the card that crops from 16:9 to 5:4, or from 5:4 to 16:9,
leave whole. Its unit is u = min(height, width * 9 / 16). From the inside out: the strip (two white bars, between them
three rows of twelve black or white cells) on a black plate, a sweeping clock bar, a dark circle on a grey disc. Only
the strip is white, so that its bounds are easy to find.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Luma = NDArray[np.uint8]
"""(height, width), 16 is black and 235 white; full range (0-255) reads as well."""

BLACK, DARK, GREY, LIGHT, WHITE = 16, 40, 128, 165, 235
WHITE_FROM = 185  # nothing but the strip is that bright, also after VP8 at low bitrates

ASPECTS = (5 / 4, 16 / 9, 4 / 3, 1.0, 3 / 2, 11 / 9, 3 / 4, 9 / 16)
"""Shapes (width / height) that a card can have; its place in this table stands in the strip."""

COLUMNS, ROWS = 12, 3
CELL_W, CELL_H = 0.06, 0.05  # in u: 10.8 x 9 px when a 16:9 card is letterboxed into 320x256
BAR_H, GAP_H, MARGIN = 0.03, 0.02, 0.03
STRIP_W = COLUMNS * CELL_W
STRIP_H = ROWS * CELL_H + 2 * (BAR_H + GAP_H)
CLOCK_TOP, CLOCK_H, CLOCK_W = 0.21, 0.06, 0.5
CIRCLE_RADIUS, CIRCLE_STROKE, DISC_RADIUS = 0.46, 0.03, 0.495
SWEEP_FRAMES = 60  # two seconds at 30 fps


@dataclass(frozen=True, slots=True)
class Reading:
    """What a picture says about the card in it.

    Places are in pixels of the picture, and lie outside of it where the card is cropped.
    """

    source: int
    number: int
    left: float
    top: float
    width: float
    height: float
    stretch: float
    """Horizontal over vertical enlargement: 1.0 when the shape is true."""


@dataclass(frozen=True, slots=True)
class Strip:
    """Outer bounds of the strip in a picture, in pixels (pixel i covers i to i + 1)."""

    left: float
    top: float
    right: float
    bottom: float

    def cells(self) -> NDArray[np.float64]:
        """Centres of the cells in reading order, (ROWS * COLUMNS, 2) as x, y in pixels."""
        x = self.left + (self.right - self.left) * (np.arange(COLUMNS) + 0.5) / COLUMNS
        y = self.top + (self.bottom - self.top) * (BAR_H + GAP_H + (np.arange(ROWS) + 0.5) * CELL_H) / STRIP_H
        return np.stack([np.tile(x, ROWS), np.repeat(y, COLUMNS)], axis=1)


def draw(width: int, height: int, source: int, number: int) -> NDArray[np.uint8]:
    """Frame `number` (taken modulo 65536) of the card of `source` (0-255) as I420, (height * 3 // 2, width).

    Raises ValueError for odd sizes, an unknown source, or a shape that is not in `ASPECTS`.
    """
    if width % 2 or height % 2 or not 0 <= source <= 255:
        raise ValueError(f"no card of {width}x{height} pixels for source {source}")
    number %= 1 << 16
    scene, disc, mask, chroma = _still(width, height, source)
    card = np.empty((height * 3 // 2, width), np.uint8)
    drift = 2 * number % _PERIOD_PX
    card[:height] = scene[:, drift : drift + width]
    top, left = (height - disc.shape[0]) // 2, (width - disc.shape[1]) // 2
    np.copyto(card[top : top + disc.shape[0], left : left + disc.shape[1]], disc, where=mask)
    card[height:] = chroma

    u = _unit(width, height)
    swept = (number % SWEEP_FRAMES + 1) / SWEEP_FRAMES
    _fill(card, width, height, u, (-CLOCK_W / 2, CLOCK_TOP), (CLOCK_W * swept, CLOCK_H), LIGHT)
    for place, bit in enumerate(_bits(source, number, _aspect(width, height))):
        if bit:
            x = (place % COLUMNS) * CELL_W - STRIP_W / 2
            y = (place // COLUMNS) * CELL_H - ROWS * CELL_H / 2
            _fill(card, width, height, u, (x, y), (CELL_W, CELL_H), WHITE)
    return card


def read(luma: Luma) -> Reading | None:
    """Read the card in a picture, or None when there is none (or it is too blurred to be believed)."""
    strip = find(luma)
    return None if strip is None else _read(luma, strip)


def find(luma: Luma) -> Strip | None:
    """Where the strip lies, to a fraction of a pixel, or None."""
    step = max(1, luma.shape[1] // 320)
    bright = luma[::step, ::step] >= WHITE_FROM
    per_row = bright.sum(axis=1)
    wide = np.flatnonzero(per_row >= 0.7 * per_row.max(initial=0))
    if per_row.max(initial=0) < 20 or wide.size < 4:
        return None
    columns = np.flatnonzero(bright[wide[0] : wide[0] + 2].any(axis=0))
    left, right = int(columns[0]) * step, int(columns[-1] + 1) * step
    top, bottom = int(wide[0]) * step, int(wide[-1] + 1) * step
    inset = (right - left) // 10
    reach_y = max(2, round((bottom - top) * BAR_H / STRIP_H * 0.5))
    rows = luma[:, left + inset : right - inset]
    exact_top = _edge(rows, 0, top, reach_y + step, rising=True)
    exact_bottom = _edge(rows, 0, bottom, reach_y + step, rising=False)
    if exact_top is None or exact_bottom is None or exact_bottom - exact_top < 8:
        return None
    bar = (exact_bottom - exact_top) * BAR_H / STRIP_H
    inner_top = int(exact_top + 0.25 * bar), int(exact_top + 0.75 * bar)
    inner_bottom = int(exact_bottom - 0.75 * bar), int(exact_bottom - 0.25 * bar)
    lines = [np.arange(first, max(first + 1, last)) for first, last in (inner_top, inner_bottom)]
    bars = luma[np.concatenate(lines)]
    reach_x = max(2, round((right - left) * CELL_W / STRIP_W * 0.35))
    exact_left = _edge(bars, 1, left, reach_x + step, rising=True)
    exact_right = _edge(bars, 1, right, reach_x + step, rising=False)
    if exact_left is None or exact_right is None:
        return None
    return Strip(exact_left, exact_top, exact_right, exact_bottom)


def circle_ratio(luma: Luma) -> float | None:
    """Width over height of the card's circle, good to 0.5 %, or None when it cannot be seen whole.

    Along 180 rays the dark stroke is found by its centroid; an axis-parallel ellipse is fitted by least squares.
    """
    strip = find(luma)
    if strip is None or _read(luma, strip) is None:
        return None
    centre_x, centre_y = (strip.left + strip.right) / 2, (strip.top + strip.bottom) / 2
    unit_x, unit_y = (strip.right - strip.left) / STRIP_W, (strip.bottom - strip.top) / STRIP_H
    angles = np.arange(180) * (2 * np.pi / 180)
    radii = np.linspace(2 * CIRCLE_RADIUS - DISC_RADIUS + 0.005, DISC_RADIUS - 0.005, 33)
    x = np.cos(angles)[:, None] * radii * unit_x
    y = np.sin(angles)[:, None] * radii * unit_y
    values = _sample(luma, centre_x + x, centre_y + y)
    if values is None:
        return None
    darkness = np.clip(values.max(axis=1, keepdims=True) * 0.9 - values, 0, None)
    mass = darkness.sum(axis=1)
    seen = darkness.max(axis=1) > 40
    if seen.mean() < 0.9:
        return None
    at_x = ((x * darkness).sum(axis=1)[seen] / mass[seen]) / unit_x
    at_y = ((y * darkness).sum(axis=1)[seen] / mass[seen]) / unit_x
    terms = np.stack([at_x**2, at_y**2, at_x, at_y], axis=1)
    (a, b, _, _), *_ = np.linalg.lstsq(terms, np.ones(len(terms)), rcond=None)
    return float(np.sqrt(b / a)) if a > 0 and b > 0 else None


_PERIOD_PX = 128


@lru_cache(maxsize=8)
def _still(width: int, height: int, source: int) -> tuple[Luma, Luma, NDArray[np.bool_], Luma]:
    """The parts of a card that do not change: background (wider by one period), disc, its mask, both chroma planes."""
    u = _unit(width, height)
    x = np.arange(width + _PERIOD_PX) * (2 * np.pi / _PERIOD_PX)
    y = np.arange(height) * (2 * np.pi / _PERIOD_PX)
    scene = (GREY - 15 + 30 * np.sin(x)[None, :] * np.sin(y + source)[:, None]).astype(np.uint8)

    disc_h, disc_w = min(height, 2 * int(np.ceil(u / 2))), min(width, 2 * int(np.ceil(u / 2)))
    dx = np.arange(disc_w)[None, :] + (width - disc_w) // 2 + 0.5 - width / 2
    dy = np.arange(disc_h)[:, None] + (height - disc_h) // 2 + 0.5 - height / 2
    radius = np.hypot(dx, dy)
    stroke = np.clip(CIRCLE_STROKE * u / 2 + 0.5 - np.abs(radius - CIRCLE_RADIUS * u), 0, 1)
    disc = np.ascontiguousarray((GREY + (BLACK - GREY) * stroke).round().astype(np.uint8))
    plate_h, plate_w = STRIP_H + 2 * MARGIN, STRIP_W + 2 * MARGIN
    _fill(disc, disc_w, disc_h, u, (-plate_w / 2, -plate_h / 2), (plate_w, plate_h), BLACK)
    _fill(disc, disc_w, disc_h, u, (-STRIP_W / 2, -STRIP_H / 2), (STRIP_W, BAR_H), WHITE)
    _fill(disc, disc_w, disc_h, u, (-STRIP_W / 2, STRIP_H / 2 - BAR_H), (STRIP_W, BAR_H), WHITE)
    _fill(disc, disc_w, disc_h, u, (-CLOCK_W / 2, CLOCK_TOP), (CLOCK_W, CLOCK_H), DARK)

    hue = source * 2.4  # radians, the golden angle: neighbours differ most
    chroma = np.empty((height // 2, width), np.uint8)
    planes = chroma.reshape(2, -1)
    planes[0], planes[1] = 128 + 24 * np.cos(hue), 128 + 24 * np.sin(hue)
    return scene, disc, radius <= DISC_RADIUS * u, chroma


def _unit(width: int, height: int) -> float:
    return min(height, width * 9 / 16)


def _aspect(width: int, height: int) -> int:
    for place, aspect in enumerate(ASPECTS):
        if abs(width / height / aspect - 1) < 0.005:
            return place
    raise ValueError(f"a card of {width}x{height} pixels has no known shape")


def _fill(
    plane: Luma, width: int, height: int, u: float, corner: tuple[float, float], size: tuple[float, float], value: int
) -> None:
    """Fill a rectangle given in u from the centre; pixels covered in part are mixed, so that edges lie exactly."""
    left, top = width / 2 + corner[0] * u, height / 2 + corner[1] * u
    columns, share_x = _cover(left, left + size[0] * u)
    rows, share_y = _cover(top, top + size[1] * u)
    patch = plane[rows, columns]
    patch[:] = patch + (value - patch.astype(np.float32)) * share_y[:, None] * share_x + 0.5


def _cover(low: float, high: float) -> tuple[slice, NDArray[np.float32]]:
    """The pixels that low ... high touches, and how much of each it covers."""
    first, last = int(np.floor(low)), int(np.ceil(high))
    share = np.ones(last - first, np.float32)
    share[0] -= low - first
    share[-1] -= last - high
    return slice(first, last), share


def _bits(source: int, number: int, aspect: int) -> list[bool]:
    word = source << 20 | number << 4 | aspect
    word = word << 8 | _check(word)
    return [bool(word >> place & 1) for place in reversed(range(ROWS * COLUMNS))]


def _check(word: int) -> int:
    """CRC-8 (x^8 + x^2 + x + 1, started at 0xFF so that an all-black strip is no card) of 28 bits."""
    crc = 0xFF
    for place in reversed(range(28)):
        crc = (crc << 1) ^ (0x07 if (crc >> 7 ^ word >> place) & 1 else 0)
    return crc & 0xFF


def _read(luma: Luma, strip: Strip) -> Reading | None:
    unit_x, unit_y = (strip.right - strip.left) / STRIP_W, (strip.bottom - strip.top) / STRIP_H
    spread = np.linspace(-0.25, 0.25, 5)
    centres = strip.cells()
    x = (centres[:, 0, None, None] + spread[None, None, :] * CELL_W * unit_x).astype(np.intp)
    y = (centres[:, 1, None, None] + spread[None, :, None] * CELL_H * unit_y).astype(np.intp)
    if x.min() < 0 or y.min() < 0 or x.max() >= luma.shape[1] or y.max() >= luma.shape[0]:
        return None
    values = luma[y, x].mean(axis=(1, 2))
    middle = (BLACK + WHITE) / 2
    if np.abs(values - middle).min() < 25:  # of 110: too blurred to be believed
        return None
    word = 0
    for bit in values > middle:
        word = word << 1 | int(bit)
    word, check = word >> 8, word & 0xFF
    if check != _check(word) or word & 15 >= len(ASPECTS):
        return None
    aspect = ASPECTS[word & 15]
    width = unit_x * max(aspect, 16 / 9)
    height = unit_y * max(aspect, 16 / 9) / aspect
    left, top = (strip.left + strip.right - width) / 2, (strip.top + strip.bottom - height) / 2
    return Reading(word >> 20, word >> 4 & 0xFFFF, left, top, width, height, unit_x / unit_y)


def _edge(patch: Luma, axis: int, near: int, reach: int, *, rising: bool) -> float | None:
    """Where the mean brightness along `axis` crosses the middle of its range, within `reach` pixels of `near`."""
    first = max(0, near - reach)
    part = patch[first : near + reach] if axis == 0 else patch[:, first : near + reach]
    profile = part.mean(axis=1 - axis)
    if len(profile) < 2 or profile.max() - profile.min() < 60:
        return None
    above = profile >= (profile.max() + profile.min()) / 2
    crossings = np.flatnonzero(above[1:] & ~above[:-1] if rising else above[:-1] & ~above[1:])
    if crossings.size == 0:
        return None
    at = int(crossings[0] if rising else crossings[-1])
    share = ((profile.max() + profile.min()) / 2 - profile[at]) / (profile[at + 1] - profile[at])
    return first + at + 0.5 + float(share)


def _sample(luma: Luma, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Brightness at places between pixels (bilinear), or None when one lies outside."""
    x, y = x - 0.5, y - 0.5
    column, row = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    if column.min() < 0 or row.min() < 0 or column.max() + 1 >= luma.shape[1] or row.max() + 1 >= luma.shape[0]:
        return None
    right, down = x - column, y - row
    upper = luma[row, column] * (1 - right) + luma[row, column + 1] * right
    lower = luma[row + 1, column] * (1 - right) + luma[row + 1, column + 1] * right
    result: NDArray[np.float64] = upper * (1 - down) + lower * down
    return result
