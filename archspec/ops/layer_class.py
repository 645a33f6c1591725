"""Arguments that are classes in torch, and names of kinds in a spec: `norm_layer: BatchNorm2d`."""

from __future__ import annotations

from archspec.ops.arguments import ArgType, Maybe, OneOf
from archspec.records import record


@record
class LayerClass:
    """The name of one of a few layers of `torch.nn`, which are made without arguments or with a number of channels."""

    values: tuple[str, ...]

    def describe(self) -> str:
        return f"a kind: {OneOf(self.values).describe()}"

    def accept(self, value: object) -> str:
        return OneOf(self.values).accept(value)


def takes_class(type: ArgType) -> bool:
    """Whether torch wants the class where the argument has its name."""
    return isinstance(type.type if isinstance(type, Maybe) else type, LayerClass)
