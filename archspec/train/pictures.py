"""Two pictures of a run: how it went, and what the model sees in images that it was not trained on."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import BoundaryNorm, ListedColormap, to_rgba
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from archspec.train.metrics import mean_iou
from archspec.train.targets import confusion, predict

if TYPE_CHECKING:
    from archspec.train.loop import Loop

_TRAIN, _EVAL, _RIGHT, _WRONG = "#7a8794", "#1f6feb", "#2b2f33", "#d1242f"
_TITLES = {"mean_iou": "mean IoU"}
_DPI = 120
_MOST_LOOKED_AT = 2_000
_GRID = (4, 8)
_ROWS_OF_MASKS = 6


def draw_curves(loop: Loop) -> None:
    """`curves.png`: loss and metrics by epoch, for the training and the evaluation data, the best epoch marked."""
    names = ("loss", *(metric.name for metric in loop.metrics))
    figure = Figure(figsize=(5.2 * len(names), 3.8), layout="constrained")
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        _curve(axes, loop, name)
    _save(loop, "curves.png", figure)


def _curve(axes: Axes, loop: Loop, name: str) -> None:
    unit = loop.recipe.eval_interval
    epochs = [row[unit] for row in loop.history]
    marker = "o" if len(epochs) < 4 else None
    for phase, colour in (("train", _TRAIN), ("eval", _EVAL)):
        values = [row[f"{phase}_{name}"] for row in loop.history]
        axes.plot(epochs, values, color=colour, linewidth=1.8, label=phase, marker=marker, markersize=4)
    assert loop.best_row is not None
    best = loop.best_row[f"eval_{name}"]
    label = f"best {unit}: {best:.3f}"
    axes.plot(loop.best_row[unit], best, "o", color=_EVAL, markersize=7, markeredgecolor="white", label=label)
    axes.set_title(_TITLES.get(name, name), loc="left", fontweight="bold")
    axes.set_xlabel(unit)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.margins(y=0.12)
    if name == "loss":
        axes.set_ylim(bottom=min(0, axes.get_ylim()[0]) if best < 0 else 0)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)


def draw_predictions(loop: Loop) -> None:
    """`predictions.png`: evaluation images with their true and predicted labels or masks."""
    if loop.data.preparation is None or loop.data.task not in ("classification", "segmentation"):
        return
    if loop.data.task == "classification":
        _save(loop, "predictions.png", _labelled(loop))
    else:
        _save(loop, "predictions.png", _masks(loop))


def _labelled(loop: Loop) -> Figure:
    """A grid of images: wrong ones first (at most half of it), in red, then others, evenly taken."""
    labels, predicted = _predictions(loop)
    wrong = (labels != predicted).nonzero().flatten().tolist()
    right = (labels == predicted).nonzero().flatten().tolist()
    places = math.prod(_GRID)
    shown = wrong[: max(places // 2, places - len(right))]
    shown = shown[:places] + _evenly(right, places - len(shown))
    columns = min(_GRID[1], len(shown))
    rows = math.ceil(len(shown) / columns)
    figure = Figure(figsize=(1.25 * columns, 1.42 * rows + 0.45), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).flatten()
    for axes in grid:
        axes.set_axis_off()
    images = _images(loop, shown)
    for axes, index, image in zip(grid, shown, images, strict=False):
        _show(axes, image)
        true, said = (_name(loop.data.classes[int(values[index])]) for values in (labels, predicted))
        is_wrong = labels[index] != predicted[index]
        text = f"{said}, not {true}" if is_wrong else said
        axes.set_title(text, fontsize=9, color=_WRONG if is_wrong else _RIGHT, pad=3)
        if is_wrong:
            _frame(axes)
    told = f"{_count(wrong, shown)} wrong ones in red" if wrong else "none wrong"
    _headline(figure, f"{loop.data.name}: {len(right)} of {len(labels)} evaluation images right, {told}")
    return figure


def _masks(loop: Loop) -> Figure:
    """Image, true mask, predicted mask; from the worst image to the best, evenly taken."""
    labels, predicted = _predictions(loop)
    classes = len(loop.data.classes)
    scores = [mean_iou(confusion(label, said, classes)) for label, said in zip(labels, predicted, strict=True)]
    shown = _evenly(sorted(range(len(scores)), key=scores.__getitem__), 2 * _ROWS_OF_MASKS)
    pairs = math.ceil(len(shown) / 2)
    columns = 3 if len(shown) == 1 else 6
    figure = Figure(figsize=(1.6 * columns, 1.75 * pairs + 0.7), layout="constrained")
    grid = figure.subplots(pairs, columns, squeeze=False)
    colours, norm = _colours(classes)
    for place, (index, image) in enumerate(zip(shown, _images(loop, shown), strict=True)):
        axes = grid[place % pairs][3 * (place // pairs) :][:3]
        _show(axes[0], image)
        axes[1].imshow(labels[index].numpy(), cmap=colours, norm=norm, interpolation="nearest")
        said = colours(norm(predicted[index].numpy()))
        if classes == 2:
            said[(predicted[index] != labels[index]).numpy()] = to_rgba(_WRONG)
        axes[2].imshow(said, interpolation="nearest")
        for each, title in zip(axes, ("image", "true", f"predicted, IoU {scores[index]:.2f}"), strict=True):
            each.set_title(title, fontsize=8, color=_RIGHT, pad=3)
    for axes in grid.flatten():
        axes.set_axis_off()
    overall = mean_iou(confusion(labels, predicted, classes))
    told = "from worst to best" + (", wrong pixels in red" if classes == 2 else "")
    _headline(figure, f"{loop.data.name}: mean IoU {overall:.3f} on {len(labels)} evaluation images, {told}")
    return figure


@torch.no_grad()
def _predictions(loop: Loop) -> tuple[Tensor, Tensor]:
    """True and predicted classes of the (first) evaluation images, on the CPU."""
    loop.model.eval()
    main = loop.learner.objective.main
    indices = torch.arange(min(len(loop.data.eval), _MOST_LOOKED_AT))
    found = [
        (batch.target.cpu(), predict(main.name, main.at(loop.model(*batch.inputs))).cpu())
        for batch in loop.data.eval.batches(indices, loop.recipe.batch_size, 0, loop.device)
    ]
    return torch.cat([labels for labels, _ in found]), torch.cat([predicted for _, predicted in found])


def _images(loop: Loop, indices: Sequence[int]) -> Tensor:
    """These evaluation images as pictures: [n, C, H, W] in [0, 1]."""
    assert loop.data.preparation is not None
    batches = loop.data.eval.batches(torch.tensor(indices), loop.recipe.batch_size, 0, torch.device("cpu"))
    return torch.cat([loop.data.preparation.shown(batch.inputs[0]) for batch in batches])


def _evenly(values: Sequence[int], count: int) -> list[int]:
    """`count` of the values, from the first to the last."""
    if len(values) <= count:
        return list(values)
    return [values[round(place * (len(values) - 1) / max(1, count - 1))] for place in range(count)]


def _show(axes: Axes, image: Tensor) -> None:
    if image.shape[0] == 1:
        axes.imshow(image[0].numpy(), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    else:
        axes.imshow(image.movedim(0, -1).numpy(), interpolation="nearest")


def _frame(axes: Axes) -> None:
    axes.set_axis_on()
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(color=_WRONG, linewidth=2)


def _count(wrong: Sequence[int], shown: Sequence[int]) -> str:
    """`all 5`, or `16 of the 40`."""
    visible = len(set(wrong) & set(shown))
    return f"all {visible}" if visible == len(wrong) else f"{visible} of the {len(wrong)}"


def _name(name: str) -> str:
    return name if len(name) <= 14 else name[:13] + "…"


def _colours(classes: int) -> tuple[Any, Any]:
    """Black for class 0, white for a single other one, else a hue for each."""
    others = ["white"] if classes == 2 else [colormaps["hsv"](place / (classes - 1)) for place in range(classes - 1)]
    return ListedColormap(["black", *others]), BoundaryNorm([place - 0.5 for place in range(classes + 1)], classes)


def _headline(figure: Figure, text: str) -> None:
    figure.suptitle(text, x=0.01, ha="left", fontsize=11, fontweight="bold", color=_RIGHT)


def _save(loop: Loop, name: str, figure: Figure) -> None:
    FigureCanvasAgg(figure)
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=_DPI)
    loop.folder.write(name, png.getvalue())
