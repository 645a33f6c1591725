"""The lines of a generated function, with what the exporter is told of each: its entry, and the shape that it makes."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator

from archspec.emit.forward import INDENT, Comment
from archspec.emit.python.layout import WIDTH, Brackets, Doc, Prefixed, laid_out
from archspec.graph.nodes import Absent, Node
from archspec.records import record
from archspec.tensors import TensorType

_MARK = "  #? "
_OPEN, _CLOSED = "([{", ")]}"


@record
class Line:
    """One line of a function.

    Attributes:
        indent: how far it is in.
        code: its text.
        entry: the entry of the spec whose last line it is, if it is one's.
        shape: what the entry makes, where that is of another shape than what came before.
        absent: the entry is not there in this instance.
    """

    indent: str
    code: str
    entry: str = ""
    shape: str = ""
    absent: bool = False


def marks(before: tuple[TensorType, ...]) -> Comment:
    """What a writer of forwards puts behind the lines of a node, for `read` to find.

    Args:
        before: the types of what the function is given.
    """
    last = ", ".join(map(str, before))

    def mark(node: Node, types: tuple[TensorType, ...], in_loop: bool) -> str:
        nonlocal last
        shapes = list(map(str, types))
        is_many = len(shapes) > 1 and len(set(shapes)) == 1
        shown = f"{len(shapes)} × {shapes[0]}" if is_many else ", ".join(shapes)
        changed, last = shown != last, shown
        told = f"in the end {shown}" if in_loop else shown
        return f"{_MARK}{node.name}|{'-' if isinstance(node, Absent) else '+'}|{told if changed else ''}"

    return mark


def read(text: str) -> tuple[Line, ...]:
    """The lines of a function that was written with marks."""
    lines = []
    for line in text.rstrip("\n").split("\n"):
        code, mark = line, ""
        if _MARK in line:
            code, _, mark = line.rpartition(_MARK)
        inner = code.lstrip()
        entry, present, shape = mark.split("|") if mark else ("", "+", "")
        lines.append(Line(code[: len(code) - len(inner)], inner, entry, shape, present == "-"))
    return tuple(lines)


def shown(lines: Iterable[Line], room: int = WIDTH) -> Iterator[str]:
    """The lines as they stand in a file: long ones broken, shapes behind them, or above where there is no room."""
    for line in lines:
        note = f"  # {line.shape}" if line.shape else ""
        code = broken(line.code, room - len(line.indent))
        if note and len(line.indent + code[-1] + note) > room:
            code = [*(f"# {part}" for part in textwrap.wrap(line.shape, room - len(line.indent) - 2)), *code]
            note = ""
        code[-1] += note
        yield from (line.indent + part for part in code)


def broken(code: str, room: int) -> list[str]:
    """The lines of a statement, of which one is enough where it fits."""
    if len(code) <= room:
        return [code]
    if code.startswith("def "):
        opening, closing = code.index("("), code.index(")")  # no default of a generated function has brackets
        items = tuple(code[opening + 1 : closing].split(", "))
        return laid_out(Brackets(code[: opening + 1], items, code[closing:]), room)
    before, value = parted(code)
    operands = _split(value, " + ")
    if len(operands) > 1:
        return [f"{before}(", *(INDENT + ("+ " if at else "") + part for at, part in enumerate(operands)), ")"]
    return laid_out(Prefixed(before, _as_doc(value)), room)


def parted(code: str) -> tuple[str, str]:
    """A statement's beginning, up to the value that it gives or returns."""
    found = re.match(r"return |[^()=]+? = ", code)
    return (found[0], code[found.end() :]) if found else ("", code)


def _as_doc(text: str) -> Doc:
    """An expression as what can be broken: between the items of its last brackets that hold some."""
    found = _last_brackets(text)
    if found is None:
        return text
    opening, closing = found
    items = tuple(map(_as_item, _split(text[opening + 1 : closing], ", ")))
    return Brackets(text[: opening + 1], items, text[closing:])


def _as_item(text: str) -> Doc:
    keyword = re.match(r"\w+=(?!=)", text)
    return Prefixed(keyword[0], _as_doc(text[keyword.end() :])) if keyword else _as_doc(text)


def _last_brackets(text: str) -> tuple[int, int] | None:
    """Where the last brackets of an expression that are in no others, and hold something, open and close."""
    depth, opening, found, quote = 0, 0, None, ""
    for at, letter in enumerate(text):
        if quote or letter in "\"'":
            quote = "" if letter == quote else quote or letter
        elif letter in _OPEN:
            opening = at if depth == 0 else opening
            depth += 1
        elif letter in _CLOSED:
            depth -= 1
            found = (opening, at) if depth == 0 and at > opening + 1 else found
    return found


def _split(text: str, separator: str) -> list[str]:
    """The parts of an expression between separators that stand in no brackets and in no string."""
    parts, depth, start, quote = [], 0, 0, ""
    for at, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter in _OPEN + _CLOSED:
            depth += 1 if letter in _OPEN else -1
        elif depth == 0 and at >= start and text.startswith(separator, at):
            parts.append(text[start:at])
            start = at + len(separator)
    return [*parts, text[start:]]
