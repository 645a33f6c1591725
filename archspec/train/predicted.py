"""A picture of predictions: each image with what is said of it, masks laid over."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from archspec.errors import clip, printable
from archspec.train.palette import palette
from archspec.train.pictures import key, png_of
from archspec.train.predict import Prediction

_MOST, _COLUMNS = 48, 6
_OPACITY = 0.55
_OVERLAY_OF_TWO = (0x1F, 0x6F, 0xEB)
_MOST_NAMED = 12


def draw_predicted(found: Sequence[Prediction], classes: Sequence[str]) -> bytes:
    """The first of the pictures under their names, as PNG.

    Args:
        found: what was said.
        classes: names in the order of their indices, for the colours of masks.
    """
    shown = found[:_MOST]
    columns = min(_COLUMNS, len(shown))
    rows = math.ceil(len(shown) / columns)
    figure = Figure(figsize=(max(2.1 * columns, 3.2), 2.5 * rows + 0.3), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).flatten()
    for axes in grid:
        axes.set_axis_off()
    colours = overlay_colours(len(classes))
    present: set[int] = set()
    for axes, each in zip(grid, shown, strict=False):
        _show(axes, each, colours)
        if each.mask is not None:
            present |= set(each.mask.flatten().tolist())
    key(figure, classes, sorted(present - {0})[:_MOST_NAMED], colours.tolist())
    return png_of(figure)


def overlay_colours(classes: int) -> np.ndarray:
    """RGB of each class, uint8 [classes, 3]; that of class 0 is not laid over anything."""
    colours = np.array(palette(classes), dtype=np.uint8)
    if classes == 2:
        colours[1] = _OVERLAY_OF_TWO
    return colours


def overlaid(picture: Tensor, mask: Tensor, colours: np.ndarray) -> np.ndarray:
    """A picture [C, H, W] in [0, 1] with the colours of its mask [H, W] over it, float [H, W, 3]; class 0 stays."""
    pixels = picture.expand(3, *picture.shape[1:]).movedim(0, -1).numpy()
    opacity = np.where(mask.numpy()[..., None] > 0, _OPACITY, 0.0)
    laid: np.ndarray = (1 - opacity) * pixels + opacity * colours[mask.numpy()] / 255
    return laid


def _show(axes: Axes, each: Prediction, colours: np.ndarray) -> None:
    smooth = "nearest" if max(each.picture.shape[1:]) <= 64 else "antialiased"
    if each.mask is not None:
        axes.imshow(overlaid(each.picture, each.mask, colours), interpolation=smooth)
    elif each.picture.shape[0] == 1:
        axes.imshow(each.picture[0].numpy(), cmap="gray", vmin=0, vmax=1, interpolation=smooth)
    else:
        axes.imshow(each.picture.movedim(0, -1).numpy(), interpolation=smooth)
    file = _name(each.path.replace("\\", "/").rpartition("/")[2])
    name, share = each.classes[0]
    text = file if each.mask is not None else f"{_name(name)} {share:.0%}\n{file}"
    axes.set_title(text, fontsize=8, pad=3, parse_math=False)


def _name(name: str) -> str:
    return clip(printable(name), 24)
