"""The types of arguments: each says what it accepts, in words and as a test, and normalises what it accepts."""

from __future__ import annotations

import math
from typing import Any, Protocol

from archspec.ops.faults import BadValue
from archspec.records import record
from archspec.suggest import nearest

LARGEST = 2**53
"""Integers beyond this are refused everywhere: no size, count or index is that large."""
_WORDS_FOR_NULL = ("none", "null", "~")


class ArgType(Protocol):
    """What every argument type can do."""

    def describe(self) -> str:
        """What is accepted, as a noun phrase: `an integer ≥ 1`."""
        ...

    def accept(self, value: Any) -> Any:
        """The value in its normal form (lists become tuples).

        Raises:
            BadValue: it is not accepted.
        """
        ...


@record
class Int:
    """An integer between `min` and `max`, both included. A bool is no integer."""

    min: int | None = None
    max: int | None = None

    def describe(self) -> str:
        if self.min is not None and self.max is not None:
            return f"an integer from {self.min} to {self.max}"
        if self.min is not None:
            return f"an integer ≥ {self.min}"
        if self.max is not None:
            return f"an integer ≤ {self.max}"
        return "an integer"

    def accept(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            meant = self._meant(value)
            raise BadValue(self.describe(), help=None if meant is None else f"write `{meant}`", suggestion=meant)
        if abs(value) > LARGEST:
            raise BadValue(f"{self.describe()}, at most 2^53")
        if not self._within(value):
            raise BadValue(self.describe())
        return value

    def _within(self, value: int) -> bool:
        return (self.min is None or value >= self.min) and (self.max is None or value <= self.max)

    def _meant(self, value: Any) -> int | None:
        """The integer that was probably meant by `64.0` or `"64"`."""
        number = _number(value) if isinstance(value, str) else value
        if isinstance(number, bool) or not isinstance(number, (int, float)) or not -LARGEST < number < LARGEST:
            return None
        return int(number) if number == int(number) and self._within(int(number)) else None


@record
class Float:
    """A finite number; `above`/`below` are bounds that are themselves excluded."""

    min: float | None = None
    max: float | None = None
    above: float | None = None
    below: float | None = None

    def describe(self) -> str:
        bounds = [
            f"{sign} {limit:g}"
            for sign, limit in (("≥", self.min), (">", self.above), ("≤", self.max), ("<", self.below))
            if limit is not None
        ]
        return "a number " + " and ".join(bounds) if bounds else "a number"

    def accept(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            meant = _number(value) if isinstance(value, str) else None
            if meant is None or not self._within(meant):
                raise BadValue(self.describe())
            raise BadValue(self.describe(), help=f"write `{meant}`", suggestion=meant)
        if not self._within(value):
            raise BadValue(self.describe())
        return value

    def _within(self, value: float) -> bool:
        return (
            -1e300 <= value <= 1e300
            and (self.min is None or value >= self.min)
            and (self.above is None or value > self.above)
            and (self.max is None or value <= self.max)
            and (self.below is None or value < self.below)
        )


@record
class Bool:
    """`true` or `false`; what YAML 1.1 called a bool is explained."""

    def describe(self) -> str:
        return "`true` or `false`"

    def accept(self, value: Any) -> bool:
        if isinstance(value, str) and value.lower() in ("yes", "on", "no", "off", "true", "false"):
            meant = value.lower() in ("yes", "on", "true")
            raise BadValue(self.describe(), help=f"write `{str(meant).lower()}`", suggestion=meant)
        if isinstance(value, str) and (near := nearest(value.lower(), ("true", "false"))):
            raise BadValue(self.describe(), help=f"did you mean `{near[0]}`?", suggestion=near[0] == "true")
        if not isinstance(value, bool):
            raise BadValue(self.describe())
        return value


@record
class Text:
    """A string."""

    def describe(self) -> str:
        return "a string"

    def accept(self, value: Any) -> str:
        if not isinstance(value, str):
            raise BadValue(self.describe(), help=f'quote it: `"{value}"`' if value is not None else None)
        return value


@record
class Plain:
    """Any plain data; lists become tuples."""

    def describe(self) -> str:
        return "a number, a string, a truth value, a list, a mapping or null"

    def accept(self, value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return tuple(self.accept(item) for item in value)
        if isinstance(value, dict):
            return {name: self.accept(item) for name, item in value.items()}
        if value is not None and not isinstance(value, (bool, int, float, str)):
            raise BadValue(self.describe())
        return value


@record
class OneOf:
    """One of a few words."""

    values: tuple[str, ...]

    def describe(self) -> str:
        return "one of " + ", ".join(f"`{value}`" for value in self.values)

    def accept(self, value: Any) -> str:
        if isinstance(value, str) and value in self.values:
            return value
        near = nearest(value, self.values) if isinstance(value, str) else []
        raise BadValue(
            self.describe(),
            help=f"did you mean `{near[0]}`?" if near else None,
            suggestion=near[0] if near else None,
        )


def one_of(*values: str) -> OneOf:
    """`OneOf` with its words as arguments."""
    return OneOf(values)


@record
class Maybe:
    """The type, or `null`."""

    type: ArgType

    def describe(self) -> str:
        return f"{self.type.describe()}, or null"

    def accept(self, value: Any) -> Any:
        if value is None:
            return None
        if isinstance(value, str) and value.lower() in _WORDS_FOR_NULL:
            raise BadValue(self.describe(), help="write `null`")
        try:
            return self.type.accept(value)
        except BadValue as fault:
            raise fault.among(self.describe()) from None


@record
class Either:
    """One of several types; the fault told is that of the type that the value comes closest to."""

    types: tuple[ArgType, ...]

    def describe(self) -> str:
        return ", or ".join(type.describe() for type in self.types)

    def accept(self, value: Any) -> Any:
        faults = []
        for type in self.types:
            try:
                return type.accept(value)
            except BadValue as fault:
                faults.append(fault)
        told = next((fault for fault in faults if fault.help or fault.index is not None), faults[0])
        raise told.among(self.describe())


@record
class Each:
    """A list of `count` values of one type, or (with `or_one`) a single value for all; `count` None is any length."""

    type: ArgType
    count: int | None = None
    or_one: bool = False
    at_least: int = 1

    def describe(self) -> str:
        one = self.type.describe()
        size = "a list" if self.count is None else f"a list of {self.count}"
        return f"{one}, or {size} of them" if self.or_one else f"{size} of: {one}"

    def accept(self, value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            if (self.count is not None and len(value) != self.count) or len(value) < self.at_least:
                raise BadValue(self.describe())
            return tuple(self._accept_item(index, item) for index, item in enumerate(value))
        if not self.or_one:
            raise BadValue(self.describe())
        return self._accept_item(None, value)

    def _accept_item(self, index: int | None, item: Any) -> Any:
        try:
            return self.type.accept(item)
        except BadValue as fault:
            raise fault.among(self.describe(), index) from None


def sizes(count: int, min: int) -> Each:
    """An integer ≥ `min`, or a list of `count` of them: a kernel size, a stride, a padding."""
    return Each(Int(min), count, or_one=True)


def spread(value: Any, count: int) -> tuple[Any, ...]:
    """`3` as `(3, 3)`; a list as it is."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * count


def show(value: Any) -> str:
    """A value as a spec has it, short enough for a message: `0`, `true`, `null`, `"64"`, `[1, 2]`, `a mapping`."""
    if isinstance(value, (list, tuple)):
        shown = f"[{', '.join(show(item) for item in value)}]" if len(value) <= 8 else ""
        return shown if 0 < len(shown) <= 60 else f"a list of {len(value):,}"
    if isinstance(value, dict):
        return "a mapping"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value) if abs(value) < 10**18 else "an integer of more than 18 digits"
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}[repr(value)]
    if not isinstance(value, str):  # a tensor or a layer that a variable holds
        return str(value)
    return f'"{value if len(value) <= 40 else value[:39] + "…"}"'


def _number(text: str) -> int | float | None:
    """What a quoted number says."""
    if len(text) > 30 or "_" in text:
        return None
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return None
