"""The value of an expression's tree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from archspec.elaborate.expressions.faults import Fault
from archspec.elaborate.expressions.functions import FUNCTIONS, USAGE, BadCall
from archspec.elaborate.expressions.operations import (
    INFINITE,
    beyond,
    combine,
    compare,
    describe_value,
    is_number,
    limited,
    negate,
    number,
    truth,
)
from archspec.elaborate.expressions.parser import Expression
from archspec.elaborate.expressions.tensor_sizes import dimension
from archspec.errors import clip
from archspec.source.tree import UNKNOWN
from archspec.suggest import nearest
from archspec.tensors import Batch, TensorType


def evaluate(tree: Expression, text: str, names: Mapping[str, Any]) -> Any:
    """The value; `UNKNOWN` where it depends on a value that is.

    Args:
        tree: what was parsed.
        text: what it was parsed from, for messages.
        names: the variables and tensors in scope.

    Raises:
        Fault: with offsets into the text.
    """
    return _Evaluator(text, names).value(tree)


class _Evaluator:
    def __init__(self, text: str, names: Mapping[str, Any]) -> None:
        self._text = text
        self._names = names

    def value(self, tree: Expression) -> Any:
        return _KINDS[tree.kind](self, tree)

    def constant(self, tree: Expression) -> Any:
        return tree.value

    def name(self, tree: Expression) -> Any:
        try:
            value = self._names[tree.value]
        except KeyError:
            raise unknown_name(tree.value, tree.start, tree.end, self._names) from None
        return list(value) if isinstance(value, tuple) else value

    def elements(self, tree: Expression) -> Any:
        values = [self.value(part) for part in tree.parts]
        return UNKNOWN if any(value is UNKNOWN for value in values) else values

    def unary(self, tree: Expression) -> Any:
        operand = self.value(tree.parts[0])
        return UNKNOWN if operand is UNKNOWN else negate(tree.value, operand, tree.parts[0])

    def binary(self, tree: Expression) -> Any:
        """From the leftmost operand on, so that a long sum needs no deep recursion."""
        spine = [tree]
        while spine[-1].parts[0].kind == "binary":
            spine.append(spine[-1].parts[0])
        value = self.value(spine[-1].parts[0])
        for node in reversed(spine):
            right = node.parts[1]
            other = right.value if right.kind == "constant" else self.value(right)
            if value is UNKNOWN or other is UNKNOWN:
                value = UNKNOWN
            else:
                value = combine(node.value, value, other, node, self._text)
        return value

    def compare(self, tree: Expression) -> Any:
        """A chain stops at the first comparison that does not hold."""
        left = self.value(tree.parts[0])
        for operator, first, second in zip(tree.value, tree.parts, tree.parts[1:], strict=False):
            right = self.value(second)
            if left is UNKNOWN or right is UNKNOWN:
                return UNKNOWN
            if not compare(operator, left, right, first, second):
                return False
            left = right
        return True

    def logical(self, tree: Expression) -> Any:
        """`and`, `or`: the first operand that decides, as in Python; what comes after it is not looked at."""
        value: Any = None
        for part in tree.parts:
            value = self.value(part)
            if value is UNKNOWN:
                return UNKNOWN
            if part is not tree.parts[-1] and truth(value, part) == (tree.kind == "or"):
                return value
        return value

    def choice(self, tree: Expression) -> Any:
        chosen, condition, other = tree.parts
        decided = self.value(condition)
        if decided is UNKNOWN:
            return UNKNOWN
        return self.value(chosen if truth(decided, condition) else other)

    def index(self, tree: Expression) -> Any:
        target, index = self.value(tree.parts[0]), self.value(tree.parts[1])
        if target is UNKNOWN or index is UNKNOWN:
            return UNKNOWN
        at = tree.parts[1]
        if not isinstance(target, list):
            raise self._no_list(tree.parts[0], target)
        if isinstance(index, bool) or not isinstance(index, int):
            raise self._no_index(at, index)
        if not -len(target) <= index < len(target):
            count = f"{len(target)} element" + ("" if len(target) == 1 else "s")
            help = f"the last one is `[{len(target) - 1}]`" if target else "it has none"
            raise Fault("AS220", f"index {index} of a list of {count}", at.start, at.end, help)
        return target[index]

    def _no_list(self, at: Expression, target: Any) -> Fault:
        shown = clip(self._text[at.start : at.end])
        help = f"leave `[…]` out, or make a list of it: `[{shown}]`"
        if isinstance(target, TensorType):
            help = f"index its `.shape`: `{shown}.shape[…]`"
        return Fault("AS220", f"only a list has elements, not {describe_value(target)}", at.start, at.end, help)

    def _no_index(self, at: Expression, index: Any) -> Fault:
        message = f"an index is an integer, not {describe_value(index)}"
        if not isinstance(index, (bool, float)):
            return Fault("AS220", message, at.start, at.end, "count from 0: `[0]` is the first element")
        whole = f"int({self._text[at.start : at.end]})"
        return Fault("AS220", message, at.start, at.end, f"write `{clip(whole)}`", whole)

    def attribute(self, tree: Expression) -> Any:
        target = self.value(tree.parts[0])
        if target is UNKNOWN:
            return UNKNOWN
        inner = tree.parts[0]
        if not isinstance(target, TensorType):
            message = "attribute access is not part of the language"
            help = f"`{clip(self._text[inner.start : inner.end])}` is {describe_value(target)}; only tensors have sizes"
            raise Fault("AS212", message, inner.end, tree.end, help)
        return dimension(target, tree.value, tree, self._text[inner.start : inner.end])

    def call(self, tree: Expression) -> Any:
        arguments = [self.value(part) for part in tree.parts]
        if any(argument is UNKNOWN for argument in arguments):
            return UNKNOWN
        try:
            result = FUNCTIONS[tree.value](arguments)
        except BadCall as fault:
            raise self._bad_call(tree, arguments, fault) from None
        except OverflowError:
            raise beyond(INFINITE, tree) from None
        return limited(result, tree) if is_number(result) else result

    def _bad_call(self, tree: Expression, arguments: list[Any], fault: BadCall) -> Fault:
        at = tree if fault.index is None else tree.parts[fault.index]
        help: str | None = f"write {USAGE[tree.value]}"
        if fault.index is None or fault.code == "AS214":
            return Fault(fault.code, fault.message, at.start, at.end, help)
        culprit = arguments[fault.index]
        if isinstance(culprit, list):
            culprit = next((item for item in culprit if not is_number(item)), culprit)
        if isinstance(culprit, (str, Batch)) or "a list" not in fault.message:
            try:
                number(culprit, at, f"`{tree.value}`")
            except Fault as precise:
                if isinstance(culprit, (str, Batch)):
                    return precise
                help = precise.help
        return Fault(fault.code, f"{fault.message}, not {describe_value(culprit)}", at.start, at.end, help)


COUNTERS = ("index", "count", "stage", "stages", "position", "total")
"""What is known inside a repeat."""
_HABITS = ("i", "j", "idx")
_PLAIN = (bool, int, float, str, list, tuple)

_KINDS: dict[str, Callable[[_Evaluator, Expression], Any]] = {
    "constant": _Evaluator.constant,
    "name": _Evaluator.name,
    "list": _Evaluator.elements,
    "unary": _Evaluator.unary,
    "binary": _Evaluator.binary,
    "compare": _Evaluator.compare,
    "and": _Evaluator.logical,
    "or": _Evaluator.logical,
    "choice": _Evaluator.choice,
    "index": _Evaluator.index,
    "attribute": _Evaluator.attribute,
    "call": _Evaluator.call,
}


def unknown_name(name: str, start: int, end: int, names: Mapping[str, Any]) -> Fault:
    """`$(widht * 2)`."""
    near = nearest(name, names)
    if near:
        return Fault("AS211", f"unknown name `{clip(name)}`", start, end, f"did you mean `{near[0]}`?", near[0])
    if name in _HABITS and "index" in names:
        return Fault("AS211", f"unknown name `{clip(name)}`", start, end, "did you mean `index`?", "index")
    if name in FUNCTIONS:
        help = f"a call stands in parentheses: `$({name}(…))`"
    elif name in COUNTERS:
        help = f"`{name}` is known inside a `repeat`"
    else:
        plain = {other for other, value in names.items() if isinstance(value, _PLAIN)}
        variables = sorted(plain.difference(COUNTERS))
        shown = ", ".join(f"`{clip(other, 30)}`" for other in variables[:8]) + (", …" if len(variables) > 8 else "")
        help = f"declare it: `vars: {{{clip(name)}: …}}`" + (f"; there are {shown}" if shown else "")
    return Fault("AS211", f"unknown name `{clip(name)}`", start, end, help)
