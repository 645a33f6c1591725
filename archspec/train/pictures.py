"""Pictures of a run as files: how it went, which class is taken for which, and what the model sees."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from PIL import Image

from archspec.errors import clip, printable
from archspec.train.account.account import Account
from archspec.train.findings import Example, Findings
from archspec.train.palette import hexadecimal, palette
from archspec.train.report.names import said, unit_of

_TRAIN, _EVAL, _RIGHT, _WRONG = "#7a8794", "#1f6feb", "#2b2f33", "#d1242f"
_DPI = 120
_COLUMNS = 8
_NAMED_CELLS, _NAMED_CLASSES, _COLOURED = 16, 40, 12


def draw_curves(account: Account) -> bytes:
    """Loss and metrics by epoch, for the training and the evaluation data, the best one marked; as PNG."""
    names = [name.removeprefix("eval_") for name in account.history[0] if name.startswith("eval_")]
    columns = min(3, len(names))
    rows = math.ceil(len(names) / columns)
    figure = Figure(figsize=(5.2 * columns, 3.8 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).flatten()
    for axes in grid[len(names) :]:
        axes.set_axis_off()
    for axes, name in zip(grid, names, strict=False):
        _curve(axes, account, name)
    return png_of(figure)


def _curve(axes: Axes, account: Account, name: str) -> None:
    unit, history = unit_of(account), account.history
    xs = [row[unit] for row in history]
    marker = "o" if len(xs) < 4 else None
    for phase, colour, style in (("train", _TRAIN, "--"), ("eval", _EVAL, "-")):
        values = [row.get(f"{phase}_{name}", math.nan) for row in history]
        axes.plot(xs, values, color=colour, linewidth=1.8, linestyle=style, label=phase, marker=marker, markersize=4)
    best = account.best
    if best is not None:
        value = best.get(f"eval_{name}", math.nan)
        label = f"best {unit}: {value:.3f}"
        axes.plot(best[unit], value, "o", color=_EVAL, markersize=7, markeredgecolor="white", label=label)
    axes.set_title(said(name), loc="left", fontweight="bold", parse_math=False)
    axes.set_xlabel(unit)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.margins(y=0.12)
    low, _ = axes.get_ylim()
    if name == "loss" and all(row[f"eval_{name}"] >= 0 for row in history):
        axes.set_ylim(bottom=max(0, min(0, low)))
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)


def draw_confusion(findings: Findings) -> bytes:
    """Which class (row) is taken for which (column), as PNG; shades are shares of the row."""
    matrix = np.array(findings.matrix, dtype=np.float64)
    parts = matrix / np.maximum(1, matrix.sum(1, keepdims=True))
    classes = len(findings.classes)
    size = min(9.0, 2.8 + 0.38 * classes)
    figure = Figure(figsize=(size + 0.6, size), layout="constrained")
    axes = figure.subplots()
    axes.imshow(parts, cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
    if classes <= _NAMED_CELLS:
        for row, column in np.ndindex(classes, classes):
            if matrix[row, column]:
                colour = "white" if parts[row, column] > 0.55 else _RIGHT
                count = _count(int(matrix[row, column]))
                axes.text(column, row, count, ha="center", va="center", fontsize=8, color=colour)
    if classes <= _NAMED_CLASSES:
        names = [_name(name) for name in findings.classes]
        axes.set_xticks(range(classes), names, fontsize=8, parse_math=False)
        if max(map(len, names)) > 2:
            for label in axes.get_xticklabels():
                label.set(rotation=45, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(classes), names, fontsize=8, parse_math=False)
    axes.set_xlabel("said")
    axes.set_ylabel("true")
    of = "pixels of " if findings.task == "segmentation" else ""
    axes.set_title(f"{of}{findings.count:,} evaluation samples", loc="left", fontsize=11, fontweight="bold")
    return png_of(figure)


def draw_predictions(findings: Findings, name: str) -> bytes:
    """Examples of evaluation images with their true and predicted labels or masks, as PNG."""
    if any(each.masks for each in findings.examples):
        return png_of(_masks(findings, name))
    return png_of(_labelled(findings, name))


def _labelled(findings: Findings, name: str) -> Figure:
    """A grid of images, wrong ones first, in red."""
    shown = findings.examples
    columns = min(_COLUMNS, len(shown))
    rows = math.ceil(len(shown) / columns)
    figure = Figure(figsize=(1.25 * max(columns, 3), 1.42 * rows + 0.45), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).flatten()
    for axes in grid:
        axes.set_axis_off()
    for axes, each in zip(grid, shown, strict=False):
        text = _name(each.said) if each.is_right else f"{_name(each.said)}, not {_name(each.true)}"
        show_example(axes, each, text)
    right = sum(row[index] for index, row in enumerate(findings.matrix))
    wrong, seen = findings.count - right, sum(not each.is_right for each in shown)
    told = "none wrong" if not wrong else f"{'all' if seen == wrong else 'the surest'} {seen} wrong ones in red"
    headline(figure, f"{clip(name, 40)}: {right} of {findings.count} evaluation images right, {told}")
    return figure


def show_example(axes: Axes, example: Example, text: str) -> None:
    """An image under its text; in red where it is wrong."""
    show(axes, example.picture)
    axes.set_title(
        text, fontsize=9 if len(text) < 16 else 7, color=_RIGHT if example.is_right else _WRONG, pad=3, parse_math=False
    )
    if not example.is_right:
        axes.set_axis_on()
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set(color=_WRONG, linewidth=2)


def _masks(findings: Findings, name: str) -> Figure:
    """Image, true mask, predicted mask; from the worst image to the best."""
    shown = findings.examples
    pairs = math.ceil(len(shown) / 2)
    columns = 3 if len(shown) == 1 else 6
    figure = Figure(figsize=(1.6 * columns, 1.75 * pairs + 0.7), layout="constrained")
    grid = figure.subplots(pairs, columns, squeeze=False)
    for axes in grid.flatten():
        axes.set_axis_off()
    for place, each in enumerate(shown):
        assert each.masks is not None
        axes = grid[place % pairs][3 * (place // pairs) :][:3]
        titles = ("image", "true", f"predicted, IoU {each.share:.2f}")
        for part, png, title in zip(axes, (each.picture, *each.masks), titles, strict=True):
            show(part, png)
            part.set_title(title, fontsize=8, color=_RIGHT, pad=3)
    told = "from worst to best" + (", wrong pixels in red" if len(findings.classes) == 2 else "")
    iou = f"mean IoU {findings.figures['mean_iou']:.3f} on " if "mean_iou" in findings.figures else ""
    headline(figure, f"{clip(name, 40)}: {iou}{findings.count} evaluation images, {told}")
    key(figure, findings.classes, findings.met(_COLOURED), palette(len(findings.classes)))
    return figure


def key(figure: Figure, classes: Sequence[str], shown: Sequence[int], colours: Sequence[Sequence[int]]) -> None:
    """Below a figure with masks, what their colours mean.

    Args:
        figure: it.
        classes: all names.
        shown: the indices of those that are in the figure.
        colours: RGB of each class.
    """
    patches = [
        Patch(facecolor=hexadecimal(colours[index]), edgecolor=_TRAIN, label=_name(classes[index])) for index in shown
    ]
    if patches:
        legend = figure.legend(handles=patches, loc="outside lower center", ncols=min(6, len(patches)), frameon=False)
        for text in legend.get_texts():
            text.set(fontsize=8, parse_math=False)


def show(axes: Axes, png: bytes) -> None:
    """An encoded picture."""
    with Image.open(io.BytesIO(png)) as image:
        pixels = np.asarray(image)
    smooth = "nearest" if max(pixels.shape[:2]) <= 64 else "antialiased"
    if pixels.ndim == 2:
        axes.imshow(pixels, cmap="gray", vmin=0, vmax=255, interpolation=smooth)
    else:
        axes.imshow(pixels, interpolation=smooth)


def _count(number: int) -> str:
    """As short as a cell wants it."""
    return f"{number:,}" if number < 10_000 else f"{number / 1000:.0f}k" if number < 10_000_000 else f"{number:.1e}"


def _name(name: str) -> str:
    return clip(printable(name), 14)


def headline(figure: Figure, text: str) -> None:
    """A title at the left."""
    figure.suptitle(printable(text), x=0.01, ha="left", fontsize=11, fontweight="bold", color=_RIGHT, parse_math=False)


def png_of(figure: Figure) -> bytes:
    """A figure as a file."""
    FigureCanvasAgg(figure)
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=_DPI)
    return png.getvalue()
