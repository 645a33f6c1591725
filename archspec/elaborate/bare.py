"""`Parameter` and `Buffer`: bare tensors of the module around them."""

from __future__ import annotations

from dataclasses import replace

from archspec.elaborate.arguments import Given, Overrides, Written, written
from archspec.elaborate.call import apply_op
from archspec.elaborate.computed import compute
from archspec.elaborate.context import Context
from archspec.elaborate.defaults import init_of, with_defaults
from archspec.elaborate.environment import Environment, Names
from archspec.elaborate.functions import read_functions
from archspec.elaborate.scope import NOTHING, Placed
from archspec.errors import Diagnostic
from archspec.graph.nodes import Call, Scope
from archspec.ops.entry import Init, Op
from archspec.source.tree import Node, Scalar
from archspec.spec.document import Entry, KindUse


def place_bare(
    context: Context,
    op: Op,
    entry: Entry,
    use: KindUse,
    environment: Environment,
    name: str,
    path: str,
    overrides: Overrides,
) -> Placed:
    """The call that stands for the tensor. It has no inputs, and its module is the scope's own."""
    if entry.modifiers.repeat is not None:
        return NOTHING  # reported by the check of kinds
    if environment.forward is None:
        message = (
            f"a `{op.name}` belongs to a module, and the copies and branches around this one have none of their own"
        )
        help = "make it an entry of a block or a sequence, with the layers that use it"
        context.fault(Diagnostic("AS234", message, use.kind.span, help=help))
        return NOTHING
    arguments = written(context, use.kind, use.arguments, op.primary, op.args)
    if arguments is None:
        return NOTHING
    rest = Written({key: pair for key, pair in arguments.nodes.items() if key not in ("init", "layers")})
    given = {
        key: value for key, value in rest.evaluate(context, environment, overrides).items() if op.arg(key) is not None
    }
    init = arguments.nodes.get("init")
    if init is not None:
        given["init"] = Given(init_of(context, init[1], Names(environment)), init[1], init[0])
    if "layers" not in arguments.nodes:
        given = dict(with_defaults(context, op, environment, given))
    shown = f"`{entry.name.value if entry.name is not None else use.kind.value}`"
    if op.arg("layers") is None or "layers" not in arguments.nodes:
        return apply_op(context, op, given, (), name, path, shown, use.kind.span)
    key, node = arguments.nodes["layers"]
    value = _value(context, given, node, environment, name, path, shown)
    if value is None:
        return NOTHING
    given |= _holding(value, node, key)
    placed = apply_op(context, op, given, (), name, path, shown, use.kind.span)
    return replace(placed, nodes=tuple(replace(call, value=value) for call in placed.nodes if isinstance(call, Call)))


def _value(
    context: Context, given: dict[str, Given], node: Node, environment: Environment, name: str, path: str, shown: str
) -> Scope | None:
    """What computes the buffer; None after a fault."""
    extra = next((given[word] for word in ("shape", "init", "values", "dtype") if word in given), None)
    if extra is not None and extra.key is not None:
        message = f"`{extra.key.value}` of {shown} follows from its `layers`"
        context.fault(Diagnostic("AS402", message, extra.key.span, help=f"remove `{extra.key.value}`"))
    entries = read_functions(context, node)
    if entries is None or extra is not None:
        return None
    return compute(context, entries, environment, name, path)


def _holding(value: Scope, node: Node, key: Scalar | None) -> dict[str, Given]:
    """The arguments of a buffer of that shape and type."""
    (type_,) = value.outputs
    told = {"shape": list(type_.shape), "dtype": type_.dtype, "init": Init("zeros")}
    return {name: Given(argument, node, key) for name, argument in told.items()}
