"""What to write instead of an argument's value, as words and as an edit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from archspec.elaborate.arguments import Given
from archspec.errors import Edit, Span
from archspec.ops.entry import Arg, Op
from archspec.ops.faults import BadValue, RuleFault
from archspec.source.tree import Node, Scalar
from archspec.suggest import is_slip

_WORD = re.compile(r"[A-Za-z_]\w*")
_FORMULA = re.compile(r"[\w\s+*/%().-]+")
_GROUPED = re.compile(r"[1-9]\d{0,2}(_\d{3})+")
_TIMES = re.compile(r"[1-9]\d{0,4}(\s*[xX×*]\s*[1-9]\d{0,4}){1,2}")
_TUPLE = re.compile(r"\(\s*-?\d{1,9}(\s*,\s*-?\d{1,9})*\s*,?\s*\)")
_NUMERIC = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_CONDITION = re.compile(r"[\w\s+*/%().=!<>-]+")
_OF_CONDITIONS = frozenset(("and", "or", "not", "in", "if", "else", "true", "false"))
_CENT, _LEAST_PER_CENT = 100, 5
_LONGEST = 60
_VARIABLE = re.compile(r"\$[A-Za-z_]\w*")
_CLOCK = re.compile(r"\d+(:\d+)+")

OTHERWISE = "give it an input of the same channels or features, or make a layer of its own"
"""The help for a module that cannot be called again with an input of other sizes."""


def mend(
    fault: RuleFault, op: Op, given: Given, place: Span, names: Mapping[str, Any]
) -> tuple[str | None, Edit | None]:
    """The help and the edit for a fault in an argument; `names` are those of the variables in sight."""
    if fault.code == "AS401":
        meant = _expression(given.node, names) or _number(fault, op, given) or _computed(fault, op, given)
        if meant is not None:
            return f"write `{meant.text}`", meant
        if "$" in place.text:  # the mend belongs where the value comes from
            return _of_the_source(given, place, names), None
        bare = unquoted(given.node)
        if bare is not None:
            return "remove the quotes", bare
        if isinstance(given.value, str) and _CLOCK.fullmatch(given.value):
            return f"a number has no colon; {fault.help}" if fault.help else "a number has no colon", None
    if fault.suggestion is None:
        return fault.help, None
    return fault.help, Edit(place, _literal(fault.suggestion), _is_certain(fault, op, given))


def _of_the_source(given: Given, place: Span, names: Mapping[str, Any]) -> str:
    """What to change in an expression, or where its value comes from."""
    if isinstance(given.value, float) and "/" in place.text.replace("//", ""):
        return "`//` divides without a remainder, `/` gives a fraction"
    if isinstance(given.value, str) and _NUMERIC.fullmatch(given.value):
        return "remove the quotes where the value is written"
    if isinstance(given.value, list) and _VARIABLE.fullmatch(place.text):
        each, copy = ("index", "the value of each copy") if "index" in names else ("0", "the first value")
        return f"write `$({place.text[1:]}[{each}])` for {copy}"
    return "change the expression, or a value that it uses"


def _is_certain(fault: RuleFault, op: Op, given: Given) -> bool:
    """`64.0` and `yes` mean `64` and `true`; a misspelt word is the one it is nearest to. Anything else is a guess."""
    if fault.code != "AS401" or fault.arg is None or fault.index is not None:
        return False
    if not isinstance(fault.suggestion, str):
        return True
    argument = op.argument(fault.arg)
    words = getattr(None if argument is None else argument.type, "values", ())
    return isinstance(given.node, Scalar) and is_slip(str(given.node.value), fault.suggestion, words)


def _number(fault: RuleFault, op: Op, given: Given) -> Edit | None:
    """`1_000` as 1000, `3x3` and `(3, 3)` as [3, 3], `None` as null and 50 per cent as 0.5, where the argument takes
    that."""
    node, argument = given.node, None if fault.arg is None else op.argument(fault.arg)
    if argument is None or fault.index is not None or not isinstance(node, Scalar) or node.value is None:
        return None
    for meant in _meant_numbers(node.value):
        try:
            argument.type.accept(meant)
        except BadValue:
            continue
        return Edit(node.span, _literal(meant))
    return None


def _meant_numbers(value: object) -> Iterator[object]:
    if isinstance(value, int) and not isinstance(value, bool):
        if _LEAST_PER_CENT <= value <= _CENT:
            yield value / _CENT
    elif not isinstance(value, str):
        return
    elif _GROUPED.fullmatch(value):
        yield int(value.replace("_", ""))
    elif _TIMES.fullmatch(value) or _TUPLE.fullmatch(value):
        yield [int(number) for number in re.findall(r"-?\d+", value)]
    elif value == "None":
        yield None


def _computed(fault: RuleFault, op: Op, given: Given) -> Edit | None:
    """`$(64 * width)` as `$(int(64 * width))`, `$(7 - index)` as `$(max(1, 7 - index))`, if taken."""
    node, argument = given.node, None if fault.arg is None else op.argument(fault.arg)
    if argument is None or fault.index is not None or not isinstance(node, Scalar) or "/" in node.span.text:
        return None
    text, value = str(node.value), given.value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if node.span.text.strip("\"'") != text or not text.startswith("$(") or not text.endswith(")"):
        return None
    if isinstance(value, float):
        meant = f"$(int({text[2:-1]}))"
        return Edit(node.span, f'"{meant}"' if node.quoted else meant) if _takes(argument, int(value)) else None
    least = next((number for number in (0, 1) if value < number and _takes(argument, number)), None)
    return None if least is None or '"' in text else Edit(node.span, f'"$(max({least}, {text[2:-1]}))"')


def _takes(argument: Arg, value: object) -> bool:
    try:
        argument.type.accept(value)
    except BadValue:
        return False
    return True


def unquoted(node: Node) -> Edit | None:
    """The edit that turns `"64"` into `64`; None where the node is no quoted number or truth value."""
    if not isinstance(node, Scalar) or not node.quoted or not isinstance(node.value, str):
        return None
    text = node.value.strip()
    try:
        float(text)
    except ValueError:
        if text not in ("true", "false"):
            return None
    return Edit(node.span, text, safe=True)


def _expression(node: Node, names: Mapping[str, Any]) -> Edit | None:
    """The edit that makes `width`, `{width}`, `width * 2` or `$width * 2` the expression that was meant."""
    if not isinstance(node, Scalar) or not isinstance(node.value, str) or "$(" in node.value:
        return None
    text = node.value.strip().strip("{}").strip().replace("$", "")
    words = _WORD.findall(text)
    if (
        not words
        or len(text) > _LONGEST
        or _FORMULA.fullmatch(text) is None
        or any(word not in names for word in words)
    ):
        return None
    if not node.value.startswith("$") and any(not isinstance(names[word], (int, float)) for word in words):
        return None
    if node.value == f"${text}" and text == words[0]:
        return None  # the expression is what was meant, and its value is wrong
    return Edit(node.span, f"${text}" if text == words[0] else f"$({text})")


def condition(node: Node, names: Mapping[str, Any]) -> Edit | None:
    """The edit that makes `deep` or `stride != 1` the condition that was meant."""
    text = node.value.strip() if isinstance(node, Scalar) and isinstance(node.value, str) else ""
    words = [word for word in _WORD.findall(text) if word not in _OF_CONDITIONS]
    is_one = len(text) <= _LONGEST and _CONDITION.fullmatch(text) and all(word in names for word in words)
    return Edit(node.span, f"$({text})") if words and is_one else None


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_literal(item) for item in value) + "]"
    return "null" if value is None else str(value)
