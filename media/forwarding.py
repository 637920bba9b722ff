"""Whether a picture may go to a viewer as it is, or must be made for it."""

from __future__ import annotations


def forwardable(size: tuple[int, int], screen: tuple[int, int], *, exact: bool) -> bool:
    """Whether a picture of `size` fits on `screen` (both width and height in pixels) without being made anew.

    A page crops, letterboxes and enlarges for nothing; a display without one (`exact`) cannot. A picture larger than
    the screen would cost the viewer's line and decoder what nobody sees. Whether the viewer can decode it is another
    question (`media.engine.screen`).
    """
    if not all(size):
        return False
    return size == screen if exact else size[0] <= screen[0] and size[1] <= screen[1]
