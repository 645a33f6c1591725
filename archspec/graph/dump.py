"""A stable text of a graph, for golden files and for people who debug the compiler."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.graph.nodes import Absent, Call, Graph, Node, Ref, Scope
from archspec.ops.entry import Args, Op


def dump(graph: Graph) -> str:
    """One line per node: its name, what it applies to what, and the types of its outputs."""
    names: dict[int, str] = {}
    lines = [f"graph {graph.name}"]
    for parameter in graph.root.parameters:
        names[parameter.id] = f"%{parameter.name}"
        lines.append(f"  %{parameter.name}: {parameter.type}")
    for node in graph.root.body:
        lines += _node_lines(node, names, "  ")
    for output in graph.outputs:
        when = " when training" if output.training_only else ""
        lines.append(f"  return {output.name} = {_show(output.ref, names)}: {output.type}{when}")
    return "\n".join(lines) + "\n"


def _node_lines(node: Node, names: dict[int, str], indent: str) -> Iterator[str]:
    names[node.id] = f"%{node.path}"
    inputs = ", ".join(_show(ref, names) for ref in node.inputs)
    types = ", ".join(str(type) for type in node.outputs)
    if isinstance(node, Absent):
        yield f"{indent}%{node.path} = absent({inputs}): {types}"
        return
    if isinstance(node, Call):
        again = f" of %{node.module}" if node.module else ""
        yield f"{indent}%{node.path} = {node.op.name}{again}({inputs}){_changed(node.op, node.args)}: {types}"
        for inner in node.value.body if node.value is not None else ():
            yield from _node_lines(inner, names, indent + "  ")
        return
    yield f"{indent}%{node.path} = {_title(node)}({inputs}): {types}"
    for parameter in node.parameters:
        names[parameter.id] = f"%{node.path}:{parameter.name}"
    for inner in node.body:
        yield from _node_lines(inner, names, indent + "  ")
    yield f"{indent}  yield " + ", ".join(_show(ref, names) for ref in node.results)


def _title(scope: Scope) -> str:
    if scope.kind == "block":
        given = ", ".join(f"{name}={value!r}" for name, value in scope.arguments.items())
        return f"block {scope.block}[{given}]"
    again = f" of %{scope.module}" if scope.module else ""
    return (f"copies×{len(scope.copies)}" if scope.kind == "copies" else scope.kind) + again + " "


def _changed(op: Op, args: Args) -> str:
    """The arguments that differ from the defaults."""
    given = [f"{arg.name}={args[arg.name]!r}" for arg in op.args if args[arg.name] != arg.default]
    return f" {{{', '.join(given)}}}" if given else ""


def _show(ref: Ref, names: dict[int, str]) -> str:
    return names[ref.id] + (f".{ref.port}" if ref.port else "")
