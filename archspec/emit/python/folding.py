"""One text for the functions of several instances: what differs is a name, and what some leave out is under an `if`.

Functions can be folded whose lines are alike but for numbers and truth values, and for lines that are absent from some.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from archspec.emit.forward import INDENT
from archspec.emit.python.loops import LITERAL
from archspec.emit.python.relations import MISSING
from archspec.emit.python.statements import Line, parted

Value = Callable[[str, tuple[Any, ...]], str]
"""The text of what has other values in other instances, from a name for it and the values."""

Condition = Callable[[str, tuple[bool, ...]], str]
"""The text of what is true in some instances only, from the entry that is there then."""


def can_fold(first: Sequence[Line], second: Sequence[Line], absent: frozenset[str]) -> bool:
    """Whether one text can be both functions. `absent` are the entries that some instances do not have."""
    return len(first) == len(second) and all(
        _can_be_one(mine, other, absent) for mine, other in zip(first, second, strict=True)
    )


def _can_be_one(first: Line, second: Line, absent: frozenset[str]) -> bool:
    if first.indent != second.indent or first.entry != second.entry:
        return False
    if first.entry in absent and first.absent != second.absent:
        return parted(first.code)[0] == parted(second.code)[0]
    return _bare(first.code) == _bare(second.code)


def _bare(code: str) -> str:
    return LITERAL.sub(lambda match: match[1] or "#", code)


def folded(
    functions: Sequence[Sequence[Line]], absent: frozenset[str], value: Value, condition: Condition
) -> Iterator[Line]:
    """The lines of the one text, from those of each instance."""
    for row in zip(*functions, strict=True):
        there = [not (line.absent and line.entry in absent) for line in row]
        line = next((line for line, is_there in zip(row, there, strict=True) if is_there), row[0])
        code = _with_names(row, there, value) if any(there) else line.code
        line = replace(line, code=code, shape=line.shape if all(each.shape == line.shape for each in row) else "")
        if all(there):
            yield line
        elif not any(there):
            before, kept = parted(code)
            if before != f"{kept} = ":
                yield line
        else:
            without = next(each for each, is_there in zip(row, there, strict=True) if not is_there)
            yield from _under_condition(line, parted(without.code)[1], condition(line.entry, tuple(there)))


def _under_condition(line: Line, otherwise: str, condition: str) -> Iterator[Line]:
    before, value = parted(line.code)
    if before == f"{otherwise} = ":
        yield Line(line.indent, f"if {condition}:")
        yield replace(line, indent=line.indent + INDENT)
    else:
        yield replace(line, code=f"{before}{value} if {condition} else {otherwise}")


def _with_names(row: Sequence[Line], there: Sequence[bool], value: Value) -> str:
    """The code of a row, with names for the numbers and truth values that are not the same in all instances."""
    found = [
        [match for match in LITERAL.finditer(line.code) if match[2]] if is_there else None
        for line, is_there in zip(row, there, strict=True)
    ]
    line, matches = next((line, each) for line, each in zip(row, found, strict=True) if each is not None)
    code, end = "", 0
    for at, match in enumerate(matches):
        column = tuple(MISSING if each is None else ast.literal_eval(each[at][2]) for each in found)
        text = match[2]
        if len({repr(each) for each in column if each is not MISSING}) > 1:
            keyword = re.search(r"(\w+)=\(?[^=()]*$", line.code[: match.start()])
            text = value(keyword[1] if keyword else line.entry, column)
        code += line.code[end : match.start()] + text
        end = match.end()
    code += line.code[end:]
    return _spaced(code)


def _spaced(code: str) -> str:
    """Slices with space around what is more than a name or a number, as formatters have it."""
    code = re.sub(r":(self\.\w+)(?=[\],])", r": \1", code)
    return re.sub(r"([\[ ]self\.\w+):(?=[\],])", r"\1 :", code)
