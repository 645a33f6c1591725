"""The types of arguments: each says what it accepts, in words and as a test, and normalises what it accepts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from archspec.ops.faults import BadValue

LARGEST = 2**53
"""Integers beyond this are refused everywhere: no size, count or index is that large."""


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


@dataclass(frozen=True, slots=True)
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
        if isinstance(value, float) and value.is_integer() and abs(value) < LARGEST:
            raise BadValue(self.describe(), help=f"write `{int(value)}`", suggestion=int(value))
        if isinstance(value, bool) or not isinstance(value, int):
            raise BadValue(self.describe())
        if abs(value) > LARGEST:
            raise BadValue(f"{self.describe()}, at most 2^53")
        if (self.min is not None and value < self.min) or (self.max is not None and value > self.max):
            raise BadValue(self.describe())
        return value


@dataclass(frozen=True, slots=True)
class Float:
    """A finite number; `above`/`below` are bounds that are themselves excluded."""

    min: float | None = None
    max: float | None = None
    above: float | None = None
    below: float | None = None

    def describe(self) -> str:
        bounds = [
            text
            for limit, text in (
                (self.min, f"≥ {self.min:g}" if self.min is not None else ""),
                (self.above, f"> {self.above:g}" if self.above is not None else ""),
                (self.max, f"≤ {self.max:g}" if self.max is not None else ""),
                (self.below, f"< {self.below:g}" if self.below is not None else ""),
            )
            if limit is not None
        ]
        return "a number " + " and ".join(bounds) if bounds else "a number"

    def accept(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise BadValue(self.describe())
        out_of_range = (
            (self.min is not None and value < self.min)
            or (self.above is not None and value <= self.above)
            or (self.max is not None and value > self.max)
            or (self.below is not None and value >= self.below)
            or abs(value) > 1e300
        )
        if out_of_range:
            raise BadValue(self.describe())
        return value


@dataclass(frozen=True, slots=True)
class Bool:
    """`true` or `false`; what YAML 1.1 called a bool is explained."""

    def describe(self) -> str:
        return "`true` or `false`"

    def accept(self, value: Any) -> bool:
        if isinstance(value, str) and value.lower() in ("yes", "on", "no", "off", "true", "false"):
            meant = value.lower() in ("yes", "on", "true")
            raise BadValue(self.describe(), help=f"write `{str(meant).lower()}`", suggestion=meant)
        if not isinstance(value, bool):
            raise BadValue(self.describe())
        return value


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few words."""

    values: tuple[str, ...]

    def describe(self) -> str:
        return "one of " + ", ".join(f"`{value}`" for value in self.values)

    def accept(self, value: Any) -> str:
        if not isinstance(value, str) or value not in self.values:
            raise BadValue(self.describe())
        return value


def one_of(*values: str) -> OneOf:
    """`OneOf` with its words as arguments."""
    return OneOf(values)


@dataclass(frozen=True, slots=True)
class Maybe:
    """The type, or `null`."""

    type: ArgType

    def describe(self) -> str:
        return f"{self.type.describe()}, or null"

    def accept(self, value: Any) -> Any:
        return None if value is None else self.type.accept(value)


@dataclass(frozen=True, slots=True)
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
        raise BadValue(self.describe(), index=told.index, help=told.help, suggestion=told.suggestion)


@dataclass(frozen=True, slots=True)
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
        if not isinstance(value, (list, tuple)):
            if not self.or_one:
                raise BadValue(self.describe())
            try:
                return self.type.accept(value)
            except BadValue as fault:
                raise BadValue(self.describe(), help=fault.help, suggestion=fault.suggestion) from None
        if (self.count is not None and len(value) != self.count) or len(value) < self.at_least:
            raise BadValue(self.describe())
        return tuple(self._accept_item(index, item) for index, item in enumerate(value))

    def _accept_item(self, index: int, item: Any) -> Any:
        try:
            return self.type.accept(item)
        except BadValue as fault:
            raise BadValue(self.describe(), index=index, help=fault.help, suggestion=fault.suggestion) from None


def sizes(count: int, min: int) -> Each:
    """An integer ≥ `min`, or a list of `count` of them: a kernel size, a stride, a padding."""
    return Each(Int(min), count, or_one=True)


def spread(value: int | Sequence[int], count: int) -> tuple[int, ...]:
    """`3` as `(3, 3)`; a list as it is."""
    return (value,) * count if isinstance(value, int) else tuple(value)
