"""What values an expression has, and what its operators do with them.

The rules are Python's, but for what surprises: booleans and strings take no part in arithmetic (`int(flag)`
makes a number of a boolean), `<` compares numbers with numbers or strings with strings, `in` looks into lists,
integers stay within 2^53 and floats finite, and a dimension that counts the batch has no number.
"""

from __future__ import annotations

import math
import operator as operators
from collections.abc import Callable
from typing import Any

from archspec.elaborate.expressions.faults import Fault
from archspec.elaborate.expressions.parser import Expression
from archspec.errors import clip
from archspec.tensors import Batch, TensorType

MAX_INTEGER = 2**53
MAX_LIST = 1_024
INFINITE = "result is not a finite number"


def describe_value(value: Any) -> str:
    """What a message calls a value: `a string`, `the tensor [N, 64]`, `a layer`."""
    if value is None:
        return "null"
    if isinstance(value, TensorType):
        return f"the tensor {value}"
    if isinstance(value, Batch):
        return f"the batch dimension {value}"
    kinds = ((bool, "a boolean"), (int, "an integer"), (float, "a float"), (str, "a string"), (list, "a list"))
    return next((words for kind, words in kinds if isinstance(value, kind)), "a layer")


def is_number(value: Any) -> bool:
    """An int or a float; a bool is none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def number(value: Any, at: Expression, what: str) -> Any:
    """The value, where it is a number.

    Args:
        value: an operand or argument.
        at: where it stands.
        what: the operator or function, e.g. `` `*` ``.

    Raises:
        Fault: it is something else.
    """
    if is_number(value):
        return value
    if isinstance(value, str):
        raise Fault("AS215", "strings not allowed in arithmetic", at.start, at.end, "use a number")
    if isinstance(value, Batch):
        message = f"{value} counts the batch, whose size is known only when the model runs"
        raise Fault("AS224", message, at.start, at.end, "use the dimensions after it")
    help = "use a number"
    if isinstance(value, bool):
        help = "write `int(…)` to count with a boolean"
    elif isinstance(value, TensorType):
        help = "use one of its dimensions, e.g. `.channels`"
    raise Fault("AS215", f"{what} takes numbers, not {describe_value(value)}", at.start, at.end, help)


def limited(value: Any, at: Expression) -> Any:
    """A number that arithmetic made, where it is within the limits.

    Raises:
        Fault: an integer beyond 2^53, or a float that is not finite.
    """
    if isinstance(value, float):
        if not math.isfinite(value):
            raise beyond(INFINITE, at)
    elif abs(value) > MAX_INTEGER:
        raise beyond("result exceeds 2^53", at)
    return value


def beyond(message: str, at: Expression) -> Fault:
    """A result that no number of the language can be."""
    if message == INFINITE:
        help = "compute with smaller numbers: the largest float is about 1.8e308"
    else:
        help = "compute with smaller numbers, or with a point (`2.0 * n`) where the result need not be an exact integer"
    return Fault("AS218", message, at.start, at.end, help)


def truth(value: Any, at: Expression) -> bool:
    """Whether a value counts as true, as in Python.

    Raises:
        Fault: a tensor, a layer or the batch size, of which nobody can say.
    """
    if value is None or isinstance(value, (bool, int, float, str, list)):
        return bool(value)
    raise Fault("AS215", f"{describe_value(value)} is neither true nor false", at.start, at.end, "compare it")


def negate(operator: str, value: Any, at: Expression) -> Any:
    """`-a`, `+a`, `not a`."""
    if operator == "not":
        return not truth(value, at)
    operand = number(value, at, f"`{operator}`")
    return -operand if operator == "-" else operand


def combine(operator: str, left: Any, right: Any, at: Expression, text: str) -> Any:
    """`left operator right`, both known.

    Args:
        operator: `+`, `-`, `*`, `/`, `//`, `%` or `**`.
        left: the left value.
        right: the right value.
        at: the operation and its operands.
        text: what they were parsed from.

    Raises:
        Fault: the operands have the wrong type, or there is no (small enough) result.
    """
    if type(left) is int and type(right) is int and operator in _EXACT:  # nearly all that specs compute
        exact = _EXACT[operator](left, right)
        if -MAX_INTEGER <= exact <= MAX_INTEGER:
            return exact
    if operator == "+" and isinstance(left, list) and isinstance(right, list):
        if len(left) + len(right) > MAX_LIST:
            message = f"a list of more than {MAX_LIST:,} elements"
            raise Fault(
                "AS219", message, at.start, at.end, "write the list out, or use `repeat` and `index` instead of it"
            )
        return left + right
    first, second = at.parts
    number(left, first, f"`{operator}`")
    number(right, second, f"`{operator}`")
    if operator in ("/", "//", "%") and right == 0:
        raise _zero("division by zero", second, text, "divide by a number other than 0")
    try:
        result = _power(left, right, at, text) if operator == "**" else _ARITHMETIC[operator](left, right)
    except OverflowError:
        raise beyond(INFINITE, at) from None
    return limited(result, at)


def _power(left: Any, right: Any, at: Expression, text: str) -> Any:
    first = at.parts[0]
    if left == 0 and right < 0:
        raise _zero("zero has no negative power", first, text, "take it of a number other than 0")
    if left < 0 and not float(right).is_integer():
        positive = f"abs({_without_parentheses(first, text)})"
        message = "a negative number has no fractional power"
        raise Fault("AS217", message, first.start, first.end, f"write `{clip(positive)}`, or a whole power", positive)
    # Decided before it is computed: 9**9**9 would have 370 million digits.
    if isinstance(left, int) and isinstance(right, int) and right > 0 and abs(left) > 1 and right > 53:
        raise beyond("result exceeds 2^53", at)
    return left**right


def _zero(message: str, at: Expression, text: str, help: str) -> Fault:
    """Where an operand may not be 0. What is computed can stand beside a value for that case."""
    if at.kind == "constant":
        return Fault("AS217", message, at.start, at.end, help)
    other = f"({_without_parentheses(at, text)} or 1)"
    return Fault("AS217", message, at.start, at.end, f"write `{clip(other)}` to have 1 where it is 0", other)


def _without_parentheses(at: Expression, text: str) -> str:
    inner = text[at.start : at.end]
    return inner[1:-1].strip() if at.kind == "binary" and at.parts[0].start > at.start else inner


_EXACT: dict[str, Callable[[Any, Any], Any]] = {"+": operators.add, "-": operators.sub, "*": operators.mul}
_ARITHMETIC = {**_EXACT, "/": operators.truediv, "//": operators.floordiv, "%": operators.mod}


def compare(operator: str, left: Any, right: Any, first: Expression, second: Expression) -> bool:
    """One comparison, both sides known.

    Raises:
        Fault: the two cannot be compared.
    """
    if operator in ("in", "not in"):
        if not isinstance(right, list):
            message = f"`{operator}` looks into a list, not {describe_value(right)}"
            raise Fault("AS215", message, second.start, second.end, "write `x in [a, b]`")
        return bool(left in right) == (operator == "in")
    if operator in ("==", "!="):
        _check_equality(left, right, first, second)
        return bool(left == right) == (operator == "==")
    if not (isinstance(left, str) and isinstance(right, str)):
        if isinstance(left, str) or isinstance(right, str):
            message = f"`{operator}` cannot compare {describe_value(left)} with {describe_value(right)}"
            raise Fault("AS215", message, first.start, second.end, "compare numbers with numbers, strings with strings")
        number(left, first, f"`{operator}`")
        number(right, second, f"`{operator}`")
    return bool(_ORDERINGS[operator](left, right))


_ORDERINGS: dict[str, Any] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def _check_equality(left: Any, right: Any, first: Expression, second: Expression) -> None:
    """Tensors and layers are compared with null only; for tensors, `.shape` is what is meant."""
    for value, other, at in ((left, right, first), (right, left, second)):
        plain = value is None or isinstance(value, (bool, int, float, str, list, Batch))
        if not plain and other is not None:
            help = "compare their `.shape`" if isinstance(value, TensorType) else "compare numbers, strings or lists"
            raise Fault("AS215", f"{describe_value(value)} has no equal", at.start, at.end, help)
