"""Which spec is which hand-written network, and at what size each is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torchvision.models import VisionTransformer, resnet34

import archspec
from tests.zoo import reference

SPECS = Path(__file__).parents[2] / "specs"


@dataclass(frozen=True)
class Case:
    """A spec and its original.

    Attributes:
        name: the spec's file name without its suffix.
        original: makes the hand-written network, with the spec's own variables or with `vars`.
        shape: one sample's shape under `vars`.
        vars: overrides that keep a run small.
        odd: another sample shape that both take, though the spec does not declare it.
    """

    name: str
    original: Callable[..., nn.Module]
    shape: tuple[int, ...]
    vars: Mapping[str, Any] = field(default_factory=dict)
    odd: tuple[int, ...] | None = None

    numbers: ClassVar[tuple[str, ...]] = ()
    member: ClassVar[str] = ""
    parts: ClassVar[tuple[type[nn.Module], ...]] = ()

    @property
    def path(self) -> Path:
        return SPECS / f"{self.name}.yaml"

    @property
    def published(self) -> str:
        """Where the network comes from, for the page on the zoo."""
        made = type(self.make())
        return f"`{made.__module__}.{made.__name__}`" if made.__module__.startswith("tests") else "torchvision"

    def make(self) -> nn.Module:
        """The network with the spec's own variables."""
        return self.original()

    def pair(self) -> tuple[nn.Module, nn.Module]:
        """The original with everything in it random, and the compiled network with the original's state."""
        original, compiled = randomized(self.original(**self.vars)), archspec.build(self.path, **self.vars)
        compiled.load_state_dict(original.state_dict(), strict=True)
        return original, compiled

    def batch(self, count: int, shape: tuple[int, ...] | None = None) -> Tensor:
        """`count` samples of the case's shape, or of another one."""
        return torch.randn(count, *(shape or self.shape), generator=torch.Generator().manual_seed(count))


def randomized(model: nn.Module) -> nn.Module:
    """The model with random norms, biases and whatever is zero: as they are at first they would hide a swap."""
    generator = torch.Generator().manual_seed(0)
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        if tensor.is_floating_point() and (tensor.dim() == 1 or not tensor.any()):
            low = 0.5 if name.endswith(("weight", "running_var")) else -0.5
            with torch.no_grad():
                tensor.uniform_(low, low + 1, generator=generator)
    return model


def _resnet34(size: int = 64) -> nn.Module:
    return resnet34()


def _resnet34_notes(num_classes: int = 2) -> nn.Module:
    return reference.ResNet34Notes(num_classes)


def _unet(channels: int = 1, classes: int = 2, base: int = 64, size: int = 64) -> nn.Module:
    return reference.UNet(channels, classes, bilinear=False, base=base)


def _unet_bilinear(channels: int = 1, classes: int = 2, base: int = 64, size: int = 64) -> nn.Module:
    return reference.UNet(channels, classes, bilinear=True, base=base)


def _vit(size: int = 224, features: int = 768, hidden: int = 3072, depth: int = 12) -> nn.Module:
    return VisionTransformer(size, 16, num_layers=depth, num_heads=12, hidden_dim=features, mlp_dim=hidden)


_SMALL_UNET = {"channels": 3, "classes": 5, "base": 8, "size": 51}

CASES = (
    Case("convnet", reference.ConvNet, (1, 28, 28)),
    Case("resnet34", _resnet34, (3, 224, 224), {"size": 224}, odd=(3, 97, 161)),
    Case("resnet34_notes", _resnet34_notes, (3, 224, 224), {"num_classes": 3}),
    Case("unet", _unet, (3, 51, 51), _SMALL_UNET, odd=(3, 70, 47)),
    Case("unet_bilinear", _unet_bilinear, (3, 51, 51), _SMALL_UNET, odd=(3, 70, 47)),
    Case("lenet", reference.LeNet5, (1, 32, 32)),
    Case("perceptron", reference.Perceptron, (3,)),
    Case("mlp", reference.MLP, (1, 28, 28)),
    Case("vit_b_16", _vit, (3, 64, 64), {"size": 64, "features": 48, "hidden": 96, "depth": 3}),
)
