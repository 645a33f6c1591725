"""Strings with `$name`, `$(…)` and `$$` in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

from archspec.elaborate.expressions.evaluate import evaluate, unknown_name
from archspec.elaborate.expressions.faults import Fault
from archspec.elaborate.expressions.operations import describe_value
from archspec.elaborate.expressions.parser import Expression, parse
from archspec.elaborate.expressions.tokens import tokenize
from archspec.errors import Diagnostic, Edit, Span, SpecError
from archspec.source.tree import UNKNOWN, Scalar
from archspec.tensors import TensorType

Locate: TypeAlias = Callable[[int, int], Span]

MAX_RESULT = 64 * 2**10
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ATTRIBUTE = re.compile(r"\.([A-Za-z_]+)")
_INDEX = re.compile(r"\[[^\[\]]{1,60}\]")


def resolve(scalar: Scalar, names: Mapping[str, Any]) -> Any:
    """The value of a scalar: itself, unless it is a string with `$` in it.

    `$name` or `$(…)` alone gives the value as it is, of any type; inside a longer string, numbers, strings and
    booleans are written into it. `$$` is a dollar sign.

    Args:
        scalar: a leaf of the tree.
        names: the variables and tensors in scope. Values are numbers, strings, booleans, None, lists,
            `TensorType`, `UNKNOWN`, or anything else, which can then only be passed on.

    Returns:
        The value, or `UNKNOWN` where it depends on one.

    Raises:
        SpecError: one diagnostic, whose span lies inside the expression wherever the text shows it as it is.
    """
    if not isinstance(scalar.value, str) or "$" not in scalar.value:
        return scalar.value
    return evaluate_text(scalar.value, names, _locator(scalar))


def evaluate_text(text: str, names: Mapping[str, Any], locate: Locate) -> Any:
    """The value of a text; `locate` makes a span of two offsets into it.

    Raises:
        SpecError: one diagnostic.
    """
    try:
        parts = _parts(text)
        for node in _names(text):  # also in a branch that is not taken this time
            if node.value not in names:
                raise unknown_name(node.value, node.start, node.end, names)
        if len(parts) == 1 and isinstance(parts[0], Expression):
            return evaluate(parts[0], text, names)
        return _joined(parts, text, names)
    except Fault as fault:
        span = locate(fault.start, fault.end)
        exact = span.text == text[fault.start : fault.end]
        edit = Edit(span, fault.replacement, fault.safe) if fault.replacement is not None and exact else None
        raise SpecError([Diagnostic(fault.code, fault.message, span, help=fault.help, edit=edit)]) from None


@lru_cache(maxsize=4_096)
def _parts(text: str) -> tuple[str | Expression, ...]:
    """Literal pieces and parsed expressions, in order. Cached: a block's texts are read once for each instance."""
    parts: list[str | Expression] = []
    at = 0
    while (dollar := text.find("$", at)) >= 0:
        if dollar > at:
            parts.append(text[at:dollar])
        follower = text[dollar + 1 : dollar + 2]
        if follower == "$":
            parts.append("$")
            at = dollar + 2
        elif follower == "(":
            tokens = tokenize(text, dollar + 1)
            parts.append(parse(tokens))
            at = tokens[-1].end
        else:
            name = _NAME.match(text, dollar + 1)
            if name is None:
                raise _stray(text, dollar)
            parts.append(Expression("name", dollar + 1, name.end(), name.group()))
            at = name.end()
    if at < len(text):
        parts.append(text[at:])
    return tuple(parts)


@lru_cache(maxsize=4_096)
def whole_names(text: str) -> tuple[str, ...]:
    """The names whose whole value an expression goes through, once for each time that it does.

    A name alone (`$widths`), or one of which an element is taken (`widths[0]`), costs nothing more than a look.
    """
    try:
        parts = _parts(text)
    except Fault:
        return ()
    found: list[str] = []
    pending = [part for part in parts if isinstance(part, Expression) and part.kind != "name"]
    while pending:
        node = pending.pop()
        if node.kind == "name":
            found.append(str(node.value))
        picks = node.kind == "index" and node.parts[0].kind == "name"
        pending += node.parts[1:] if picks else node.parts
    return tuple(found)


def _stray(text: str, dollar: int) -> Fault:
    if text.startswith("${", dollar):
        end = text.find("}", dollar)
        inner = text[dollar + 2 : end] if end > 0 else ""
        usable = bool(inner) and "{" not in inner
        help = f"write `$({inner})`" if usable and len(inner) < 60 else "write `$(…)`"
        replacement = f"$({inner})" if usable else None
        stop = end + 1 if usable else dollar + 2
        if usable:  # a fault inside it is the one to tell
            _parts(f"{text[:dollar]}$({inner}){text[end + 1 :]}")
        return Fault("AS222", "expressions are written `$(…)`, not `${…}`", dollar, stop, help, replacement, safe=True)
    message = "`$` without a name or `(` after it"
    return Fault("AS222", message, dollar, dollar + 1, "write `$$` for a dollar sign", "$$")


@lru_cache(maxsize=4_096)
def _names(text: str) -> tuple[Expression, ...]:
    """Every name that a text uses, the first of each."""
    found: dict[str, Expression] = {}
    pending = [part for part in reversed(_parts(text)) if isinstance(part, Expression)]
    while pending:
        node = pending.pop()
        if node.kind == "name":
            found.setdefault(str(node.value), node)
        pending.extend(reversed(node.parts))
    return tuple(found.values())


def _joined(parts: tuple[str | Expression, ...], text: str, names: Mapping[str, Any]) -> Any:
    known, pieces, length = True, [], 0
    for index, part in enumerate(parts):
        if isinstance(part, str):
            piece = part
        else:
            value = evaluate(part, text, names)
            if value is UNKNOWN:
                known = False
                continue
            piece = _formatted(value, part, parts[index + 1] if index + 1 < len(parts) else "")
        pieces.append(piece)
        length += len(piece)
        if length > MAX_RESULT:
            message = f"a string of more than {MAX_RESULT:,} characters"
            raise Fault("AS219", message, 0, len(text), "put fewer or shorter values into it")
    return "".join(pieces) if known else UNKNOWN


def _formatted(value: Any, part: Expression, after: str | Expression) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, str)):
        return str(value)
    help = "a value of another kind must stand alone: `$name` or `$(…)` and nothing else"
    attribute = _ATTRIBUTE.match(after) if isinstance(after, str) else None
    if isinstance(value, TensorType) and attribute is not None:
        help = f"write `$({part.value}{attribute.group()})`"
    index = _INDEX.match(after) if isinstance(after, str) else None
    if isinstance(value, (list, tuple)) and part.kind == "name" and index is not None:
        help = f"write `$({part.value}{index.group()})`"
    message = f"{describe_value(value)} cannot be written into a string"
    raise Fault("AS221", message, part.start, part.end, help)


def _locator(scalar: Scalar) -> Locate:
    """Offsets into the value as spans of the source: exact where the text shows the value as it is."""
    span, value = scalar.span, str(scalar.value)
    text = span.source.text
    quotes = 1 if scalar.quoted else 0
    inner = span.start + quotes
    if text[inner : span.end - quotes] != value:
        return lambda start, end: span
    return lambda start, end: Span(span.source, inner + start, inner + end)
