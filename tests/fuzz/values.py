"""Random values of arguments, and inputs of the declared shapes."""

from __future__ import annotations

import random
from functools import singledispatchmethod
from typing import Any

import torch
from torch import Tensor

from archspec.ops.arguments import ArgType, Bool, Each, Either, Float, Int, Maybe, OneOf


class Drawn(random.Random):
    """Random choices of the generator, all from one seed."""

    def chance(self, probability: float) -> bool:
        return self.random() < probability

    @singledispatchmethod
    def value(self, type: ArgType) -> Any:
        """A small value that an argument's type accepts."""
        raise NotImplementedError(type)

    @value.register
    def _(self, type: Int) -> int:
        low = -2 if type.min is None else type.min
        high = low + 4 if type.max is None else min(type.max, low + 4)
        if low == 0:
            return self.choice([0, 0, 0, 1, 1, 2])
        return min(high, self.choice([low, low, low + 1, low + 1, low + 2, low + 3]))

    @value.register
    def _(self, type: Float) -> float:
        low = next((bound for bound in (type.min, type.above) if bound is not None), -2.0)
        high = next((bound for bound in (type.max, type.below) if bound is not None), low + 4.0)
        return low + (high - low) * self.randint(1, 19) / 20

    @value.register
    def _(self, type: Bool) -> bool:
        return self.chance(0.5)

    @value.register
    def _(self, type: OneOf) -> str:
        return self.choice(type.values)

    @value.register
    def _(self, type: Maybe) -> Any:
        return self.value(type.type)

    @value.register
    def _(self, type: Either) -> Any:
        return self.value(self.choice(type.types))

    @value.register
    def _(self, type: Each) -> Any:
        if type.or_one and self.chance(0.6):
            return self.value(type.type)
        return [self.value(type.type) for _ in range(type.count or self.randint(max(1, type.at_least), 3))]


def make_inputs(spec: dict[str, Any], batch: int) -> list[Tensor]:
    """Random tensors of the declared shapes."""
    generator = torch.Generator().manual_seed(batch)
    made = []
    for declared in spec["inputs"].values() if "inputs" in spec else [spec["input"]]:
        shape, dtype = (declared["shape"], declared.get("dtype")) if isinstance(declared, dict) else (declared, None)
        values = torch.randn(batch, *shape, generator=generator)
        made.append(values if dtype in (None, "float32") else (values * 4).to(getattr(torch, dtype)))
    return made
