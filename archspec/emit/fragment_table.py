"""The table of a model that a fault withholds: what is known up to the faulty entry, which is marked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from archspec.emit.table import Row, aligned, kind_of, rows_of
from archspec.graph.fragment import Fragment, Lost
from archspec.graph.nodes import Absent, Node, Scope

_NO_SHAPE = "[]"  # of a scope whose result a fault took away


def fragment_table(fragment: Fragment, *, full: bool = False) -> str:
    """Aligned text, as `archspec check --table` prints it after an error; the last line is the faulty entry's."""
    rows = [
        Row(0, parameter.name, "input", str(parameter.type) if parameter.type.shape else "not known", 0, 0)
        for parameter in fragment.parameters
    ]
    lost = fragment.lost
    rows += _known(fragment.body, lost, 0, full)
    if lost is None:
        return "\n".join(aligned(rows)) + "\n"
    fault = "not known" if lost.code is None else lost.code
    rows.append(Row(lost.path.count("."), lost.name, lost.kind, f"← {fault}, line {lost.line}", 0, 0))
    return "\n".join([*aligned(rows), "what comes after it is not known"]) + "\n"


def _honest(row: Row) -> Row:
    return replace(row, output="not known") if row.output == _NO_SHAPE else row


def _known(nodes: tuple[Node, ...], lost: Lost | None, depth: int, full: bool) -> Iterator[Row]:
    """The rows of the nodes before the lost entry; the scopes around that are opened."""
    for node in nodes:
        if lost is None or node.id <= lost.before:
            yield from map(_honest, rows_of(node, depth, full))
        elif isinstance(node, Scope) and lost.path.startswith(node.path + "."):
            yield Row(depth, node.name, kind_of(node), "…", 0, 0)
            yield from _known(node.body, lost, depth + 1, full)
        elif not isinstance(node, Absent):
            return
