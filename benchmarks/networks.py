"""The networks that are measured, each beside the one that people use, and what steps are taken with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torchvision import models

import archspec

SIDE = 64
"""Of the images in steps: small, so that anything beside the arithmetic shows."""


@dataclass(frozen=True)
class Network:
    """A spec and its peer.

    Attributes:
        name: torchvision's.
        spec: a path or a name of the zoo.
        original: torchvision's constructor.
        sized: whether that takes the size of the images.
    """

    name: str
    spec: str
    original: Callable[..., nn.Module]
    sized: bool = False

    def ours(self) -> nn.Module:
        return archspec.build(self.spec, size=SIDE)

    def theirs(self) -> nn.Module:
        return self.original(image_size=SIDE) if self.sized else self.original()

    def pair(self, index: int) -> tuple[nn.Module, nn.Module]:
        """The two with equal weights. Where tensors lie in memory is worth some percent: which is first alternates."""
        if index % 2:
            ours, theirs = self.ours(), self.theirs()
        else:
            theirs = self.theirs()
            ours = self.ours()
        ours.load_state_dict(theirs.state_dict())
        return ours, theirs


NETWORKS = (
    Network("resnet34", "specs/resnet34.yaml", models.resnet34),
    Network("resnet50", "zoo:resnet50", models.resnet50),
    Network("densenet121", "zoo:densenet121", models.densenet121),
    Network("vit_b_16", "specs/vit_b_16.yaml", models.vit_b_16, sized=True),
    Network("convnext_tiny", "zoo:convnext_tiny", models.convnext_tiny),
)


def images(count: int) -> Tensor:
    """A batch of random ones."""
    return torch.randn(count, 3, SIDE, SIDE)


def forward(model: nn.Module, batch: Tensor) -> Callable[[], Tensor]:
    """A pass in eval mode."""
    model.eval()

    def run() -> Tensor:
        with torch.inference_mode():
            return model(batch)

    return run


def training_step(model: nn.Module, batch: Tensor) -> Callable[[], None]:
    """Forward, backward and SGD, in training mode; what is dropped by chance is the same in each."""
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-6)

    def run() -> None:
        torch.manual_seed(0)
        optimizer.zero_grad()
        model(batch).square().mean().backward()
        optimizer.step()

    return run
