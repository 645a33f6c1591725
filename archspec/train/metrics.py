"""Metrics of a confusion matrix, so that they are exact over any number of batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor


def accuracy(confusion: Tensor) -> float:
    """The share of samples (or pixels) on the diagonal; 0 of none is 0.

    Args:
        confusion: int64 [C, C], rows are true classes.
    """
    return float(confusion.diagonal().sum() / confusion.sum().clamp_min(1))


def mean_iou(confusion: Tensor) -> float:
    """Intersection over union per class, averaged over the classes that occur or are predicted.

    Args:
        confusion: int64 [C, C], rows are true classes.
    """
    intersection = confusion.diagonal()
    union = confusion.sum(0) + confusion.sum(1) - intersection
    occurs = union > 0
    return float((intersection[occurs] / union[occurs]).mean()) if bool(occurs.any()) else 0.0


METRICS: Mapping[str, Callable[[Tensor], float]] = {"accuracy": accuracy, "mean_iou": mean_iou}
BY_TASK: Mapping[str, str] = {"classification": "accuracy", "segmentation": "mean_iou"}
"""What is measured where the recipe names nothing."""
