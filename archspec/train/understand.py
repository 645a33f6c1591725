"""What an output means under the loss that it was trained with."""

from __future__ import annotations

from torch import Tensor, cat

_NORMALISED = frozenset({"CrossEntropyLoss", "MultiMarginLoss", "MultiLabelMarginLoss"})
_LOGITS = frozenset({"BCEWithLogitsLoss", "MultiLabelSoftMarginLoss", "SoftMarginLoss"})


def shares(loss: str, output: Tensor) -> Tensor:
    """Probabilities, as far as the loss means any: numbers that add up to 1 over the classes.

    Args:
        loss: its name.
        output: [n, C, …]; with C = 1 of two classes.

    Returns:
        [n, classes, …].
    """
    if output.shape[1] == 1:
        share = output.sigmoid() if loss in _LOGITS else output.clamp(0, 1)
        return cat([1 - share, share], 1)
    if loss == "NLLLoss":
        return output.exp()
    if loss in _NORMALISED:
        return output.softmax(1)
    output = output.sigmoid() if loss in _LOGITS else output.clamp_min(0)
    return output / output.sum(1, keepdim=True).clamp_min(1e-12)


def likelihoods(loss: str, output: Tensor) -> Tensor:
    """Of each class by itself, where a sample may have several: numbers from 0 to 1, [n, C].

    A loss that only compares classes with each other means shares.

    Args:
        loss: its name.
        output: [n, C].
    """
    if loss in _NORMALISED:
        return shares(loss, output)
    return output.sigmoid() if loss in _LOGITS else output.clamp(0, 1)
