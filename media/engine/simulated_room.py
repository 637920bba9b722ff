"""A drawn meeting room with a person who speaks and a wall clock that goes: the far side of a demonstration.

The corners stay empty: there the page writes names and times.
"""

from __future__ import annotations

import math
from datetime import datetime
from functools import lru_cache

import cv2
import numpy as np

Colour = tuple[int, int, int]
"""Blue, green, red."""

WALL: Colour = (206, 214, 218)
WALL_LOW: Colour = (176, 190, 196)
WOOD: Colour = (84, 116, 150)
WOOD_EDGE: Colour = (62, 88, 118)
SKY: Colour = (232, 206, 170)
HOUSE: Colour = (170, 160, 150)
FRAME: Colour = (120, 104, 92)
JACKET: Colour = (110, 78, 52)
SHIRT: Colour = (240, 240, 238)
SKIN: Colour = (150, 182, 222)
HAIR: Colour = (36, 32, 34)
INK: Colour = (54, 46, 42)
PAPER: Colour = (246, 248, 248)
RED: Colour = (60, 52, 196)


def draw_room(width: int, height: int, now: datetime, opening: float, caption: str) -> np.ndarray:
    """The room at `now` (its local time) as I420, uint8, (height * 3 // 2, width); `opening` of the mouth 0 ... 1."""
    canvas = _still(width, height, caption).copy()
    unit = min(width, height) / 100
    moment_s = now.second + now.microsecond / 1e6
    _clock(canvas, (width * 0.80, height * 0.31), 13 * unit, now, moment_s)
    _person(canvas, (width * 0.47, height * 0.52), unit, moment_s, opening)
    _table(canvas)
    _time(canvas, now, unit)
    return np.asarray(cv2.cvtColor(canvas, cv2.COLOR_BGR2YUV_I420), np.uint8)


@lru_cache(maxsize=4)
def _still(width: int, height: int, caption: str) -> np.ndarray:
    unit = min(width, height) / 100
    shade = np.linspace(0.0, 1.0, height)[:, None, None]
    wall = np.array(WALL) * (1 - shade) + np.array(WALL_LOW) * shade
    canvas = np.ascontiguousarray(np.broadcast_to(wall, (height, width, 3)).astype(np.uint8))
    left, top, right, bottom = int(width * 0.06), int(height * 0.16), int(width * 0.30), int(height * 0.52)
    cv2.rectangle(canvas, (left, top), (right, bottom), SKY, -1)
    for share, tall in ((0.02, 0.10), (0.26, 0.17), (0.47, 0.07), (0.68, 0.22), (0.88, 0.12)):
        x = left + int((right - left) * share)
        cv2.rectangle(canvas, (x, bottom - int(height * tall)), (min(right, x + int(5 * unit)), bottom), HOUSE, -1)
    cv2.rectangle(canvas, (left, top), (right, bottom), FRAME, max(2, int(1.2 * unit)))
    cv2.line(canvas, ((left + right) // 2, top), ((left + right) // 2, bottom), FRAME, max(1, int(0.8 * unit)))
    face = cv2.FontFace("sans")
    cv2.putText(canvas, caption, (left, int(height * 0.60)), INK, face, max(9, int(4 * unit)), 400)
    return canvas


def _clock(canvas: np.ndarray, centre: tuple[float, float], radius: float, now: datetime, moment_s: float) -> None:
    _disc(canvas, centre, radius, PAPER)
    cv2.circle(canvas, _px(centre), int(radius), INK, max(2, int(radius * 0.08)), cv2.LINE_AA)
    for hour in range(12):
        _hand(canvas, centre, hour / 12, radius * 0.78, radius * 0.9, INK, radius * (0.05 if hour % 3 else 0.09))
    minute = now.minute + moment_s / 60
    _hand(canvas, centre, (now.hour % 12 + minute / 60) / 12, -radius * 0.1, radius * 0.5, INK, radius * 0.1)
    _hand(canvas, centre, minute / 60, -radius * 0.1, radius * 0.75, INK, radius * 0.07)
    _hand(canvas, centre, moment_s / 60, -radius * 0.2, radius * 0.82, RED, radius * 0.035)


def _hand(
    canvas: np.ndarray,
    centre: tuple[float, float],
    turn: float,
    start: float,
    end: float,
    colour: Colour,
    thickness: float,
) -> None:
    x, y = math.sin(2 * math.pi * turn), -math.cos(2 * math.pi * turn)
    from_px = _px((centre[0] + x * start, centre[1] + y * start))
    to_px = _px((centre[0] + x * end, centre[1] + y * end))
    cv2.line(canvas, from_px, to_px, colour, max(1, int(thickness)), cv2.LINE_AA)


def _person(canvas: np.ndarray, centre: tuple[float, float], unit: float, moment_s: float, opening: float) -> None:
    sway = 0.8 * math.sin(2 * math.pi * moment_s / 6) + 0.8 * opening * math.sin(2 * math.pi * moment_s * 1.5)
    x, y = centre[0] + sway * unit, centre[1] + 0.5 * unit * math.sin(2 * math.pi * moment_s / 4)
    _oval(canvas, (centre[0], y + 40 * unit), (27 * unit, 26 * unit), JACKET)
    collar = np.array([_px((x + dx * unit, y + dy * unit)) for dx, dy in ((-7, 14), (7, 14), (0, 34))], np.int32)
    cv2.fillPoly(canvas, [collar], SHIRT, cv2.LINE_AA)
    _oval(canvas, (x, y + 13 * unit), (5 * unit, 7 * unit), SKIN)
    _oval(canvas, (x, y - 4 * unit), (14 * unit, 17 * unit), HAIR)
    _oval(canvas, (x, y), (11.5 * unit, 14.5 * unit), SKIN)
    _oval(canvas, (x, y - 12.5 * unit), (10.5 * unit, 5 * unit), HAIR)
    lid = 0.15 if moment_s % 4 < 0.15 else 1.0
    for side in (-1, 1):
        _oval(canvas, (x + side * 4.6 * unit, y - 1.5 * unit), (1.3 * unit, 1.4 * unit * lid), INK)
        _oval(canvas, (x + side * 4.6 * unit, y - 5 * unit), (2.2 * unit, 0.5 * unit), HAIR)
    _oval(canvas, (x, y + 7.5 * unit), (3.0 * unit, (0.5 + 2.6 * opening) * unit), (70, 60, 140))


def _table(canvas: np.ndarray) -> None:
    height, width = canvas.shape[:2]
    cv2.rectangle(canvas, (0, int(height * 0.84)), (width, height), WOOD, -1)
    cv2.rectangle(canvas, (0, int(height * 0.84)), (width, int(height * 0.86)), WOOD_EDGE, -1)


def _time(canvas: np.ndarray, now: datetime, unit: float) -> None:
    height, width = canvas.shape[:2]
    size = max(12, int(7 * unit))
    place = (int(width * 0.80 - size * 2.15), int(height * 0.55))
    cv2.putText(canvas, f"{now:%H:%M:%S}", place, INK, cv2.FontFace("sans"), size, 600)


def _oval(canvas: np.ndarray, centre: tuple[float, float], radii: tuple[float, float], colour: Colour) -> None:
    cv2.ellipse(canvas, _px(centre), (max(1, int(radii[0])), max(1, int(radii[1]))), 0, 0, 360, colour, -1, cv2.LINE_AA)


def _disc(canvas: np.ndarray, centre: tuple[float, float], radius: float, colour: Colour) -> None:
    cv2.circle(canvas, _px(centre), int(radius), colour, -1, cv2.LINE_AA)


def _px(place: tuple[float, float]) -> tuple[int, int]:
    return round(place[0]), round(place[1])
