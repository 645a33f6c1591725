"""The `train` section into a `Recipe`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from archspec.errors import Span
from archspec.records import record
from archspec.source.tree import Mapping, Node, Scalar, Sequence, plain
from archspec.spec.reader import Reader
from archspec.spec.recipe import Named, Recipe, Transforms

Primary: TypeAlias = Callable[[str, str], str | None]
"""The argument that a bare value means, from the field of the recipe and the name: ("optimizer", "SGD") is `lr`."""


def read_recipe(reader: Reader, node: Mapping, primary: Primary) -> Recipe:
    """The recipe; what is faulty keeps its default, and a fault is recorded."""
    reader.keys(node, (*_FIELDS, *_LATER), "`train`")
    read: dict[str, Any] = {}
    spans: dict[str, Span] = {}
    for key, value in node:
        name = str(key.value)
        if name in _LATER:
            reader.not_yet(key)
        if name not in _FIELDS:
            continue
        spans[name] = value.span
        result = _FIELDS[name](_Field(reader, name, primary), value)
        if result is not None:
            read[name] = result
    return Recipe(**read, spans=spans)


@record
class _Field:
    """One field that is being read."""

    reader: Reader
    name: str
    primary: Primary

    @property
    def whose(self) -> str:
        return f"`{self.name}`"


def _integer(field: _Field, node: Node) -> int | None:
    if isinstance(node, Scalar) and isinstance(node.value, int) and not isinstance(node.value, bool):
        return node.value
    field.reader.expected(node, "an integer", field.whose)
    return None


def _named(field: _Field, node: Node) -> Named | None:
    """`SGD`, `{SGD: {lr: 0.1}}` or `{RandomHorizontalFlip: 0.5}`."""
    if isinstance(node, Scalar) and isinstance(node.value, str):
        return Named(node.value, span=node.span)
    if not isinstance(node, Mapping) or len(node) != 1:
        help = "write `Name`, or `{Name: {argument: value}}`"
        field.reader.expected(node, "one name, alone or with its arguments", field.whose, help)
        return None
    key, arguments = node.entries[0]
    name = str(key.value)
    if isinstance(arguments, Mapping):
        return Named(
            name,
            {str(argument.value): plain(value) for argument, value in arguments},
            key.span,
            {str(argument.value): value.span for argument, value in arguments},
            {str(argument.value): argument.span for argument, _ in arguments},
        )
    if isinstance(arguments, Scalar) and arguments.value is None:
        return Named(name, span=key.span)
    argument = field.primary(field.name, name) or "value"
    return Named(name, {argument: plain(arguments)}, key.span, {argument: arguments.span}, {argument: arguments.span})


def _optional_named(field: _Field, node: Node) -> Named | None:
    return None if isinstance(node, Scalar) and node.value is None else _named(field, node)


def _named_list(field: _Field, node: Node) -> tuple[Named, ...]:
    items = node.items if isinstance(node, Sequence) else (node,)
    read = (_named(field, item) for item in items)
    return tuple(named for named in read if named is not None)


def _transforms(field: _Field, node: Node) -> Transforms | None:
    mapping = field.reader.mapping(node, field.whose, help="write `{train: [...], eval: [...]}`")
    if mapping is None:
        return None
    field.reader.keys(mapping, ("train", "eval"), field.whose)
    phases = {str(key.value): _named_list(field, value) for key, value in mapping}
    return Transforms(phases.get("train", ()), phases.get("eval", ()))


_LATER = ("param_groups",)
_FIELDS: dict[str, Callable[[_Field, Node], Any]] = {
    "data": _named,
    "transforms": _transforms,
    "batch_size": _integer,
    "epochs": _integer,
    "loss": _named,
    "optimizer": _named,
    "scheduler": _optional_named,
    "metrics": _named_list,
    "seed": _integer,
}
