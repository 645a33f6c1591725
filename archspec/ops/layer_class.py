"""Arguments that are classes in torch, and kinds in a spec: `norm_layer: BatchNorm2d`, or with arguments of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from archspec.ops.apply import bad_arguments
from archspec.ops.arguments import ArgType, Maybe, OneOf
from archspec.ops.entry import Arg, Op
from archspec.ops.faults import BadValue, RuleFault
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
        try:
            kind = OneOf(self.values).accept(name)
        except BadValue as fault:
            raise fault.among(self.describe(), str(name)) from None
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
    known = [arg.name for arg in settable(op)]
    faults = [_set_around(op, name, known) for name in given if name not in known and op.arg(name) is not None]
    faults += bad_arguments(
        op, {name: value for name, value in given.items() if op.arg(name) is None or name in known}, None
    )
    if faults:
        raise BadValue(f"`{op.name}` with arguments that it accepts", part=faults[0])
    return tuple((arg.name, arg.type.accept(given[arg.name])) for arg in settable(op) if arg.name in given)


def _set_around(op: Op, name: str, known: Sequence[str]) -> RuleFault:
    """The fault of an argument that the layer around this one chooses."""
    others = ", ".join(f"`{other}`" for other in known)
    help = f"remove `{name}`; " + (f"what can be set here: {others}" if others else "nothing can be set here")
    return RuleFault("AS202", f"`{name}` of `{op.name}` is set by the layer around it", arg=name, help=help)


def kind_of(value: str | Partial | None) -> str | None:
    """The kind, with or without arguments; None for no layer."""
    return value.kind if isinstance(value, Partial) else value


def own_arguments(value: str | Partial | None) -> dict[str, Any]:
    """The arguments that are given beside the kind."""
    return dict(value.arguments) if isinstance(value, Partial) else {}


def takes_class(type: ArgType) -> bool:
    """Whether torch wants the class where the argument has its name."""
    return isinstance(type.type if isinstance(type, Maybe) else type, LayerClass)
