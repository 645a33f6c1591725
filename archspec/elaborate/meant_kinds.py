"""Misspelt kinds that can only be slips of one other: taken for it, so that all else can be checked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from archspec.elaborate.unknown_kinds import meant_kind, takes_all
from archspec.ops.faults import BadValue
from archspec.ops.registry import find
from archspec.source.tree import Node, Scalar
from archspec.spec.document import Branches, Document, Entries, Entry, KindUse, Sequence


def with_meant_kinds(document: Document) -> Document:
    """The same document where it has no such kind. The check of kinds reports each."""
    own = {*document.blocks}
    layers = _entries(document.layers, own)
    blocks = {
        name: block if (inside := _entries(block.entries, own)) is block.entries else replace(block, entries=inside)
        for name, block in document.blocks.items()
    }
    return replace(document, layers=layers, blocks=blocks)


def _entries(entries: Entries, own: Collection[str]) -> Entries:
    items = tuple(_entry(item, own) for item in entries.items)
    same = all(new is old for new, old in zip(items, entries.items, strict=True))
    return entries if same else replace(entries, items=items)


def _entry(entry: Entry, own: Collection[str]) -> Entry:
    body = entry.body
    if isinstance(body, (Sequence, Branches)):
        inside = _entries(body.entries, own)
        return entry if inside is body.entries else replace(entry, body=replace(body, entries=inside))
    if not isinstance(body, KindUse) or str(body.kind.value) in own or find(str(body.kind.value)) is not None:
        return entry
    meant = meant_kind(str(body.kind.value), own)
    is_word = str(body.kind.value)[:1].islower()  # as a function's name is
    if (
        meant is None
        or (is_word and _names_an_input(meant, body.arguments))
        or not takes_all(meant, str(body.kind.value), body.arguments)
    ):
        return entry
    return replace(entry, body=KindUse(Scalar(meant, body.kind.span), body.arguments, misspelt=body.kind))


def _names_an_input(meant: str, value: Node | None) -> bool:
    """Whether the value of a misspelt kind is what a function takes, `{rrelu: x}`, and the kind is a layer."""
    op = find(meant)
    if op is None or not op.is_module or not isinstance(value, Scalar) or not isinstance(value.value, str):
        return False
    primary = None if op.primary is None else op.arg(op.primary)
    if primary is None or "$" in value.value:
        return primary is None
    try:
        primary.type.accept(value.value)
    except BadValue:
        return True
    return False
