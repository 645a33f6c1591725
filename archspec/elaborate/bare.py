"""`Parameter` and `Buffer`: bare tensors of the module around them."""

from __future__ import annotations

from archspec.elaborate.arguments import Given, Overrides, written
from archspec.elaborate.call import apply_op
from archspec.elaborate.context import Context
from archspec.elaborate.environment import Environment, Names
from archspec.elaborate.expressions import UNKNOWN
from archspec.elaborate.initialization import read_init
from archspec.elaborate.scope import NOTHING, Placed
from archspec.elaborate.values import resolved
from archspec.errors import Diagnostic
from archspec.ops.entry import Op
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
    arguments = written(context, use.kind, use.arguments, op.primary, [arg.name for arg in op.args])
    if arguments is None:
        return NOTHING
    init = arguments.nodes.get("init")
    rest = type(arguments)({key: pair for key, pair in arguments.nodes.items() if key != "init"})
    given = {
        key: value for key, value in rest.evaluate(context, environment, overrides).items() if op.arg(key) is not None
    }
    if init is not None:
        key, node = init
        plain = resolved(context, node, Names(environment))
        read = None if plain is None else read_init(context, plain)
        given["init"] = Given(UNKNOWN if read is None else read, node, key)
    shown = f"`{entry.name.value if entry.name is not None else use.kind.value}`"
    return apply_op(context, op, given, (), name, path, shown, use.kind.span)
