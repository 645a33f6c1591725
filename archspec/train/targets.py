"""Between a model's output and a class: what a loss wants as its target, and what an output predicts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from archspec.spec.recipe import LOSS_TARGETS

_LOGIT_LOSSES = frozenset({"BCEWithLogitsLoss", "SoftMarginLoss"})


def first_output(output: Any) -> Tensor:
    """The tensor that is trained on: the first of a tuple's or a dict's."""
    if isinstance(output, Mapping):
        output = next(iter(output.values()))
    while isinstance(output, (tuple, list)):
        output = output[0]
    assert isinstance(output, Tensor)
    return output


def encode(loss: str, labels: Tensor, output: Tensor) -> Tensor:
    """Labels as the loss wants them.

    Args:
        loss: its name.
        labels: int64 [n] or [n, H, W].
        output: what it is compared with, [n, C] or [n, C, H, W]; with C = 1 the two classes are 0 and 1.

    Returns:
        The labels themselves, or their one-hot form in the output's shape and dtype: 0 and 1, or −1 and 1.
    """
    wanted = LOSS_TARGETS[loss]
    if wanted == "index":
        return labels
    channels = output.shape[1]
    hot = labels.unsqueeze(1) if channels == 1 else functional.one_hot(labels, channels).movedim(-1, 1)
    hot = hot.to(output.dtype)
    return 2 * hot - 1 if wanted == "sign" else hot


def predict(loss: str, output: Tensor) -> Tensor:
    """The predicted classes, int64 [n] or [n, H, W]: the largest channel, or on which side of the border one lies."""
    if output.shape[1] > 1:
        return output.argmax(1)
    border = 0.0 if loss in _LOGIT_LOSSES else 0.5
    return (output.squeeze(1) > border).long()


def confusion(labels: Tensor, predicted: Tensor, classes: int) -> Tensor:
    """How often each class (row) was taken for each (column), int64 [classes, classes]."""
    pairs = (labels * classes + predicted).flatten()
    counts = torch.zeros(classes**2, dtype=torch.int64, device=pairs.device)
    return counts.scatter_add_(0, pairs, torch.ones_like(pairs)).view(classes, classes)
