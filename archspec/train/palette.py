"""A colour for each class of a mask."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence

Colour = tuple[int, int, int]

WRONG: Colour = (0xD1, 0x24, 0x2F)
UNKNOWN: Colour = (0x80, 0x80, 0x80)
"""Of pixels without a label."""
_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)
_GOLDEN = 0.618034


def palette(classes: int) -> list[Colour]:
    """Black for class 0, white for a single other one, else a hue for each, neighbours far apart."""
    if classes == 2:
        return [_BLACK, _WHITE]
    return [_BLACK, *(_hue(place) for place in range(classes - 1))]


def hexadecimal(colour: Sequence[int]) -> str:
    """As HTML and matplotlib write it: `#d1242f`."""
    return "#" + "".join(f"{part:02x}" for part in colour)


def _hue(place: int) -> Colour:
    bright = (1.0, 0.72, 0.86)[place % 3]
    red, green, blue = colorsys.hsv_to_rgb((place * _GOLDEN) % 1, 0.85 if place % 2 else 0.65, bright)
    return round(255 * red), round(255 * green), round(255 * blue)
