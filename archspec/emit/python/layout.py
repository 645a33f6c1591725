"""Python expressions laid out as formatters do it: on one line where they fit, else an item a line and a comma last.

Lines are as wide as formatters' own default. What is broken ends in a comma, so that a wider setting leaves it broken.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from archspec.emit.forward import INDENT
from archspec.records import record

WIDTH = 88
_WIDER = 32  # how much wider than that people set it
_INDENT = len(INDENT)


@record
class Brackets:
    """Items between brackets."""

    opening: str
    items: tuple[Doc, ...]
    closing: str = ")"


@record
class Prefixed:
    """A keyword, a key or a star, and what it belongs to."""

    before: str
    doc: Doc


@record
class Loop:
    """A comprehension between its brackets."""

    opening: str
    item: Doc
    over: Doc
    closing: str = ")"


@record
class Choice:
    """A value, or None where a condition does not hold."""

    value: Doc
    condition: str


class Positional(str):
    """An argument that is given by its place, which knows its name all the same."""

    name: str

    def __new__(cls, text: str, name: str) -> Positional:
        """The argument's text, and its name."""
        made = super().__new__(cls, text)
        made.name = name
        return made


Doc: TypeAlias = str | Brackets | Prefixed | Loop | Choice


def flat(doc: Doc) -> str:
    """An expression on one line."""
    if isinstance(doc, str):
        return doc
    if isinstance(doc, Brackets):
        return doc.opening + ", ".join(map(flat, doc.items)) + doc.closing
    if isinstance(doc, Prefixed):
        return doc.before + flat(doc.doc)
    if isinstance(doc, Loop):
        return f"{doc.opening}{flat(doc.item)} {flat(doc.over)}{doc.closing}"
    return f"{flat(doc.value)} if {doc.condition} else None"


def laid_out(doc: Doc, room: int, taken: int = 0, *, broken: bool = False) -> list[str]:
    """The lines of an expression.

    Args:
        doc: the expression.
        room: how wide its lines can be.
        taken: how much of that is taken in the first line.
        broken: whether it is to be broken though it would fit.
    """
    line = flat(doc)
    if isinstance(doc, str) or (len(line) <= room - taken and not broken):
        return [line]
    if isinstance(doc, Prefixed):
        first, *others = laid_out(doc.doc, room, taken + len(doc.before), broken=broken)
        return [doc.before + first, *others]
    inner = room - _INDENT
    if isinstance(doc, Brackets):
        is_list = doc.opening.endswith("[")
        if len(doc.items) == 1 and isinstance(only := doc.items[0], Brackets) and only.items and not is_list:
            return [doc.opening, *(INDENT + text for text in laid_out(only, inner, broken=True)), doc.closing]
        items = (laid_out(item, inner - 1) for item in doc.items)
        return [doc.opening, *(INDENT + text for item in items for text in (*item[:-1], item[-1] + ",")), doc.closing]
    would_be_joined = len(line) <= room - taken + _WIDER
    if isinstance(doc, Loop):
        over = laid_out(doc.over, inner, broken=would_be_joined)
        lines = [*laid_out(doc.item, inner, broken=would_be_joined and len(over) == 1), *over]
        return [doc.opening, *(INDENT + text for text in lines), doc.closing]
    lines = [*laid_out(doc.value, inner, broken=would_be_joined), f"if {doc.condition}", "else None"]
    return ["(", *(INDENT + text for text in lines), ")"]


def is_joined_by_others(doc: Doc, room: int) -> bool:
    """Whether an expression that is broken here, no comma being last in it, is one line where lines are wider."""
    return room < len(flat(doc)) <= room + _WIDER


def leaves(doc: Doc) -> Iterator[str]:
    """The texts of an expression, from the left to the right."""
    if isinstance(doc, str):
        yield doc
    elif isinstance(doc, Brackets):
        yield from (doc.opening, doc.closing)
        for item in doc.items:
            yield from leaves(item)
    elif isinstance(doc, Prefixed):
        yield doc.before
        yield from leaves(doc.doc)
    elif isinstance(doc, Loop):
        yield doc.opening
        yield from leaves(doc.item)
        yield from leaves(doc.over)
    else:
        yield doc.condition
        yield from leaves(doc.value)


def with_leaves(doc: Doc, texts: Iterator[str]) -> Doc:
    """The expression with other texts, in the order of `leaves`."""
    if isinstance(doc, str):
        return next(texts)
    if isinstance(doc, Brackets):
        opening, closing = next(texts), next(texts)
        return Brackets(opening, tuple(with_leaves(item, texts) for item in doc.items), closing)
    if isinstance(doc, Prefixed):
        return Prefixed(next(texts), with_leaves(doc.doc, texts))
    if isinstance(doc, Loop):
        return Loop(next(texts), with_leaves(doc.item, texts), with_leaves(doc.over, texts), doc.closing)
    condition = next(texts)
    return Choice(with_leaves(doc.value, texts), condition)
