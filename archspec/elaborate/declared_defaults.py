"""`defaults` as it is declared: every kind and argument in it exists, and some entry of the file has use for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from archspec.elaborate.context import Context
from archspec.elaborate.defaults import Kinds, arguments_of
from archspec.elaborate.unknown_kinds import takes_all, unknown_argument, unknown_kind
from archspec.errors import Diagnostic, clip
from archspec.ops.entry import Op
from archspec.ops.registry import find
from archspec.source.tree import Mapping as TreeMapping
from archspec.source.tree import Node, Scalar, describe
from archspec.spec.document import Block

_FORM = "write e.g. `defaults: {Conv2d: {bias: false}}`"


def check_defaults(context: Context, node: Node) -> Kinds | None:
    """The arguments as written under each kind, misspelt kinds as what they mean; None where it is no mapping."""
    if not isinstance(node, TreeMapping):
        message = f"`defaults` must be a mapping of kinds to arguments, found {describe(node)}"
        context.fault(Diagnostic("AS101", message, node.span, help=_FORM))
        return None
    kinds: dict[str, tuple[Scalar, Node]] = {}
    for key, value in node:
        name = str(key.value)
        if name in context.blocks:
            _refuse_block(context, key)
            continue
        op = find(name)
        if op is None:
            meant = unknown_kind(context, key, in_defaults=True)
            taken = meant is not None and node.get(meant) is None and takes_all(meant, name, value)
            op = find(meant) if meant is not None and taken else None
        if op is not None:
            _check_kind(context, op, key, value)
            kinds[op.name] = (key, value)
    return kinds


def check_block_defaults(context: Context, blocks: Mapping[str, Block]) -> None:
    """The same for each block that has its own."""
    for name, block in blocks.items():
        if block.defaults is not None:
            context.block_defaults[name] = check_defaults(context, block.defaults)


def _check_kind(context: Context, op: Op, key: Scalar, node: Node) -> None:
    if isinstance(node, TreeMapping):
        for argument, _ in node:
            if argument.value not in op.by_name:
                unknown_argument(context, key, argument, tuple(op.by_name))
    elif arguments_of(op, node) is None:
        example = next((arg.name for arg in op.args), None)
        help = f"`{op.name}` takes none" if example is None else f"write `{op.name}: {{{example}: …}}`"
        message = f"the defaults of `{op.name}` must be a mapping of arguments, found {describe(node)}"
        context.fault(Diagnostic("AS101", message, node.span, help=help))


def _refuse_block(context: Context, key: Scalar) -> None:
    name = str(key.value)
    context.refused_defaults.add(name)
    message = f"`{clip(name)}` is a block of this file, which has its defaults in its `params`"
    help = f"remove it here, and write `params: {{name: value}}` in the block `{clip(name)}`"
    context.fault(Diagnostic("AS237", message, key.span, help=help))


def idle_defaults(context: Context) -> Iterator[Diagnostic]:
    """A warning for each kind that the file's `defaults` name and no entry is, where the file itself says so."""
    defaults = context.defaults
    if defaults is None or defaults.kinds is None:
        return
    for name, (key, _) in defaults.kinds.items():
        if name not in defaults.used and key.span.source is defaults.node.span.source:
            message = f"the defaults of `{name}` are used by nothing: no entry of this file has that kind"
            yield Diagnostic("AS231", message, key.span, help="remove them", severity="warning")
