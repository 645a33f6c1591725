"""Arguments that are classes in torch, and kinds in a spec: `norm_layer: BatchNorm2d`, or with arguments of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from archspec.ops.arguments import ArgType, Maybe, OneOf
from archspec.ops.entry import Arg, Op
from archspec.ops.faults import BadValue
from archspec.records import record


@dataclass(frozen=True, slots=True)
class Partial:
    """A kind with arguments of its own, in torch `functools.partial(nn.BatchNorm2d, eps=0.001)`."""

    kind: str
    arguments: tuple[tuple[str, Any], ...]


@record
class LayerClass:
    """One of a few layers of `torch.nn`. What the layer around it sets is not among the arguments that can be given."""

    ops: tuple[Op, ...]

    @property
    def values(self) -> tuple[str, ...]:
        """The names of the layers."""
        return tuple(op.name for op in self.ops)

    def describe(self) -> str:
        return f"a kind: {OneOf(self.values).describe()}"

    def accept(self, value: object) -> str | Partial:
        if not isinstance(value, Mapping):
            return OneOf(self.values).accept(value)
        if len(value) != 1:
            raise BadValue(f"{self.describe()}, or one of them with its arguments")
        name, given = next(iter(value.items()))
        kind = OneOf(self.values).accept(name)
        op = next(op for op in self.ops if op.name == kind)
        arguments = _arguments(op, given)
        return Partial(kind, arguments) if arguments else kind


def settable(op: Op) -> tuple[Arg, ...]:
    """The arguments of a layer that can be given where it stands as a class."""
    return tuple(arg for arg in op.args if arg.inferred is None and arg.name != "inplace")


def _arguments(op: Op, given: object) -> tuple[tuple[str, Any], ...]:
    if given is None:
        return ()
    if not isinstance(given, Mapping):
        if op.primary is None:
            raise BadValue(f"`{op.name}` with its arguments by name")
        given = {op.primary: given}
    known = {arg.name: arg for arg in settable(op)}
    wrong = next((name for name in given if name not in known), None)
    if wrong is not None:
        has = ", ".join(f"`{name}`" for name in known) or "none"
        raise BadValue(f"`{op.name}` with arguments that can be set here ({has}), and not `{wrong}`")
    return tuple((arg.name, _accepted(op, arg, given[arg.name])) for arg in known.values() if arg.name in given)


def _accepted(op: Op, arg: Arg, value: object) -> Any:
    try:
        return arg.type.accept(value)
    except BadValue as fault:
        raise BadValue(f"`{op.name}` whose `{arg.name}` is {fault.expected}") from None


def kind_of(value: str | Partial | None) -> str | None:
    """The kind, with or without arguments; None for no layer."""
    return value.kind if isinstance(value, Partial) else value


def own_arguments(value: str | Partial | None) -> dict[str, Any]:
    """The arguments that are given beside the kind."""
    return dict(value.arguments) if isinstance(value, Partial) else {}


def takes_class(type: ArgType) -> bool:
    """Whether torch wants the class where the argument has its name."""
    return isinstance(type.type if isinstance(type, Maybe) else type, LayerClass)
