"""A stand-in for a compiled architecture: hand-written torch modules behind the runner's interface."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from archspec.errors import Diagnostic, SpecError
from archspec.spec.recipe import Recipe
from archspec.tensors import N, TensorType


@dataclass
class Fake:
    make: Callable[..., nn.Module]
    input: tuple[int, ...]
    variables: Mapping[str, Any] = field(default_factory=dict)
    recipe: Recipe | None = None
    name: str = "Fake"
    spec_text: str = "archspec: 1\nname: Fake\n"
    input_dtype: str = "float32"
    fixed: Mapping[str, Any] = field(default_factory=dict)
    output: str = "fc"

    @property
    def spec_text_without_weights(self):
        return self.spec_text

    @property
    def weights_metadata(self):
        return {}

    @property
    def input_types(self):
        return {"input": TensorType((N, *self.input), self.input_dtype)}

    @property
    def output_types(self):
        with torch.random.fork_rng(devices=[]):
            shape = self.make(**self.variables).eval()(torch.zeros(2, *self.input)).shape
        return {self.output: TensorType((N, *shape[1:]))}

    def with_variables(self, **values: Any) -> Fake:
        for name, value in values.items():
            if self.fixed.get(name, value) != value:
                raise SpecError([Diagnostic("AS999", f"{name} cannot be {value}")])
        return Fake(self.make, self.input, {**self.variables, **values}, self.recipe, self.name, self.spec_text)

    def build(self, device: Any = None, dtype: Any = None, seed: int = 0) -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return self.make(**self.variables).to(device=device, dtype=dtype)


def mlp(num_classes: int = 10, hidden: int = 32, dropout: float = 0.0, pixels: int = 64) -> nn.Module:
    return nn.Sequential(
        nn.Flatten(), nn.Linear(pixels, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, num_classes)
    )


def convnet(num_classes: int = 10, channels: int = 1) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(channels, 16, 5, padding=2), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 5, padding=2), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.LazyLinear(num_classes),
    )  # fmt: skip


def double(i: int, o: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(i, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(),
        nn.Conv2d(o, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(),
    )  # fmt: skip


class UNet(nn.Module):
    def __init__(self, base: int = 8, num_classes: int = 2, channels: int = 1):
        super().__init__()
        self.down = nn.ModuleList([double(channels, base), double(base, 2 * base), double(2 * base, 4 * base)])
        self.ups = nn.ModuleList(
            [nn.ConvTranspose2d(4 * base, 2 * base, 2, 2), nn.ConvTranspose2d(2 * base, base, 2, 2)]
        )
        self.convs = nn.ModuleList([double(4 * base, 2 * base), double(2 * base, base)])
        self.out = nn.Conv2d(base, num_classes, 1)

    def forward(self, x):
        kept = []
        for index, block in enumerate(self.down):
            x = block(x if index == 0 else nn.functional.max_pool2d(x, 2))
            kept.append(x)
        for up, conv, skip in zip(self.ups, self.convs, (kept[1], kept[0]), strict=True):
            x = conv(torch.cat([skip, up(x)], 1))
        return self.out(x)
