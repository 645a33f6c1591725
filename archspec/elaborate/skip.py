"""`skip`: the input merged with the output, by itself or through a projection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from archspec.elaborate.arguments import Given
from archspec.elaborate.call import apply_op
from archspec.elaborate.context import Context
from archspec.elaborate.environment import Binding, Environment, Names, Value
from archspec.elaborate.expressions import UNKNOWN
from archspec.elaborate.kinds import check_kinds
from archspec.elaborate.scope import NOTHING, OpenScope, Placed, join, open_scope
from archspec.elaborate.values import evaluate
from archspec.errors import Diagnostic, Edit, Span
from archspec.graph.nodes import Node, Ref
from archspec.ops.registry import find
from archspec.records import record
from archspec.source.tree import Mapping as TreeMapping
from archspec.source.tree import Node as TreeNode
from archspec.source.tree import Scalar, describe
from archspec.spec.document import Entry
from archspec.spec.read_entries import read_entry
from archspec.spec.reader import Reader
from archspec.suggest import nearest
from archspec.tensors import TensorType

MERGES = ("add", "concat", "mul")
PROJECT = "project"


@record
class Skip:
    """How the shortcut is merged. `project` is the entry for the shortcut, `"auto"`, or None for the bare input."""

    merge: str
    span: Span
    align: Given | None = None
    project: Entry | str | None = None


def read_skip(context: Context, node: TreeNode, environment: Environment) -> Skip | None:
    """The `skip` modifier, in its short or its long form; None after a fault."""
    names = Names(environment)
    if isinstance(node, TreeMapping):
        return _read_long(context, node, names)
    merge = _read_merge(context, node, names)
    return None if merge is None else Skip(merge, node.span)


def _read_merge(context: Context, node: TreeNode, names: Names) -> str | None:
    value = evaluate(context, node, names)
    if value is UNKNOWN:
        return None
    if isinstance(value, str) and value in MERGES:
        return value
    words = ", ".join(f"`{word}`" for word in MERGES)
    message = f"`skip` merges by one of {words}, found {describe(node)}"
    guess = nearest(str(node.value), MERGES) if isinstance(node, Scalar) else []
    edit = Edit(node.span, guess[0] if guess else "add") if guess or value is True else None
    help = f"did you mean `{guess[0]}`?" if guess else "write `add` to add the input to the output"
    context.fault(Diagnostic("AS101", message, node.span, help=help, edit=edit))
    return None


def _read_long(context: Context, node: TreeMapping, names: Names) -> Skip | None:
    reader = Reader()
    reader.keys(node, ("merge", "project", "align"), "`skip`")
    merge_node, project_node = node.get("merge"), node.get("project")
    merge = "add" if merge_node is None else _read_merge(context, merge_node, names)
    project: Entry | str | None = None
    if isinstance(project_node, Scalar) and project_node.value in ("auto", None):
        project = "auto" if project_node.value == "auto" else None
    elif project_node is not None:
        project = read_entry(reader, None, project_node)
    for fault in reader.faults:
        context.fault(fault)
    if merge is None or reader.faults or (isinstance(project, Entry) and not check_kinds(context, project)):
        return None
    align = node.get("align")
    given = None if align is None else Given(evaluate(context, align, names), align, node.key("align"))
    return Skip(merge, node.span, given, project)


def merged(context: Context, skip: Skip, inputs: tuple[Value, ...], placed: Placed, name: str, path: str) -> Placed:
    """The entry's nodes, and after them the merge of its input with its output, which the name then means."""
    result = _merge(context, skip, inputs[0], placed.binding.first, f"{name}-skip", f"{path}-skip", name)
    if placed.lost:
        return placed
    binding = replace(placed.binding, ports=result.binding.ports)
    return Placed((*placed.nodes, *result.nodes), binding)


def _merge(context: Context, skip: Skip, shortcut: Value, value: Value, name: str, path: str, shown: str) -> Placed:
    op = find(skip.merge)
    assert op is not None
    align = {} if skip.align is None else {"align": skip.align}
    words = f"the skip around `{shown}`"
    return apply_op(context, op, align, (shortcut, value), name, path, words, skip.span)


def projected(
    context: Context,
    scope: OpenScope,
    nodes: Sequence[Node],
    inside: Environment,
    results: Mapping[str, Value],
    skip: Skip,
) -> Placed:
    """The scope closed with a shortcut inside it, whose layers are its child `project`."""
    shortcut = next(iter(scope.values().values()))
    result = next(iter(results.values()))
    if shortcut.type is None or result.type is None:
        return scope.close(nodes, results, inner=inside.bindings)
    path = join(scope.path, PROJECT)
    if PROJECT in inside.declared and skip.project is not None:
        return _name_taken(context, inside.declared[PROJECT].place, skip)
    if isinstance(skip.project, Entry):
        projection = context.place(context, skip.project, inside.child(previous=(shortcut,)), PROJECT, path)
    elif shortcut.type.shape == result.type.shape:
        projection = Placed((), Binding({"output": shortcut}))
    else:
        projection = _automatic(context, shortcut, result.type, path, scope.name, skip)
    merge = _merge(context, skip, projection.binding.first, result, "skip", join(scope.path, "skip"), scope.name)
    body = [*nodes, *projection.nodes, *merge.nodes]
    return scope.close(body, {"output": merge.binding.first}, inner=inside.bindings)


def _name_taken(context: Context, other: Span, skip: Skip) -> Placed:
    message = (
        f"the projection of this `skip` is called `{PROJECT}`, and so is the entry in {other.line_seen_from(skip.span)}"
    )
    context.fault(Diagnostic("AS106", message, skip.span, help="give that entry another name"))
    return NOTHING


def _automatic(context: Context, shortcut: Value, wanted: TensorType, path: str, shown: str, skip: Skip) -> Placed:
    """A 1×1 convolution with the stride that fits and a batch norm; for features, a linear map and a batch norm."""
    given = shortcut.type
    assert given is not None
    rank = given.rank
    if rank != wanted.rank or not 2 <= rank <= 5:
        return _cannot_project(context, given, wanted, shown, skip)
    steps = [_stride(size, target) for size, target in zip(given.spatial, wanted.spatial, strict=True)]
    if any(step is None for step in steps):
        return _cannot_project(context, given, wanted, shown, skip)
    layers: list[tuple[str, dict[str, object]]]
    if rank == 2:
        layers = [("Linear", {"out_features": wanted.shape[1], "bias": False}), ("BatchNorm1d", {})]
    else:
        stride = steps[0] if len(set(steps)) == 1 else list(steps)
        convolution: dict[str, object] = {
            "out_channels": wanted.shape[1],
            "kernel_size": 1,
            "stride": stride,
            "bias": False,
        }
        layers = [(f"Conv{rank - 2}d", dict(convolution)), (f"BatchNorm{rank - 2}d", {})]
    return _made(context, shortcut, layers, path, skip)


def _stride(size: int, target: int) -> int | None:
    """The least stride s for which ⌊(size − 1) / s⌋ + 1 = target."""
    if target == size:
        return 1
    if target > size or target < 1:
        return None
    return next((step for step in range(2, size + 1) if (size - 1) // step + 1 == target), None)


def _made(
    context: Context, shortcut: Value, layers: list[tuple[str, dict[str, object]]], path: str, skip: Skip
) -> Placed:
    scope = open_scope(context, PROJECT, path, "sequence", skip.span, (shortcut,))
    value = Value(Ref(scope.parameters[0].id), shortcut.type)
    nodes: list[Node] = []
    node = Scalar(None, skip.span)
    for index, (kind, arguments) in enumerate(layers):
        op = find(kind)
        assert op is not None
        given = {name: Given(argument, node) for name, argument in arguments.items()}
        placed = apply_op(context, op, given, (value,), str(index), join(path, str(index)), "the projection", skip.span)
        nodes += placed.nodes
        value = placed.binding.first
    return scope.close(nodes, {"output": value})


def _cannot_project(context: Context, given: TensorType, wanted: TensorType, shown: str, skip: Skip) -> Placed:
    context.fault(
        Diagnostic(
            "AS304",
            f"no 1×1 convolution takes the input {given} of `{shown}` to its output {wanted}",
            skip.span,
            help="give `project:` an entry of your own, or drop the skip",
        )
    )
    return NOTHING
