"""Between a model's output and a class: what a loss wants as its target, and what an output predicts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from archspec.spec.recipe import LOSS_TARGETS

IGNORED = -100
"""The label of what has none, which torch's losses of class indices leave out by default."""
LEAVE_OUT = frozenset({"CrossEntropyLoss", "NLLLoss"})
"""Losses that do so."""
_LOGIT_LOSSES = frozenset({"BCEWithLogitsLoss", "SoftMarginLoss", "MultiLabelSoftMarginLoss"})


def first_output(output: Any) -> Tensor:
    """The tensor that is trained on: the first of a tuple's or a dict's."""
    if isinstance(output, Tensor):
        return output
    if isinstance(output, Mapping):
        output = next(iter(output.values()))
    while isinstance(output, (tuple, list)):
        output = output[0]
    assert isinstance(output, Tensor)
    return output


def classes_second(output: Tensor, labels: Tensor) -> Tensor:
    """The output with its channels where torch has them, [n, C, …], if they are last, as in [n, length, C]."""
    if output.ndim < 3 or output.ndim != labels.ndim + 1 or output.shape[2:] == labels.shape[1:]:
        return output
    return output.movedim(-1, 1) if output.shape[:-1] == labels.shape else output


def encode(loss: str, labels: Tensor, output: Tensor) -> Tensor:
    """Targets as the loss wants them.

    Args:
        loss: its name.
        labels: int64 [n] or [n, …], or floating-point values: a probability for each class, or what the output
            has to be.
        output: what it is compared with, [n, C] or [n, C, …]; with C = 1 two classes are 0 and 1.

    Returns:
        The labels themselves, or their one-hot form in the output's shape and dtype: 0 and 1, or −1 and 1; or the
        indices of those that are true, int64 in the output's shape, filled up with −1.

    Raises:
        ValueError: values are not of the output's shape; torch would broadcast them.
    """
    wanted = LOSS_TARGETS[loss]
    if labels.is_floating_point():
        if output.shape[1:] == (1,) and labels.shape[1:] == (2,):  # probabilities of two classes, told by one output
            labels = labels[:, 1:]
        values = labels.reshape(output.shape) if _is_same(labels, output) else labels
        values = values.to(torch.promote_types(values.dtype, output.dtype) if wanted == "index" else output.dtype)
        if values.shape != output.shape:
            shapes = " and ".join(str(list(each.shape[1:])) for each in (output, values))
            raise ValueError(f"for each sample, the output and its target have different shapes: {shapes}")
        if wanted == "several":
            return _indices(values > 0.5)
        return 2 * values - 1 if wanted == "sign" else values
    if wanted == "index":
        return labels
    channels = output.shape[1]
    hot = labels.unsqueeze(1) if channels == 1 else functional.one_hot(labels, channels).movedim(-1, 1)
    if wanted == "several":
        return _indices(hot > 0)
    hot = hot.to(output.dtype)
    return 2 * hot - 1 if wanted == "sign" else hot


def _indices(is_true: Tensor) -> Tensor:
    """The places of what is true in each row, in order, and −1 in the rest of it."""
    places = (~is_true).to(torch.uint8).argsort(dim=1, stable=True)
    return torch.where(is_true.gather(1, places), places, -1)


def as_pair(labels: Tensor, output: Tensor, *, is_of_two: bool) -> Tensor:
    """Whether two things are alike, as 1 or −1, [n], or where a loss takes one output, in its shape."""
    signs = torch.where(labels > 0, 1.0, -1.0).to(output.dtype)
    return signs.flatten() if is_of_two else signs.reshape(output.shape)


def ctc_arguments(output: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """What `CTCLoss` takes.

    Args:
        output: log-probabilities [n, time, C].
        target: classes [n, S], the shorter ones filled up with negative numbers.
    """
    lengths = (target >= 0).sum(1)
    steps = torch.full_like(lengths, output.shape[1])
    return output.transpose(0, 1), target.clamp_min(0), steps, lengths


def _is_same(values: Tensor, output: Tensor) -> bool:
    """Whether they have the same shape but for dimensions of size 1."""
    return [size for size in values.shape[1:] if size != 1] == [size for size in output.shape[1:] if size != 1]


def hard(labels: Tensor, output: Tensor) -> Tensor:
    """The classes themselves; of probabilities for each class, the likeliest; of those of a yes, which is likelier."""
    if labels.is_floating_point() and labels.numel() == output.numel() == output[:, :1].numel():
        return (labels > 0.5).long().reshape(output.shape[0], *output.shape[2:])
    return labels.argmax(1) if labels.is_floating_point() and labels.ndim == output.ndim else labels


def predict(loss: str, output: Tensor) -> Tensor:
    """The predicted classes, int64 [n] or [n, H, W]: the largest channel, or on which side of the border one lies."""
    if output.shape[1] > 1:
        return output.argmax(1)
    return (output.squeeze(1) > border(loss)).long()


def border(loss: str) -> float:
    """Above which an output says yes."""
    return 0.0 if loss in _LOGIT_LOSSES else 0.5


def confusion(labels: Tensor, predicted: Tensor, classes: int) -> Tensor:
    """How often each class (row) was taken for each (column), int64 [classes, classes], where there is a label."""
    pairs = torch.where(labels < 0, classes**2, labels * classes + predicted).flatten()
    counts = torch.zeros(classes**2 + 1, dtype=torch.int64, device=pairs.device)
    return counts.scatter_add_(0, pairs, torch.ones_like(pairs))[:-1].view(classes, classes)
