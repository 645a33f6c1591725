"""What follows from the parameters of a class in every instance: `4 * channels`, `features // 32`, `stride > 1`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations_with_replacement
from math import isqrt
from typing import Any

from archspec.records import record


class _Missing:
    """Stands for the value of an argument of a child that an instance does not have."""


MISSING = _Missing()


@record
class Parameter:
    """A parameter of a class, with its value in each instance; `default` is `MISSING` where it has to be given."""

    name: str
    values: tuple[Any, ...]
    default: Any = MISSING

    @property
    def stand_in(self) -> Any:
        """What an instance is given that has no use for it."""
        return next(value for value in self.values if value is not MISSING)


def product(values: Sequence[Any], parameters: Sequence[Parameter]) -> str | None:
    """Sizes as a multiple, a part, or a product of parameters; None where they are none."""
    if not all(value is MISSING or (type(value) is int and value > 0) for value in values):
        return None
    known = [parameter for parameter in parameters if _are_sizes(parameter, values)]
    usual = (_of_two, _of_one_size) if MISSING in values else (_of_one_size, _of_two)  # fewer values tell less
    return next((text for way in (*usual, _less, _squared) if (text := way(values, known)) is not None), None)


def _of_one_size(values: Sequence[Any], sizes: Sequence[Parameter]) -> str | None:
    for parameter in sizes:
        pairs = [(value, own) for value, own in zip(values, parameter.values, strict=True) if value is not MISSING]
        for text, ratios in (
            (f"{{}} * {parameter.name}", {divmod(value, own) for value, own in pairs}),
            (f"{parameter.name} // {{}}", {divmod(own, value) for value, own in pairs}),
        ):
            if len(ratios) == 1 and (ratio := next(iter(ratios)))[0] > 1 and ratio[1] == 0:
                return text.format(ratio[0])
    return None


def _of_two(values: Sequence[Any], sizes: Sequence[Parameter]) -> str | None:
    for one, other in combinations_with_replacement(sizes, 2):
        rows = zip(values, one.values, other.values, strict=True)
        if all(value is MISSING or value == mine * theirs for value, mine, theirs in rows):
            return f"{other.name} * {one.name}"
    return None


def _less(values: Sequence[Any], sizes: Sequence[Parameter]) -> str | None:
    """A parameter less the same number in every instance."""
    for parameter in sizes:
        pairs = {(value, own) for value, own in zip(values, parameter.values, strict=True) if value is not MISSING}
        apart = {own - value for value, own in pairs}
        if len(pairs) >= _FEW and len(apart) == 1 and min(apart) > 0:
            return f"{parameter.name} - {min(apart)}"
    return None


def _squared(values: Sequence[Any], sizes: Sequence[Parameter]) -> str | None:
    """The square of the same part of a parameter in every instance."""
    for parameter in sizes:
        pairs = {(value, own) for value, own in zip(values, parameter.values, strict=True) if value is not MISSING}
        parts = {own // isqrt(value) for value, own in pairs if isqrt(value) ** 2 == value and own % isqrt(value) == 0}
        if len(pairs) >= _FEW and len(parts) == 1 and all(value == (own // min(parts)) ** 2 for value, own in pairs):
            return f"({parameter.name} // {min(parts)}) ** 2"
    return None


def condition(
    present: Sequence[bool], parameters: Sequence[Parameter], given: Mapping[str, Sequence[Any]]
) -> tuple[str, Collection[str]] | None:
    """Why a layer is there in some instances, and the block's own arguments that it hangs on; None if nothing tells.

    Args:
        present: whether it is there, for each instance.
        parameters: of the class, so far, and what follows from them.
        given: the block's arguments, which can become parameters.
    """
    for name, values in given.items():
        for text, holds in _of_one(name, values):
            if list(holds) == list(present):
                return text, (name,)
    if len({tuple(row) for row in zip(*(parameter.values for parameter in parameters), strict=True)}) < _FEW:
        return None
    for inner in (parameter for parameter in parameters if parameter.name.startswith("in_")):
        for outer in parameters:
            if outer is not inner and _are_sizes(inner, present) and _are_sizes(outer, present):
                same = [mine == theirs for mine, theirs in zip(inner.values, outer.values, strict=True)]
                if same == list(present):
                    return f"{inner.name} == {outer.name}", ()
                if [not each for each in same] == list(present):
                    return f"{inner.name} != {outer.name}", ()
    return None


_FEW = 3  # fewer instances can agree by chance


def _of_one(name: str, values: Sequence[Any]) -> Iterator[tuple[str, Iterator[bool]]]:
    if all(type(value) is bool for value in values):
        yield name, iter(values)
        yield f"not {name}", (not value for value in values)
    elif all(type(value) in (int, float) and value >= 0 for value in values):
        for least in (0, 1):
            yield f"{name} > {least}", (value > least for value in values)
        yield f"{name} == 1", (value == 1 for value in values)


def _are_sizes(parameter: Parameter, values: Sequence[Any]) -> bool:
    """Whether a parameter is a positive integer wherever there is a value."""
    pairs = zip(parameter.values, values, strict=True)
    return all(value is MISSING or (type(own) is int and own > 0) for own, value in pairs)
