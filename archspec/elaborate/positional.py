"""Arguments without names, as Python calls have them: told with the names that they have by their place."""

from __future__ import annotations

from collections.abc import Sequence as Sequence_

from archspec.elaborate.context import Context
from archspec.errors import Diagnostic, Edit, clip
from archspec.ops.entry import Op
from archspec.ops.faults import BadValue
from archspec.source.tree import Mapping, Node, Scalar, Sequence
from archspec.spec.document import Parameter

_LONGEST_CALL = 200


def by_place(context: Context, op: Op, node: Node | None) -> Node | None:
    """`{Conv2d: [3, 16, 3]}` with the names that the values have in torch, where no argument takes such a list."""
    primary = None if op.primary is None else op.arg(op.primary)
    if not op.is_module or op.free is not None or not isinstance(node, Sequence):
        return node
    if primary is not None:
        try:
            primary.type.accept([item.value if isinstance(item, Scalar) else [] for item in node])
        except BadValue as fault:
            if fault.index is not None:  # a list is right, and one of its values is not
                return node
        else:
            return node
    return named(context, op.name, _places(op, len(node)), node) or node


def _places(op: Op, count: int) -> list[str]:
    """The names by place; without what is inferred where the values are too few for all that is required."""
    names = [arg.name for arg in op.args]
    required = {arg.name for arg in op.args if arg.is_required}
    written = [arg.name for arg in op.args if arg.inferred is None]
    is_short = not required <= set(names[:count]) and required <= set(written[:count])
    return written if is_short else names


def named(context: Context, kind: str, names: Sequence_[str], node: Sequence) -> Mapping | None:
    """The values of a list under the names of their places; None where there are no such places. A fault is told."""
    values = [item for item in node if isinstance(item, (Scalar, Sequence))]
    if not 1 < len(node) <= len(names) or len(values) < len(node):
        return None
    parts = [f"{name}: {item.span.text}" for name, item in zip(names, node, strict=False)]
    meant = f"{{{', '.join(parts)}}}"
    help = f"write `{clip(meant, 100)}`"
    edit = Edit(node.span, meant) if "\n" not in meant and "#" not in meant else None
    context.fault(Diagnostic("AS202", f"arguments of `{clip(kind)}` have names", node.span, help=help, edit=edit))
    return Mapping(tuple((Scalar(name, item.span), item) for name, item in zip(names, node, strict=False)), node.span)


def takes_list(parameter: Parameter) -> bool:
    """Whether a list can be the value of a block's parameter: one of layers is a sequence."""
    return parameter.is_list or parameter.type not in ("int", "float", "bool", "str")


def as_entry(op: Op, call: str) -> str | None:
    """`nn.Conv2d(3, 16, 3, padding=1)` as `{Conv2d: {in_channels: 3, …}}`; None where its values are no plain ones."""
    import ast

    if len(call) > _LONGEST_CALL:
        return None
    try:
        tree = ast.parse(call.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if not isinstance(tree, ast.Call) or len(tree.args) > len(op.args):
        return None
    named = [(arg.name, value) for arg, value in zip(op.args, tree.args, strict=False)]
    named += [(keyword.arg or "", keyword.value) for keyword in tree.keywords]
    written = [(name, _plain(value)) for name, value in named]
    if any(value is None or op.arg(name) is None for name, value in written):
        return None
    if any(arg.is_required and arg.name not in dict(written) for arg in op.args):
        return None
    return f"{{{op.name}: {{{', '.join(f'{name}: {value}' for name, value in written)}}}}}" if written else op.name


def _plain(node: object) -> str | None:
    """A number, a truth value, `None`, a word, or a tuple of such, as YAML has them; sums of numbers as expressions."""
    import ast

    if isinstance(node, ast.Constant):
        if isinstance(node.value, bool) or node.value is None:
            return "null" if node.value is None else str(node.value).lower()
        if isinstance(node.value, str):
            return node.value if node.value.isidentifier() else None
        return str(node.value) if isinstance(node.value, (int, float)) else None
    if isinstance(node, (ast.Tuple, ast.List)):
        parts = [_plain(item) for item in node.elts]
        return None if any(part is None for part in parts) else f"[{', '.join(str(part) for part in parts)}]"
    if isinstance(node, (ast.BinOp, ast.UnaryOp)):
        leaves = (ast.BinOp, ast.UnaryOp, ast.Constant, ast.operator, ast.unaryop)
        if not all(isinstance(part, leaves) for part in ast.walk(node)):
            return None
        text = ast.unparse(node)
        number = isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant)
        return text if number else f"$({text})"
    return None


def call_edit(kind: Scalar, op: Op) -> Edit | None:
    """The entry that a call stands for, in its place, where it stands alone."""
    text = str(kind.value)
    meant = as_entry(op, text)
    if meant is None or kind.span.text != text or kind.span.source.text[kind.span.end :][:1] in (":", ","):
        return None
    return Edit(kind.span, meant, safe=True)
