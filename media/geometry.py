"""How a picture of one shape comes onto a screen of another: cropped (fill) or letterboxed (fit), never stretched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Framing = Literal["fill", "fit"]


@dataclass(frozen=True, slots=True)
class Placement:
    """Crop the source, scale the crop, put it onto a black target. Pixels; everything is even for 4:2:0 colour."""

    crop_left: int
    crop_top: int
    crop_width: int
    crop_height: int
    scaled_width: int
    scaled_height: int
    pad_left: int
    pad_top: int
    target_width: int
    target_height: int

    @property
    def fills(self) -> bool:
        """Whether the scaled picture covers the whole target."""
        return (self.scaled_width, self.scaled_height) == (self.target_width, self.target_height)


def plan(source_w: int, source_h: int, target_w: int, target_h: int, framing: str) -> Placement:
    """Place a picture of source_w x source_h pixels on a target of target_w x target_h, centred.

    `fill` crops what does not fit, `fit` leaves black bars. Sides of an odd source lose their last pixel. Content keeps
    its shape within 0.5 % where the result is 200 pixels or more. Raises ValueError for a size below 2 pixels, an odd
    target, or another framing.
    """
    if min(source_w, source_h, target_w, target_h) < 2:
        raise ValueError(f"no picture of {source_w}x{source_h} on {target_w}x{target_h}: 2 pixels at least")
    if target_w % 2 or target_h % 2:
        raise ValueError(f"the target must have even sides, not {target_w}x{target_h}")
    width, height = source_w - source_w % 2, source_h - source_h % 2
    wider = width * target_h > height * target_w
    if framing == "fill":
        crop_w, crop_h = width, height
        if wider:
            crop_w = _even(height * target_w / target_h, width)
        else:
            crop_h = _even(width * target_h / target_w, height)
        left, top = _margin(width - crop_w), _margin(height - crop_h)
        return Placement(left, top, crop_w, crop_h, target_w, target_h, 0, 0, target_w, target_h)
    if framing == "fit":
        scaled_w, scaled_h = target_w, target_h
        if wider:
            scaled_h = _even(target_w * height / width, target_h)
        else:
            scaled_w = _even(target_h * width / height, target_w)
        left, top = _margin(target_w - scaled_w), _margin(target_h - scaled_h)
        return Placement(0, 0, width, height, scaled_w, scaled_h, left, top, target_w, target_h)
    raise ValueError(f"framing is fill or fit, not {framing}")


def _even(length: float, most: int) -> int:
    return min(most, max(2, 2 * round(length / 2)))


def _margin(rest: int) -> int:
    return rest // 4 * 2
