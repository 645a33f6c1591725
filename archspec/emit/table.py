"""The table of a model: name, kind, output shape, parameters and MACs of each layer, repeats folded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from archspec.emit.activations import Activations, activations
from archspec.graph.costs import macs
from archspec.graph.nodes import Absent, Call, Graph, Node, Scope, calls_of
from archspec.records import record

Cells: TypeAlias = tuple[str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """One line. `count` is the number of like copies that it stands for; numbers are those of one of them."""

    depth: int
    name: str
    kind: str
    output: str
    num_params: int
    macs: int
    count: int = 1


@record
class Table:
    """All lines and the totals."""

    rows: tuple[Row, ...]
    num_params: int
    macs: int
    activations: Activations
    num_frozen: int = 0
    training_only_macs: int = 0

    def render(self) -> str:
        """Aligned text, as `archspec build` prints it."""
        total = ("total", "", "", f"{self.num_params:,}", f"{self.macs:,}")
        lines = aligned(self.rows, total)
        if self.training_only_macs:
            lines.append(
                f"{self.training_only_macs:,} MACs more in training, for outputs that are there in training only"
            )
        if self.num_frozen:
            lines.append(f"{self.num_params - self.num_frozen:,} params trainable, {self.num_frozen:,} frozen")
        lines.append(
            f"activations per sample: {_bytes(self.activations.forward)} to evaluate, "
            f"{_bytes(self.activations.training)} to train"
        )
        return "\n".join(lines) + "\n"


def table(graph: Graph, *, full: bool = False) -> Table:
    """The table of a graph.

    Args:
        graph: a checked graph.
        full: a line for every copy of a repeat and every layer; otherwise copies that are alike share one line, and
            blocks are not opened.
    """
    rows = [Row(0, parameter.name, "input", str(parameter.type), 0, 0) for parameter in graph.root.parameters]
    for node in graph.root.body:
        rows += rows_of(node, 0, full)
    cost = macs(graph)
    total = graph.num_params, cost.inference
    return Table(tuple(rows), *total, activations(graph), graph.num_frozen, cost.training_only)


def aligned(rows: Sequence[Row], *last: Cells) -> list[str]:
    """Head, rule, a line for each row, rule, and the last lines, in columns."""
    head = ("name", "kind", "output shape", "params", "MACs")
    body = [_cells(row) for row in rows]
    widths = [max(len(line[column]) for line in (head, *body, *last)) for column in range(5)]
    rule = "─" * (sum(widths) + 2 * 4)
    lines = (_line(line, widths) for line in body)
    return [_line(head, widths), rule, *lines, rule, *(_line(line, widths) for line in last)]


def _cells(row: Row) -> Cells:
    name = "  " * row.depth + row.name + (f" ×{row.count}" if row.count > 1 else "")
    return name, row.kind, row.output, _number(row.num_params), _number(row.macs)


def _bytes(value: int) -> str:
    if value < 1000:
        return f"{value} bytes"
    return f"{value / 1e3:,.1f} kB" if value < 1e6 else f"{value / 1e6:,.1f} MB"


def _number(value: int) -> str:
    return f"{value:,}" if value else "–"


def _line(cells: Cells, widths: list[int]) -> str:
    words = [cell.ljust(width) for cell, width in zip(cells[:3], widths[:3], strict=True)]
    numbers = [cell.rjust(width) for cell, width in zip(cells[3:], widths[3:], strict=True)]
    return "  ".join(words + numbers).rstrip()


def rows_of(node: Node, depth: int, full: bool) -> Iterator[Row]:
    """The lines of a node, and of what is inside it as far as the table shows that."""
    if isinstance(node, Absent):
        return
    output = ", ".join(str(type_) for type_ in node.outputs)
    yield Row(depth, node.name, kind_of(node), output, _params(node), _macs(node))
    if not isinstance(node, Scope):
        return
    if full or node.kind in ("sequence", "branches"):
        for inner in node.body:
            yield from rows_of(inner, depth + 1, full)
    elif node.kind == "copies":
        yield from _folded(node, depth + 1)


def kind_of(node: Call | Scope) -> str:
    """The layer, function or block that it is, or the container that holds it."""
    if isinstance(node, Call):
        return node.op.name
    if node.kind == "block":
        return str(node.block)
    if node.is_container:
        return "ModuleDict" if node.keyed else "ModuleList"
    return "Sequential"


def _params(node: Node) -> int:
    return sum(call.num_params for call in calls_of(node))


def _macs(node: Node) -> int:
    return sum(call.macs for call in calls_of(node))


def _folded(scope: Scope, depth: int) -> Iterator[Row]:
    """Runs of copies that have the same shapes and sizes, each run as its first copy with a count."""
    runs: list[tuple[list[tuple[Node, ...]], list[Row]]] = []
    for nodes, _ in scope.each_copy():
        rows = [row for node in nodes for row in rows_of(node, depth, full=False)]
        if runs and _alike(runs[-1][1], rows):
            runs[-1][0].append(nodes)
        else:
            runs.append(([nodes], rows))
    for copies, rows in runs:
        first = rows[0]
        name = first.name if len(copies) == 1 else f"{first.name}–{copies[-1][0].name}"
        yield Row(depth, name, first.kind, first.output, first.num_params, first.macs, len(copies))
        yield from rows[1:]


def _alike(a: list[Row], b: list[Row]) -> bool:
    """Equal but for the copies' own names, `0` and `1`, or with a skip, `0-skip` and `1-skip`."""
    return _nameless(a) == _nameless(b)


def _nameless(rows: list[Row]) -> list[Row]:
    depth, own = rows[0].depth, rows[0].name
    return [replace(row, name=row.name.removeprefix(own)) if row.depth == depth else row for row in rows]
