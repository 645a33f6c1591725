"""`import`: another file's blocks, each with the variables of its file that it uses, and with its file's defaults."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.errors import Diagnostic, clip
from archspec.source.tree import Mapping, Node, Scalar
from archspec.spec.mentions import in_order_of_need, mentioned


def blocks_of(tree: Mapping) -> Iterator[tuple[Scalar, Node]]:
    """The blocks of a file as another one sees them, one by one: together they may be far larger.

    A block sees the variables of the spec that it ends up in. So that none of its own file's is missing there, or is
    another one by chance, those that it uses become parameters of it, with their values as defaults. Its file's
    `defaults`, also where there are none, become its own.
    """
    blocks, variables = tree.get("blocks"), tree.get("vars")
    declared = {str(key.value): (key, value) for key, value in variables} if isinstance(variables, Mapping) else {}
    values = {name: value for name, (_, value) in declared.items()}
    for key, block in blocks if isinstance(blocks, Mapping) else ():
        block = _with_defaults(block, tree.get("defaults"))
        yield key, _closed(block, [declared[name] for name in in_order_of_need(mentioned(block), values)])


def _with_defaults(block: Node, defaults: Node | None) -> Node:
    if not isinstance(block, Mapping) or block.get("defaults") is not None:
        return block
    own = Mapping((), block.span) if defaults is None else defaults
    return Mapping((*block.entries, (Scalar("defaults", block.span), own)), block.span, block.removed)


def without_idle_defaults(tree: Mapping) -> Mapping:
    """The tree without the empty `defaults` of its blocks, if it has none itself that these would keep away."""
    blocks = tree.get("blocks")
    if tree.get("defaults") is not None or not isinstance(blocks, Mapping):
        return tree
    entries = tuple((key, _without_empty(block)) for key, block in blocks)
    bare = Mapping(entries, blocks.span, blocks.removed)
    return Mapping(tuple((key, bare if node is blocks else node) for key, node in tree), tree.span, tree.removed)


def _without_empty(block: Node) -> Node:
    defaults = block.get("defaults") if isinstance(block, Mapping) else None
    if not isinstance(block, Mapping) or not isinstance(defaults, Mapping) or len(defaults):
        return block
    return Mapping(tuple(pair for pair in block if pair[1] is not defaults), block.span, block.removed)


def _closed(block: Node, variables: list[tuple[Scalar, Node]]) -> Node:
    """The block with parameters for the variables that it uses."""
    if not isinstance(block, Mapping):
        return block
    params = block.get("params")
    own = {str(key.value) for key, _ in params} if isinstance(params, Mapping) else set()
    used = [pair for pair in variables if pair[0].value not in own]
    if not used or not (params is None or isinstance(params, Mapping)):
        return block
    closed = Mapping((*(params or ()), *used), block.span)
    if params is None:
        return Mapping(((Scalar("params", block.span), closed), *block.entries), block.span)
    return Mapping(tuple((key, closed if value is params else value) for key, value in block), block.span)


def with_blocks(tree: Mapping, imported: list[tuple[Scalar, Node]]) -> tuple[Mapping, list[Diagnostic]]:
    """The tree with further blocks before its own, and a fault for each name that means two of them."""
    own = tree.get("blocks")
    if own is not None and not isinstance(own, Mapping):
        return tree, []  # the reader says so
    blocks: dict[str, tuple[Scalar, Node]] = {}
    faults: list[Diagnostic] = []
    for key, block in (*imported, *(own or ())):
        first = blocks.setdefault(str(key.value), (key, block))
        if first[0] is not key:
            faults.append(_twice(key, first[0]))
    span = tree.span if own is None else own.span
    merged = Mapping(tuple(blocks.values()), span)
    if own is None:
        return Mapping((*tree.entries, (Scalar("blocks", tree.span), merged)), tree.span, tree.removed), faults
    pairs = tuple((key, merged if value is own else value) for key, value in tree)
    return Mapping(pairs, tree.span, tree.removed), faults


def _twice(key: Scalar, first: Scalar) -> Diagnostic:
    where = f"{first.span.source.name}:{first.span.line}:{first.span.column}"
    return Diagnostic(
        "AS243",
        f"two blocks are called `{clip(str(key.value))}`",
        key.span,
        notes=(f"the other one is at {where}",),
        help="rename one of them, or do not import its file",
    )
