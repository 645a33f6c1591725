"""One fault put into a spec of `specs/`, its text left as it is elsewhere: what a person mistypes, and where.

Only what cannot be right is made, by construction:

- a typo adds a letter to a name, and is left out where that makes another name that is known;
- a variable's typo is made where it is used, not where it is declared: there only its uses would be wrong;
- a reference is misspelt to a name that nothing in the file has;
- a dimension is wrong only where it contradicts another one: an inferred argument is written with one more than
  was inferred. A changed `out_channels` is another model, not a fault;
- a stride, kernel or dilation of zero is never right.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from archspec.compiler import compile_text
from archspec.errors import SourceText, Span
from archspec.ops.registry import CATALOGUE
from archspec.source import Mapping, Node, Scalar, Sequence, read
from archspec.source.home import home_of_file

ZEROED = ("stride", "kernel_size", "dilation", "out_channels", "num_groups")
_INFERRED = {"Conv2d": "in_channels", "Linear": "in_features", "BatchNorm2d": "num_features", "Conv1d": "in_channels"}


class Faulty(NamedTuple):
    """A text with one fault.

    Attributes:
        sort: what was done.
        text: the faulty text.
        line: the 1-based line of the change.
    """

    sort: str
    text: str
    line: int


class Change(NamedTuple):
    """A span of the good text, and what is written in its place."""

    span: Span
    text: str


def faulty_specs(text: str, draw: random.Random, each: int) -> Iterator[Faulty]:
    """Up to `each` faults of every sort, at random places."""
    tree = read(SourceText("x.yaml", text))
    for sort, find in SORTS.items():
        changes = list(find(tree, draw))
        for change in draw.sample(changes, min(each, len(changes))):
            start, end = change.span.start, change.span.end
            yield Faulty(sort, text[:start] + change.text + text[end:], change.span.line)


def verdict(made: Faulty, path: Path) -> tuple[bool, bool, bool]:
    """Whether it is refused, at its line, with exactly one error. An exception is the checker's own fault.

    `path` is the good spec's, which says where a spec lies that the faulty one extends.
    """
    given = SourceText(path.name, made.text)
    found = compile_text(given, home=home_of_file(path)).diagnostics
    errors = [fault for fault in found if fault.severity == "error"]
    lines = [fault.span.line for fault in errors if fault.span is not None and fault.span.source is given]
    return bool(errors), made.line in lines[:1], len(errors) == 1


def _pairs(node: Node, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Scalar, Node]]:
    """Every key and value, with the keys above it."""
    if isinstance(node, Sequence):
        for item in node:
            yield from _pairs(item, above)
    elif isinstance(node, Mapping):
        for key, value in node:
            yield above, key, value
            yield from _pairs(value, (*above, str(key.value)))


def _scalars(node: Node, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Scalar]]:
    if isinstance(node, Scalar):
        yield above, node
    elif isinstance(node, Sequence):
        for item in node:
            yield from _scalars(item, above)
    else:
        for key, value in node:
            yield from _scalars(value, (*above, str(key.value)))


def _is_layer(above: tuple[str, ...]) -> bool:
    return "layers" in above and "params" not in above and "train" not in above and "init" not in above


def _misspelt(word: str, draw: random.Random) -> str:
    at = draw.randrange(len(word))
    return word[:at] + draw.choice([word[at] * 2, "q" + word[at]]) + word[at + 1 :]


def _kinds(tree: Node, draw: random.Random) -> Iterator[Change]:
    blocks = tree.get("blocks") if isinstance(tree, Mapping) else None
    known = {*CATALOGUE, *(str(key.value) for key, _ in blocks)} if isinstance(blocks, Mapping) else {*CATALOGUE}
    keys = [key for above, key, _ in _pairs(tree) if _is_layer(above) and key.value in known]
    words = [node for above, node in _scalars(tree) if _is_layer(above) and node.value in known]
    modifiers = {"skip", "merge"}
    names = {
        id(key) for above, key, _ in _pairs(tree) if (above and above[-1] in ("layers", "branches"))
    }  # a layer may be called as a kind is
    words = [node for above, node in _scalars(tree) if node in words and above[-1] not in modifiers]
    for scalar in [*(key for key in keys if id(key) not in names), *words]:
        word = _misspelt(str(scalar.value), draw)
        if word not in known and scalar.span.text == scalar.value:
            yield Change(scalar.span, word)


def _arguments(tree: Node, draw: random.Random) -> Iterator[Change]:
    for above, key, _ in _pairs(tree):
        op = CATALOGUE.get(above[-1]) if above else None
        if op is not None and _is_layer(above) and op.arg(str(key.value)) is not None:
            word = _misspelt(str(key.value), draw)
            if op.arg(word) is None:
                yield Change(key.span, word)


def _variables(tree: Node, draw: random.Random) -> Iterator[Change]:
    for _, scalar in _scalars(tree):
        text = scalar.span.text
        if scalar.value == text and text.startswith("$") and text[1:].isidentifier() and len(text) > 3:
            yield Change(scalar.span, "$" + _misspelt(text[1:], draw))


def _references(tree: Node, draw: random.Random) -> Iterator[Change]:
    names = {str(key.value) for _, key, _ in _pairs(tree)}
    for above, scalar in _scalars(tree):
        text = scalar.span.text
        if above and above[-1] in ("from", "add", "concat", "mul", "outputs") and text in names and "layers" in above:
            word = _misspelt(text, draw)
            if word not in names:
                yield Change(scalar.span, word)


def _dimensions(tree: Node, draw: random.Random) -> Iterator[Change]:
    """An inferred argument written with another value than any layer of the file has."""
    for above, key, value in _pairs(tree):
        name = _INFERRED.get(str(key.value))
        if (
            name is None
            or not _is_layer(above)
            or not isinstance(value, Mapping)
            or value.get(name) is not None
            or not len(value)
        ):
            continue
        first = value.entries[0][0].span
        yield Change(Span(first.source, first.start, first.start), f"{name}: {draw.choice([7_919, 104_729])}, ")


def _zeros(tree: Node, draw: random.Random) -> Iterator[Change]:
    for above, key, value in _pairs(tree):
        if _is_layer(above) and above[-1] in CATALOGUE and key.value in ZEROED and isinstance(value, Scalar):
            yield Change(value.span, "0")


SORTS: dict[str, Callable[[Node, random.Random], Iterator[Change]]] = {
    "kind": _kinds,
    "argument": _arguments,
    "variable": _variables,
    "reference": _references,
    "dimension": _dimensions,
    "zero": _zeros,
}
