"""`layers` of a `Buffer`: functions that compute what it holds, once, when the model is made."""

from __future__ import annotations

from archspec.elaborate.context import Context
from archspec.elaborate.environment import Environment
from archspec.elaborate.functions import INSTEAD
from archspec.elaborate.scope import open_scope
from archspec.elaborate.sequence import fill
from archspec.errors import Diagnostic, Span
from archspec.graph.nodes import Call, Node, Scope
from archspec.ops.code import BATCH, expression
from archspec.spec.document import Entries


def compute(context: Context, entries: Entries, environment: Environment, name: str, path: str) -> Scope | None:
    """The functions as a scope without inputs; None after a fault.

    Args:
        context: the elaboration.
        entries: what `read_functions` gave.
        environment: the scope that has the buffer. Its variables are known, and of its tensors the sizes.
        name: the buffer's name.
        path: its place in the module tree.
    """
    before = context.count_faults()
    inside = Environment({}, {}, (), beyond=environment, defaults=environment.defaults)
    scope = open_scope(context, name, path, "sequence", entries.span, (), ())
    nodes = fill(context, entries, inside, path)
    result = next(reversed(inside.bindings.values())).first if inside.bindings else None
    if result is None or result.type is None or context.count_faults() > before:
        return None
    certain = [_is_certain(context, node) for node in nodes]
    if not all(certain):
        return None
    made = scope.close(nodes, {"output": result}).nodes[0]
    return made if isinstance(made, Scope) else None


def _is_certain(context: Context, node: Node) -> bool:
    """Whether a function gives the same whenever it runs, and needs no batch."""
    if not isinstance(node, Call):
        return False
    code = expression(node.op, node.args, ("x",) * len(node.inputs))
    if node.op.name.startswith("rand") or "self." in code:
        _fault(context, f"`{node.name}` draws random numbers, and what a buffer holds is certain", node.span)
    elif BATCH in code:
        _fault(context, f"`{node.name}` needs the batch size, and a buffer has no batch", node.span)
    else:
        return True
    return False


def _fault(context: Context, message: str, span: Span) -> None:
    context.fault(Diagnostic("AS236", message, span, help=INSTEAD))
