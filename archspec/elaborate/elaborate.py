"""The document into the graph: blocks and repeats expanded, expressions evaluated, shapes inferred."""

from __future__ import annotations

import re
from typing import Any

from archspec.elaborate import entry, initialization
from archspec.elaborate.context import Context
from archspec.elaborate.declared_defaults import check_block_defaults, check_defaults, idle_defaults
from archspec.elaborate.defaults import Defaults
from archspec.elaborate.environment import Environment, Value, as_data
from archspec.elaborate.expressions import UNKNOWN
from archspec.elaborate.file_variables import file_variables
from archspec.elaborate.inplace import shared_inplace
from archspec.elaborate.joined import joined
from archspec.elaborate.kinds import check_blocks, check_kinds
from archspec.elaborate.left_out import check_held, check_left_out
from archspec.elaborate.limits import MOST_FAULTS
from archspec.elaborate.meant_kinds import with_meant_kinds
from archspec.elaborate.outputs import as_output, model_outputs
from archspec.elaborate.scope import open_scope
from archspec.elaborate.sequence import fill
from archspec.elaborate.size import check_size
from archspec.elaborate.unused import unused_values
from archspec.elaborate.unused_blocks import check_unused_blocks
from archspec.elaborate.values import evaluate
from archspec.errors import Diagnostic, Edit, SpecError
from archspec.graph.fragment import Fragment
from archspec.graph.nodes import Graph, Ref, Scope
from archspec.ops.common import model_input
from archspec.records import record
from archspec.source.tree import Node, Scalar, Sequence, describe
from archspec.spec.document import Document, Input
from archspec.tensors import N, TensorType

_LARGEST_SIZE = 2**31
_SIZES = re.compile(r"[(\[]?\s*\d{1,9}(\s*[,xX×*]\s*\d{1,9})*\s*,?\s*[)\]]?")


@record
class Elaborated:
    """The graph (None after a fault), what is known of it, the variables' values, and every fault and warning."""

    graph: Graph | None
    fragment: Fragment | None
    variables: dict[str, Any]
    diagnostics: list[Diagnostic]


def elaborate(document: Document) -> Elaborated:
    """Expand and infer a whole document."""
    document = with_meant_kinds(document)
    context = Context(
        blocks=document.blocks,
        removed_blocks=document.removed_blocks,
        globals={},
        policies=initialization.Policies(),
        place=entry.place,
        place_one=entry.place_one,
    )
    variables: dict[str, Any] = {}
    graph, fragment = None, None
    try:
        if document.defaults is not None:
            context.defaults = Defaults(document.defaults, check_defaults(context, document.defaults))
        context.globals = file_variables(context, document.variables)
        variables = {name: as_data(value) for name, value in context.globals.items()}
        context.policies = initialization.read_policies(context, document.init)
        if context.defaults is not None:
            context.defaults.evaluate_all(context)
        check_block_defaults(context, document.blocks)
        check_blocks(context, dict(document.blocks))
        for item in document.layers.items:
            check_kinds(context, item)
        check_size(context, document)
        if not document.is_library:
            graph, fragment = _graph(context, document)
        check_unused_blocks(context, document.blocks)
        check_left_out(context)
        check_held(context)
    except SpecError as error:  # a limit: nothing after it can be trusted
        return Elaborated(None, fragment, variables, [*context.faults(), *error.diagnostics])
    if context.failed or graph is None:
        return Elaborated(None, fragment, variables, context.faults())
    for fault in shared_inplace(graph, context.inplace_by_default):
        context.fault(fault)
    if context.failed:
        return Elaborated(None, fragment, variables, context.faults())
    input_spans = {declared.name: declared.span for declared in document.inputs}
    warnings = [*unused_values(graph, input_spans), *initialization.unused(context.policies), *idle_defaults(context)]
    return Elaborated(graph, fragment, variables, [*context.faults(), *warnings][:MOST_FAULTS])


def _graph(context: Context, document: Document) -> tuple[Graph | None, Fragment]:
    span = document.layers.span
    environment = Environment(context.globals, {}, ())
    types = [_input_type(context, declared, environment) for declared in document.inputs]
    outer = tuple(Value(Ref(-1), type_) for type_ in types)
    scope = open_scope(context, "", "", "model", span, outer, [declared.name for declared in document.inputs])
    for parameter, declared, type_ in zip(scope.parameters, document.inputs, types, strict=True):
        if type_ is not None:
            context.record(parameter.id, declared.name, (type_,), declared.span, ())
    values = scope.values()
    inside = Environment(context.globals, values, tuple(values.values()), forward="", defaults=context.defaults)
    nodes = fill(context, document.layers, inside, "")
    fragment = Fragment(scope.parameters, tuple(nodes), context.lost)
    outputs, form = model_outputs(context, document.outputs, inside)
    if context.failed or any(value.type is None for _, value, _ in outputs):
        return None, fragment
    root = Scope(
        id=context.new_id(span),
        name="",
        path="",
        kind="model",
        inputs=(),
        parameters=scope.parameters,
        body=tuple(joined(node, context.joined) for node in nodes) if context.joined else tuple(nodes),
        results=tuple(value.ref for _, value, _ in outputs),
        outputs=tuple(value.type for _, value, _ in outputs if value.type is not None),
        ports=tuple(name for name, _, _ in outputs),
        span=span,
    )
    made = tuple(as_output(*output) for output in outputs)
    return Graph(document.name, root, made, form, document.description), fragment


def _input_type(context: Context, declared: Input, environment: Environment) -> TensorType | None:
    sizes = evaluate(context, declared.shape, environment.variables)
    if sizes is UNKNOWN:
        return None
    if not isinstance(sizes, list):
        help, edit = _as_list(declared.shape, sizes)
        found = describe(declared.shape)
        message = f"the shape of `{declared.name}` must be a list of sizes without the batch, found {found}"
        context.fault(Diagnostic("AS101", message, declared.shape.span, help=help, edit=edit))
        return None
    for index, size in enumerate(sizes):
        if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= _LARGEST_SIZE:
            _bad_size(context, declared, index, size)
            return None
    dtype = "float32" if declared.dtype is None else str(declared.dtype.value)
    return model_input(TensorType((N, *sizes), dtype))


def _as_list(node: Node, value: Any) -> tuple[str, Edit | None]:
    """`784`, `3x32x32` and `(3, 32, 32)` in square brackets."""
    numbers = re.findall(r"\d+", str(value)) if _SIZES.fullmatch(str(value)) else []
    if not numbers or node.span.text.startswith("$"):
        return "write e.g. `[3, 224, 224]`", None
    meant = f"[{', '.join(numbers)}]"
    return f"write `{meant}`", Edit(node.span, meant)


_A_SIZE = "write the sizes of one sample, as in `[3, 224, 224]`"


def _bad_size(context: Context, declared: Input, index: int, size: Any) -> None:
    node = declared.shape
    at = node.items[index] if isinstance(node, Sequence) and index < len(node) else node
    help = "leave the batch out: it is always there" if size in (-1, "N", None) and index == 0 else None
    if isinstance(size, str):
        unknown = "each size is a number: write the one that it has in training"
        help = (
            "leave the batch out: it is always there" if index == 0 and size.lower() in ("n", "b", "batch") else unknown
        )
        if size in context.globals:
            help = f"write `${size}` for the variable"
        elif size.isdecimal():
            help = "remove the quotes"
    elif size is None and index:
        help = "each size is a number: write the one that it has in training"
    elif isinstance(size, int) and help is None:
        help = "write the size that it has in training"
    edit = None
    if isinstance(size, float) and size.is_integer() and 1 <= size <= _LARGEST_SIZE and at.span.text[:1].isdigit():
        edit = Edit(at.span, str(int(size)))
        help = f"write `{edit.text}`"
    found = describe(at) if isinstance(at, Scalar) and not isinstance(size, int) else f"{size}"
    message = f"a size of `{declared.name}` must be an integer ≥ 1, found {found}"
    context.fault(Diagnostic("AS101", message, at.span, help=help or _A_SIZE, edit=edit))
