"""What stands under the kind of a layer or function: its arguments, or a list of its inputs."""

from __future__ import annotations

from archspec.elaborate.arguments import Written, written
from archspec.elaborate.context import Context
from archspec.elaborate.positional import by_place
from archspec.errors import Diagnostic, Edit, clip
from archspec.ops.arguments import Each, Either
from archspec.ops.entry import Op
from archspec.ops.faults import BadValue
from archspec.source.tree import Mapping, Node, Scalar, Sequence
from archspec.spec.document import Entry, KindUse


def call_arguments(context: Context, op: Op, entry: Entry, use: KindUse) -> Written | None:
    """The arguments as written, where the value does not list inputs instead. None after a fault."""
    node = use.arguments
    key = (id(node), op.name)
    arguments, _ = context.written_arguments.get(key, (None, None))
    if arguments is None:
        listed = None if node is None or inputs_in_value(op, node) is None else node
        plain = None if listed is not None else by_place(context, op, _one_mapping(context, op, node))
        arguments = written(context, use.kind, plain, op.primary, op.args)
        if arguments is not None and (plain is node or listed is not None):  # without a fault, that each copy tells
            context.written_arguments[key] = (arguments, node)
    align = entry.modifiers.align
    if arguments is not None and align is not None and op.arg("align") is not None:
        return Written({**arguments.nodes, "align": (entry.modifiers.keys["align"], align)})
    return arguments


def _one_mapping(context: Context, op: Op, node: Node | None) -> Node | None:
    """A list of mappings with one argument each, `{Conv2d: [out_channels: 8, kernel_size: 3]}`, as one mapping."""
    if not isinstance(node, Sequence) or not len(node):
        return node
    pairs = [item.entries[0] for item in node if isinstance(item, Mapping) and len(item) == 1]
    if len(pairs) < len(node) or any(str(key.value) not in op.by_name for key, _ in pairs):
        return node
    text = node.span.text
    edit = Edit(node.span, f"{{{text[1:-1]}}}") if text.startswith("[") and "{" not in text else None
    help = f"write `{clip(edit.text)}`" if edit is not None else "write them without the `-`"
    context.fault(
        Diagnostic(
            "AS101", f"the arguments of `{op.name}` are a mapping, found a list", node.span, help=help, edit=edit
        )
    )
    return Mapping(tuple(pairs), node.span)


def inputs_in_value(op: Op, value: Node | None) -> Node | None:
    """The value of a function's key where it lists the function's inputs: `{add: [a, b]}`, `{relu: x}`."""
    if op.is_module or op.bare or value is None or isinstance(value, Mapping):
        return None
    if isinstance(value, Sequence):
        if len(op.inputs) == 1 and not op.variadic and len(value) > 1 and takes_list(op):
            return None
        kinds: type | tuple[type, ...] = str if takes_list(op) else (str, int)  # `0` names a numbered layer
        numbers = all(isinstance(item, Scalar) and isinstance(item.value, int) for item in value)
        if len(op.inputs) == 1 and not op.variadic and len(value) > 1 and numbers:
            return None
        names = all(isinstance(item, Scalar) and isinstance(item.value, kinds) for item in value)
        return value if names and (len(value) or not takes_list(op)) else None
    return value if isinstance(value.value, str) and not _takes_text(op, value.value) else None


def _takes_text(op: Op, text: str) -> bool:
    """Whether a string can be the primary argument; an expression may give anything."""
    primary = op.arg(op.primary) if op.primary is not None else None
    if primary is None or "$" in text:
        return primary is not None
    try:
        primary.type.accept(text)
    except BadValue:
        return False
    return True


def takes_list(op: Op) -> bool:
    """Whether a bare list means the primary argument: `{reshape: [N, $features]}`, `{split: [16, 48]}`."""
    arg = None if op.primary is None else op.arg(op.primary)
    types = () if arg is None else arg.type.types if isinstance(arg.type, Either) else (arg.type,)
    return any(isinstance(type, Each) for type in types)
