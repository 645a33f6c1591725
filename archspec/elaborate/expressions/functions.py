"""The functions that an expression may call."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any


class BadCall(Exception):
    """A call's arguments are wrong; `index` is the one at fault, None for all of them together."""

    def __init__(self, message: str, index: int | None = None, code: str = "AS214") -> None:
        super().__init__(message)
        self.message = message
        self.index = index
        self.code = code


def make_divisible(v: float, divisor: int, min_value: int | None = None) -> int:
    """The multiple of `divisor` nearest to `v`, not below `min_value` (default: the divisor) nor below 90 % of `v`.

    The rule of MobileNet's authors for channel counts, as in torchvision's `_make_divisible`.
    """
    least = divisor if min_value is None else min_value
    multiple = max(least, int(v + divisor / 2) // divisor * divisor)
    return multiple + divisor if multiple < 0.9 * v else multiple


def _numbers(name: str, arguments: list[Any]) -> list[Any]:
    """The arguments, or the elements of a single list."""
    values = arguments[0] if len(arguments) == 1 and isinstance(arguments[0], list) else arguments
    if not values:
        raise BadCall(f"`{name}` of nothing: at least one number is expected")
    inside = values is not arguments
    for index, value in enumerate(values):
        if not _is_number(value):
            raise BadCall(f"`{name}` takes numbers", 0 if inside else index, "AS215")
    return list(values)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _one(name: str, arguments: list[Any]) -> Any:
    if len(arguments) != 1:
        raise BadCall(f"`{name}` takes one argument, found {len(arguments)}")
    return arguments[0]


def _number(name: str, arguments: list[Any]) -> Any:
    value = _one(name, arguments)
    if not _is_number(value):
        raise BadCall(f"`{name}` takes a number", 0, "AS215")
    return value


def _round(arguments: list[Any]) -> Any:
    if len(arguments) == 1:
        return round(_number("round", arguments))
    if len(arguments) != 2:
        raise BadCall(f"`round` takes a number and perhaps how many digits to keep, found {len(arguments)} arguments")
    value, digits = arguments
    _number("round", [value])
    if isinstance(digits, bool) or not isinstance(digits, int) or abs(digits) > 16:
        raise BadCall("`round` keeps a whole number of digits, from -16 to 16", 1)
    return round(value, digits)


def _converted(name: str, convert: Callable[[Any], Any], arguments: list[Any]) -> Any:
    value = _one(name, arguments)
    if not isinstance(value, (bool, int, float)):
        raise BadCall(f"`{name}` takes a number or a boolean", 0, "AS215")
    return convert(value)


def _log(arguments: list[Any]) -> float:
    value = _number("log", arguments)
    if value <= 0:
        raise BadCall(f"`log` takes a number above 0, found {value}", 0)
    return math.log(value)


def _sum(arguments: list[Any]) -> Any:
    values = _one("sum", arguments)
    if not isinstance(values, list):
        raise BadCall("`sum` takes a list of numbers", 0, "AS215")
    return sum(_numbers("sum", [values])) if values else 0


def _len(arguments: list[Any]) -> int:
    value = _one("len", arguments)
    if not isinstance(value, (list, str)):
        raise BadCall("`len` takes a list or a string", 0, "AS215")
    return len(value)


def _make_divisible(arguments: list[Any]) -> int:
    if len(arguments) not in (2, 3):
        raise BadCall(
            f"`make_divisible` takes a value, a divisor and perhaps a minimum, found {len(arguments)} arguments"
        )
    value, divisor, *rest = arguments
    least = rest[0] if rest else None
    if not _is_number(value):
        raise BadCall("`make_divisible` takes a number", 0, "AS215")
    if isinstance(divisor, bool) or not isinstance(divisor, int) or divisor < 1:
        raise BadCall("the divisor is an integer ≥ 1", 1)
    if least is not None and (isinstance(least, bool) or not isinstance(least, int)):
        raise BadCall("the minimum is an integer", 2)
    return make_divisible(value, divisor, least)


USAGE = {
    "min": "`min(a, b)`, or `min(xs)` of a list of numbers",
    "max": "`max(a, b)`, or `max(xs)` of a list of numbers",
    "abs": "`abs(x)`",
    "round": "`round(x)` for an integer, `round(x, 2)` for two digits after the point",
    "floor": "`floor(x)`",
    "ceil": "`ceil(x)`",
    "int": "`int(x)`",
    "float": "`float(x)`",
    "log": "`log(x)`, where `x` is above 0",
    "sum": "`sum(xs)` of a list of numbers",
    "len": "`len(xs)`",
    "make_divisible": "`make_divisible(x, 8)`, or `make_divisible(x, 8, 16)` for at least 16",
}
"""How each is called."""

FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "min": lambda arguments: min(_numbers("min", arguments)),
    "max": lambda arguments: max(_numbers("max", arguments)),
    "abs": lambda arguments: abs(_number("abs", arguments)),
    "round": _round,
    "floor": lambda arguments: math.floor(_number("floor", arguments)),
    "ceil": lambda arguments: math.ceil(_number("ceil", arguments)),
    "int": lambda arguments: _converted("int", int, arguments),
    "float": lambda arguments: _converted("float", float, arguments),
    "log": _log,
    "sum": _sum,
    "len": _len,
    "make_divisible": _make_divisible,
}
"""By name: from the known values of the arguments to the result, or `BadCall`."""
