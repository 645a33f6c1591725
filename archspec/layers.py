"""Layers that torch has not: the conveniences of the catalogue."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


class BilinearPool2d(nn.Module):
    """Bilinear pooling: the products of all pairs of channels averaged over space, signed square root, L2 norm.

    From Lin, RoyChowdhury and Maji, "Bilinear CNN models for fine-grained visual recognition", 2015.

    Args:
        eps: added under the square root, whose slope at 0 is infinite.
    """

    def __init__(self, eps: float = 1e-10) -> None:
        super().__init__()
        self.eps = eps

    def forward(
        self,
        input: torch.Tensor,
        other: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """[N, C, H, W], and [N, D, H, W] or nothing for the same tensor, to [N, C·D]."""
        first = input.flatten(2)
        second = first if other is None else other.flatten(2)
        pooled = torch.bmm(first, second.transpose(1, 2)).flatten(1) / first.size(2)
        rooted = torch.sign(pooled) * torch.sqrt(torch.abs(pooled) + self.eps)
        return F.normalize(rooted)

    def extra_repr(self) -> str:
        """What `print` shows between the parentheses."""
        return f"eps={self.eps}"


class GlobalAvgPool2d(nn.Module):
    """The mean of each channel over space: [N, C, H, W] to [N, C]."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """The means."""
        return input.mean(dim=(2, 3))
