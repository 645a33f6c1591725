"""What buffers hold that are computed: a function for each, which runs when the model is made."""

from __future__ import annotations

from collections.abc import Callable

from archspec.emit.forward import INDENT, Comment, ForwardWriter
from archspec.emit.lift import Crossings
from archspec.emit.names import Names
from archspec.emit.returning import returning
from archspec.emit.uses import Uses
from archspec.graph.nodes import Call, Scope


def function_of(
    value: Scope,
    on_helper: Callable[[Call, str], None],
    comment: Comment | None = None,
) -> str:
    """The function without its first line; it has no arguments, and makes its tensor on the default device.

    Args:
        value: the functions that compute the buffer.
        on_helper: told of each call of the catalogue and its text.
        comment: what to write behind the statement of a node.
    """
    writer = ForwardWriter(Uses(Crossings(), frozenset()), on_helper, {}, Names(), "1", str, len, comment)
    lines = [f'"""The values of the buffer `{value.name}`."""', *writer.statements(value.body, value.results)]
    spread = any(isinstance(node, Call) and node.op.view == "locked" for node in value.body)
    result = writer.of(value.results[0]) + (".contiguous()" if spread else "")  # so that a checkpoint can be copied in
    return "\n".join(INDENT + line for line in returning(lines, [result]))
