"""What is measured besides the loss: of a confusion matrix, or of sums over the samples, so exact over any batches."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from archspec.spec.recipe import LOSS_TARGETS, Named, Recipe
from archspec.train.targets import IGNORED, border, classes_second

LOSS = "loss"
MOST_CONFUSED = 4096
"""Classes of which a confusion matrix is kept."""


@dataclass(frozen=True, slots=True)
class Metric:
    """Attributes:
    name: of its columns in `metrics.csv`, after `train_` and `eval_`.
    mode: whether more is better or less.
    of_confusion: its value, from how often each class (row) was taken for each (column), int64 [C, C]; None where it
        is one of sums.
    sums: what a batch adds to it, [k], from the main output and its target.
    of_sums: its value, from these added up, float [k].
    """

    name: str
    mode: Literal["max", "min"] = "max"
    of_confusion: Callable[[Tensor], float] | None = None
    sums: Callable[[Tensor, Tensor], Tensor] | None = None
    of_sums: Callable[[Tensor], float] | None = None


def accuracy(confusion: Tensor) -> float:
    """The share of samples (or pixels) on the diagonal; 0 of none is 0."""
    return float(confusion.diagonal().sum() / confusion.sum().clamp_min(1))


def mean_iou(confusion: Tensor) -> float:
    """Intersection over union per class, averaged over the classes that occur or are predicted."""
    intersection = confusion.diagonal()
    return _mean(intersection, confusion.sum(0) + confusion.sum(1) - intersection)


def dice(confusion: Tensor) -> float:
    """2·TP / (2·TP + FP + FN) per class (its F1), averaged over the classes that occur or are predicted."""
    return _mean(2 * confusion.diagonal(), confusion.sum(0) + confusion.sum(1))


def _mean(part: Tensor, whole: Tensor) -> float:
    occurs = whole > 0
    return float((part[occurs] / whole[occurs]).mean()) if bool(occurs.any()) else 0.0


def _in_top(k: int, output: Tensor, target: Tensor) -> Tensor:
    """How many labels are among the k largest channels, and how many there are."""
    output = classes_second(output, target)
    best = output.topk(min(k, output.shape[1]), dim=1).indices
    known = target != IGNORED
    found = (best == target.unsqueeze(1)).any(1) & known
    return torch.stack([found.sum(), known.sum()])


def _errors(power: int, output: Tensor, target: Tensor) -> Tensor:
    """The sum of |output − target|^power, and how many numbers there are."""
    error = (output.reshape(-1) - target.reshape(-1)).abs() ** power
    return torch.stack([_wide(error).sum(), error.new_tensor(error.numel(), dtype=_wide(error).dtype)])


def _right(limit: float, output: Tensor, target: Tensor) -> Tensor:
    """Of how many classes it is said right whether a sample has them, and how many there are."""
    right = (output > limit) == (target.reshape(output.shape) > 0.5)
    return torch.stack([right.sum(), right.new_tensor(right.numel(), dtype=torch.int64)])


def _surprise(output: Tensor, target: Tensor) -> Tensor:
    """The sum of −log p of each label under the softmax of the output, and how many labels there are."""
    output = _wide(classes_second(output, target))
    loss = functional.cross_entropy(output, target, ignore_index=IGNORED, reduction="sum")
    return torch.stack([loss, (target != IGNORED).sum().to(loss.dtype)])


def _wide(tensor: Tensor) -> Tensor:
    """In numbers in which a sum over many samples keeps its digits, where the device has them."""
    return tensor.float() if tensor.device.type == "mps" else tensor.double()


def _ratio(sums: Tensor) -> float:
    return float(sums[0] / sums[1]) if float(sums[1]) else 0.0


def _exponential(sums: Tensor) -> float:
    try:
        return math.exp(_ratio(sums))
    except OverflowError:
        return math.inf


_OF_CONFUSION: Mapping[str, Callable[[Tensor], float]] = {"accuracy": accuracy, "mean_iou": mean_iou, "dice": dice}
_OF_SUMS: Mapping[str, Metric] = {
    "mae": Metric("mae", "min", sums=partial(_errors, 1), of_sums=_ratio),
    "mse": Metric("mse", "min", sums=partial(_errors, 2), of_sums=_ratio),
    "perplexity": Metric("perplexity", "min", sums=_surprise, of_sums=_exponential),
}
OF_CLASSES = frozenset({*_OF_CONFUSION, "top_k", "perplexity"})
"""Metrics of predicted classes."""
OF_MATRIX = frozenset(_OF_CONFUSION) - {"accuracy"}
"""Metrics that need to know which class was taken for which."""
OF_VALUES = frozenset({"mae", "mse"})
"""Metrics of predicted numbers."""
OF_SEVERAL = frozenset({"accuracy", *OF_VALUES})
"""Metrics of classes that do not exclude each other."""
BY_TASK: Mapping[str, tuple[str, ...]] = {
    "classification": ("accuracy",),
    "segmentation": ("mean_iou",),
    "sequence": ("accuracy",),
    "multilabel": ("accuracy",),
    "regression": ("mae",),
    "none": (),
}
"""What is measured where the recipe names nothing."""


def make_metric(named: Named, classes: int = 0) -> Metric:
    """The metric of a recipe, whose name and arguments are checked; of many classes there is no confusion matrix."""
    if named.name == "accuracy" and classes > MOST_CONFUSED:
        return Metric("accuracy", sums=partial(_in_top, 1), of_sums=_ratio)
    if named.name in _OF_CONFUSION:
        return Metric(named.name, of_confusion=_OF_CONFUSION[named.name])
    if named.name == "top_k":
        k = int(named.arguments.get("k", 5))
        return Metric(f"top_{k}", sums=partial(_in_top, k), of_sums=_ratio)
    return _OF_SUMS[named.name]


def metrics_of(recipe: Recipe, task: str, classes: int) -> tuple[Metric, ...]:
    """What the recipe asks to be measured, and what it is monitored by; else what fits the task."""
    usual = () if task == "multilabel" and only_compares(recipe) else BY_TASK[task]
    named = list(recipe.metrics or map(Named, usual))
    metrics = [make_metric(each, classes) for each in named]
    if recipe.monitor is not None and recipe.monitor not in (LOSS, *(metric.name for metric in metrics)):
        metrics.append(make_metric(_named(recipe.monitor), classes))
    if task == "multilabel":
        metrics = [_of_each(metric, recipe) if metric.name == "accuracy" else metric for metric in metrics]
    return tuple(dict.fromkeys(metrics))


def only_compares(recipe: Recipe) -> bool:
    """Whether the main loss has no border between yes and no, only classes that are likelier than others."""
    return LOSS_TARGETS.get(recipe.output_losses[0][1].loss.name) == "several"


def _of_each(accuracy: Metric, recipe: Recipe) -> Metric:
    """Of each class by itself, by the main loss's border between yes and no."""
    limit = border(recipe.output_losses[0][1].loss.name)
    return Metric(accuracy.name, sums=partial(_right, limit), of_sums=_ratio)


def _named(column: str) -> Named:
    """`top_5` is `{top_k: 5}`."""
    stem, _, k = column.rpartition("_")
    return Named("top_k", {"k": int(k)}) if stem == "top" and k.isdecimal() else Named(column)


@dataclass(frozen=True, slots=True)
class Monitor:
    """What chooses the best weights.

    Attributes:
        name: a metric's, or `loss`.
        mode: whether more is better or less.
    """

    name: str
    mode: Literal["max", "min"]

    @property
    def column(self) -> str:
        """Of the history."""
        return f"eval_{self.name}"

    def goodness(self, row: Mapping[str, float]) -> float:
        """More is better; what is no number is worst."""
        value = row[self.column]
        if math.isnan(value):
            return -math.inf
        return value if self.mode == "max" else -value


def monitor_of(recipe: Recipe, metrics: Sequence[Metric]) -> Monitor:
    """The recipe's `monitor`, else its first metric, else the loss."""
    name = recipe.monitor or (metrics[0].name if metrics else LOSS)
    modes = {metric.name: metric.mode for metric in metrics}
    found: Literal["max", "min"] = modes.get(name, "min")
    return Monitor(name, {"max": "max", "min": "min"}.get(recipe.monitor_mode, found))  # type: ignore[arg-type]
