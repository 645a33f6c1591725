"""What an output means under the loss that it was trained with."""

from __future__ import annotations

from torch import Tensor, cat

_NORMALISED = frozenset({"CrossEntropyLoss", "MultiMarginLoss"})


def shares(loss: str, output: Tensor) -> Tensor:
    """Probabilities, as far as the loss means any: numbers that add up to 1 over the classes.

    Args:
        loss: its name.
        output: [n, C, …]; with C = 1 of two classes.

    Returns:
        [n, classes, …].
    """
    if output.shape[1] == 1:
        share = output.sigmoid() if loss in ("BCEWithLogitsLoss", "SoftMarginLoss") else output.clamp(0, 1)
        return cat([1 - share, share], 1)
    if loss == "NLLLoss":
        return output.exp()
    if loss in _NORMALISED:
        return output.softmax(1)
    if loss in ("BCEWithLogitsLoss", "MultiLabelSoftMarginLoss", "SoftMarginLoss"):
        output = output.sigmoid()
    else:
        output = output.clamp_min(0)
    return output / output.sum(1, keepdim=True).clamp_min(1e-12)
