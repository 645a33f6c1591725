"""A kind's arguments as written: by name, each with its value and its place."""

from __future__ import annotations

from collections.abc import Container
from collections.abc import Mapping as ReadOnly
from collections.abc import Sequence as Sequence_
from dataclasses import field
from typing import Any, TypeGuard

from archspec.elaborate.context import Context
from archspec.elaborate.environment import Environment, Names
from archspec.elaborate.values import evaluate
from archspec.errors import Diagnostic, Span
from archspec.ops.entry import Arg, Op
from archspec.records import record
from archspec.source.tree import Mapping, Node, Scalar, Sequence
from archspec.suggest import nearest


@record
class Given:
    """One argument.

    Attributes:
        key: None where a bare value stands for the primary argument.
        by_default: it stands in `defaults`.
        layer: the layer that the value is, where a variable holds it.
    """

    value: Any
    node: Node
    key: Scalar | None = None
    by_default: bool = False
    layer: Node | None = None

    def element_span(self, index: int | str | None) -> Span:
        """Where an element of a list or a key of a mapping stands, or the whole value."""
        if isinstance(index, int) and isinstance(self.node, Sequence) and index < len(self.node):
            return self.node.items[index].span
        if isinstance(index, str) and isinstance(self.node, Mapping):
            return next((key.span for key, _ in self.node if key.value == index), self.node.span)
        return self.node.span


Overrides = ReadOnly[str, Given]
NO_OVERRIDES: Overrides = {}
NO_NAMES: ReadOnly[str, Any] = {}


@record
class Written:
    """The arguments beside a kind, before their values are known.

    Attributes:
        fixed: those whose value is the same wherever they are evaluated.
    """

    nodes: ReadOnly[str, tuple[Scalar | None, Node]]
    fixed: ReadOnly[str, Given] = field(init=False)

    def __post_init__(self) -> None:
        self.fixed = {  # type: ignore[misc]  # once
            name: Given(node.value, node, key) for name, (key, node) in self.nodes.items() if _is_fixed(node)
        }

    def evaluate(self, context: Context, environment: Environment, overrides: Overrides) -> Overrides:
        """Every argument's value; what a repeat overrides is taken from there."""
        if not overrides and len(self.fixed) == len(self.nodes):
            return self.fixed
        names = Names(environment)
        given = {
            name: self.fixed[name] if name in self.fixed else Given(evaluate(context, node, names), node, key)
            for name, (key, node) in self.nodes.items()
            if name not in overrides
        }
        return {**given, **overrides}


def _is_fixed(node: Node) -> TypeGuard[Scalar]:
    return type(node) is Scalar and not (isinstance(node.value, str) and "$" in node.value)


_NOTHING = Written({})


def written(
    context: Context, kind: Scalar, node: Node | None, primary: str | None, known: Sequence_[Arg]
) -> Written | None:
    """The arguments by name: a mapping's entries, or a bare value for the primary argument. None after a fault.

    `known` are those whose names the message offers.
    """
    if node is None:
        return _NOTHING
    if isinstance(node, Mapping):
        return Written({str(key.value): (key, value) for key, value in node})
    if primary is None:
        context.fault(
            Diagnostic(
                "AS204",
                f"`{kind.value}` has no argument that a bare value could mean",
                node.span,
                help="name the argument: it has " + ", ".join(f"`{arg.name}`" for arg in known if arg.inferred is None)
                if known
                else f"write `{kind.value}` alone",
            )
        )
        return None
    return Written({primary: (None, node)})


def is_argument(op: Op, name: str, given: Container[str]) -> bool:
    """Whether an entry has an argument of that name. Where names are free (the axes of a pattern), one that is near to
    a required argument which is not `given` is that one misspelt."""
    if op.arg(name) is not None:
        return True
    if op.argument(name) is None:
        return False
    missing = [arg.name for arg in op.args if arg.is_required and arg.name not in given]
    return not nearest(name, missing)
