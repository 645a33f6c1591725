"""Rows of like expressions as loops: `*(Block(64) for _ in range(3))`, `*(Block(drop=drop) for drop in (0.0, 0.1))`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from archspec.emit.python.layout import Brackets, Doc, Loop, Prefixed, flat, leaves, with_leaves
from archspec.records import record

_FEW = 3  # so many rows that differ make a loop
_MOST = 12  # so many values are listed at most
_NUMBER = r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?\b|\b(?:True|False)\b"
LITERAL = re.compile(rf"""("[^"]*"|'[^']*')|({_NUMBER})""")
"""A string, which is left alone, or a number or truth value, as its second group."""
_ALONE = re.compile(rf"""("[^"]*"|'[^']*')|((?<![*/+%-][ ])(?:{_NUMBER})(?![ ][*/+%-]))""")  # no part of a product


def list_of(rows: Sequence[Doc]) -> Doc:
    """An `nn.ModuleList` of rows."""
    items = unrolled(rows)
    if len(items) == 1 and isinstance(items[0], Prefixed) and isinstance(items[0].doc, Loop):
        loop = items[0].doc
        return Loop("nn.ModuleList(", loop.item, loop.over)
    return Brackets("nn.ModuleList(", (Brackets("[", tuple(items), "]"),))


def unrolled(rows: Sequence[Doc]) -> list[Doc]:
    """The items of a call or a list, with a starred loop for each run of like rows."""
    items: list[Doc] = []
    at = 0
    while at < len(rows):
        count, loop = _longest(rows[at:])
        items.append(rows[at] if loop is None else Prefixed("*", Loop("(", *loop)))
        at += count
    return items


def entries_of(names: Sequence[str], rows: Sequence[Doc]) -> Doc:
    """The entries of a dict, between braces; numbered names with like rows are a loop."""
    entries = [Prefixed(f'"{name}": ', row) for name, row in zip(names, rows, strict=True)]
    found = [re.fullmatch(r"(.*?)(0|[1-9]\d*)", name) for name in names]
    matches = [match for match in found if match]
    first = int(matches[0][2]) if matches else 0
    counted = [int(match[2]) for match in matches] == list(range(first, first + len(names)))
    if counted and len(names) > 1 and len({match[1] for match in matches}) == 1:
        loop = _counted(rows, first)
        if loop is not None:
            item = Prefixed(f'f"{matches[0][1]}{{index}}": ', loop)
            return Loop("{", item, f"for index in range({_range(first, len(names))})", "}")
    return Brackets("{", tuple(entries), "}")


def pairs_of(names: Sequence[str], rows: Sequence[Doc]) -> list[Doc]:
    """Pairs of names and rows; numbered names of the same row are a loop."""
    pairs: list[Doc] = []
    at = 0
    while at < len(rows):
        count = next(len(list(run)) for _, run in groupby(map(flat, rows[at:])))
        numbered = [re.fullmatch(r"(.*?)(0|[1-9]\d*)", name) for name in names[at : at + count]]
        matches = [match for match in numbered if match]
        first = int(matches[0][2]) if matches else 0
        if count >= _FEW and [match.groups() for match in matches] == [
            (matches[0][1], str(first + place)) for place in range(count)
        ]:
            item = Brackets("(", (f'f"{matches[0][1]}{{index}}"', rows[at]))
            pairs.append(Prefixed("*", Loop("(", item, f"for index in range({_range(first, count)})")))
            at += count
        else:
            pairs.append(Brackets("(", (f'"{names[at]}"', rows[at])))
            at += 1
    return pairs


def _longest(rows: Sequence[Doc]) -> tuple[int, tuple[Doc, Doc] | None]:
    """How many rows one loop makes, and the loop; one row where there is none."""
    alike = next(len(list(run)) for _, run in groupby(map(flat, rows)))
    if alike > 1:
        return alike, (rows[0], f"for _ in range({alike})")
    shapes = [_Shape.of(row) for row in rows]
    count = next(len(list(run)) for _, run in groupby(shapes, key=lambda shape: shape.text))
    if count < _FEW:
        return 1, None
    varying = _varying(shapes[:count])
    for first in dict.fromkeys((0, *(start_of(values) for values in varying.values()))):
        counted = _counted(rows[:count], first)
        if counted is not None:
            return count, (counted, f"for index in range({_range(first, count)})")
    if len(varying) == 1 and count <= _MOST:
        ((place, values),) = varying.items()
        if any(mine == other for mine, other in pairwise(values)):
            return 1, None
        name = shapes[0].names[place]
        if not name or re.search(rf"\b{name}\b(?!=)", flat(rows[0])):
            name = "value"
        over = Prefixed(f"for {name} in ", Brackets("(", tuple(values), ")"))
        return count, (_replaced(rows[0], {place: name}), over)
    return 1, None


def _counted(rows: Sequence[Doc], first: int) -> Doc | None:
    """The row as an expression of `index`, which counts on from `first`; None where it is none."""
    shapes = [_Shape.of(row) for row in rows]
    if any(shape.text != shapes[0].text for shape in shapes):
        return None
    replaced = {place: by_index(values, first) for place, values in _varying(shapes).items()}
    found = {place: text for place, text in replaced.items() if text is not None}
    return _replaced(rows[0], found) if len(found) == len(replaced) else None


def _varying(shapes: Sequence[_Shape]) -> dict[int, list[str]]:
    columns = zip(*(shape.values for shape in shapes), strict=True)
    return {place: list(column) for place, column in enumerate(columns) if len(set(column)) > 1}


def by_index(texts: Sequence[str], first: int) -> str | None:
    """Numbers as an expression of a growing index: `32 + 64 * index`, `2 ** (index % 10)`; None where they are none."""
    values = [ast.literal_eval(text) for text in texts]
    if len(values) >= _FEW and all(type(value) is float for value in values):
        return _portion(values, first)
    if not all(type(value) is int for value in values) or len(values) < _FEW:
        return None
    step = values[1] - values[0]
    if all(value == values[0] + step * at for at, value in enumerate(values)):
        start = values[0] - step * first
        times = "index" if step == 1 else f"{step} * index"
        return times if start == 0 else f"{start} + {times}"
    if all(value == max(values) * ((first + at) % 2) for at, value in enumerate(values)):
        return f"{max(values)} * (index % 2)"
    period = next((at for at, value in enumerate(values) if at and value == values[0]), len(values))
    ratio = values[1] // values[0] if values[0] == 1 else 0
    if first == 0 and ratio > 1 and all(value == ratio ** (at % period) for at, value in enumerate(values)):
        return f"{ratio} ** index" if period == len(values) else f"{ratio} ** (index % {period})"
    return None


def start_of(texts: Sequence[str]) -> int:
    """The index from which on floats grow in proportion to it; 0 where they do not."""
    values = [ast.literal_eval(text) for text in texts]
    if len(values) < _FEW or not all(type(value) is float for value in values):
        return 0
    step = values[1] - values[0]
    return round(values[0] / step) if step > 0 else 0


def _portion(values: Sequence[float], first: int) -> str | None:
    """Floats as a part of a number: `0.1 * index / 17`; None where that is not just what they are."""
    step = values[1] - values[0]
    found = []
    for parts in range(1, _PARTS):
        whole = float(f"{step * parts:.{_DIGITS}g}")
        if whole > 0 and all(value == whole * (first + at) / parts for at, value in enumerate(values)):
            found.append((whole, parts))
    if not found:
        return None
    whole, parts = min(found, key=lambda each: len(f"{each[0]!r}{each[1]}"))
    return f"{whole!r} * index" if parts == 1 else f"{whole!r} * index / {parts}"


_PARTS = 1000  # a network has fewer layers
_DIGITS = 6


@record
class _Shape:
    """A row without its numbers and truth values, these, and the keyword that each stands behind."""

    text: tuple[str, ...]
    values: tuple[str, ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, row: Doc) -> _Shape:
        texts: list[str] = []
        values: list[str] = []
        names: list[str] = []
        for text in leaves(row):
            texts.append(_ALONE.sub(lambda match: match[1] or "#", text))
            for match in _ALONE.finditer(text):
                if match[2]:
                    keyword = re.search(r"(\w+)=$", text[: match.start()])
                    values.append(match[2])
                    names.append(keyword[1] if keyword else getattr(text, "name", ""))
        return cls(tuple(texts), tuple(values), tuple(names))


def _replaced(row: Doc, texts: dict[int, str]) -> Doc:
    """The row with other texts for some of its numbers and truth values, by their place among these."""
    return with_leaves(row, _replaced_leaves(row, texts))


def _replaced_leaves(row: Doc, texts: dict[int, str]) -> Iterator[str]:
    place = -1

    def other(match: re.Match[str]) -> str:
        nonlocal place
        place += bool(match[2])
        return texts.get(place, match[0]) if match[2] else match[0]

    for text in leaves(row):
        yield _ALONE.sub(other, text)


def _range(first: int, count: int) -> str:
    return f"{first}, {first + count}" if first else f"{count}"
