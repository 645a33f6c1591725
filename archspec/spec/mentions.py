"""Which names the values of a tree mention, as far as can be told without evaluating them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from archspec.source.tree import Node, Scalar, Sequence

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def mentioned(node: Node) -> Iterator[str]:
    """Every word of every string that has a `$`; keys too, since kinds and names can be expressions."""
    if isinstance(node, Scalar):
        if isinstance(node.value, str) and "$" in node.value:
            yield from _WORD.findall(node.value)
    elif isinstance(node, Sequence):
        for item in node:
            yield from mentioned(item)
    else:
        for key, value in node:
            yield from mentioned(key)
            yield from mentioned(value)


def in_order_of_need(names: Iterable[str], declared: Mapping[str, Node | None]) -> list[str]:
    """Those of the names that are declared, and those that their values mention, each after what it needs.

    Names that need each other come in some order.
    """
    found: list[str] = []
    asked: set[str] = set()
    open_: list[tuple[str, Iterator[str]]] = [("", iter(names))]
    while open_:
        name, needs = open_[-1]
        need = next((each for each in needs if each in declared and each not in asked), None)
        if need is None:
            open_.pop()
            found.append(name)
            continue
        asked.add(need)
        value = declared[need]
        open_.append((need, iter(()) if value is None else mentioned(value)))
    return found[:-1]
