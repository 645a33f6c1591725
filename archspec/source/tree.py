"""The located tree: what a YAML or JSON text says, every key and value with its span."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Final, TypeAlias

from archspec.errors import Span
from archspec.records import record


class Unknown(enum.Enum):
    """The type of `UNKNOWN`."""

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown.UNKNOWN
"""A value that a fault reported elsewhere hides; what touches it is unknown too, without another fault."""

Plain: TypeAlias = bool | int | float | str | None


@record
class Scalar:
    """A leaf. `quoted` tells `"64"` from `64`: a quoted scalar is always a string."""

    value: Plain
    span: Span
    quoted: bool = False


@record
class Hidden(Scalar):
    """Stands for a value that a fault reported elsewhere hides; its own says nothing."""


@record
class Sequence:
    """A list."""

    items: tuple[Node, ...]
    span: Span

    def __iter__(self) -> Iterator[Node]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


@record
class Mapping:
    """Keys are unique strings, in file order (`10:` is the key "10", as in JSON).

    `removed` are the keys that an overlay has taken out, where it says so.
    """

    entries: tuple[tuple[Scalar, Node], ...]
    span: Span
    removed: tuple[Scalar, ...] = ()

    def __iter__(self) -> Iterator[tuple[Scalar, Node]]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def get(self, name: str) -> Node | None:
        """The value under a key."""
        for key, value in self.entries:
            if key.value == name:
                return value
        return None

    def key(self, name: str) -> Scalar | None:
        """The key itself, for its span."""
        for key, _ in self.entries:
            if key.value == name:
                return key
        return None


Node: TypeAlias = Scalar | Sequence | Mapping
PlainTree: TypeAlias = "Plain | list[PlainTree] | dict[str, PlainTree]"


def plain(node: Node) -> PlainTree:
    """The tree without its spans, as `yaml.safe_load` or `json.load` would give it."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [plain(item) for item in node]
    return {str(key.value): plain(value) for key, value in node}


def describe(node: Node) -> str:
    """What a message calls a value: `a list`, `the number 64`, `the string "64"`."""
    if isinstance(node, Sequence):
        return "a list"
    if isinstance(node, Mapping):
        return "a mapping"
    value = node.value
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    shown = value if len(value) <= 40 else value[:39] + "…"
    return f'the string "{shown}"'


def is_null(node: Node) -> bool:
    """Whether it is `null`, or nothing at all."""
    return isinstance(node, Scalar) and node.value is None and not isinstance(node, Hidden)
