"""Sizes and fill values as arguments of functions: `N`, -1, infinity."""

from __future__ import annotations

import math
import re
from typing import Any

from archspec.ops.arguments import Float, Int
from archspec.ops.faults import BadValue
from archspec.records import record
from archspec.tensors import Batch

INFINITIES = ("inf", "-inf")
"""How a file says an infinite number, which neither JSON nor a spec's YAML has: as a text."""

MULTIPLE = re.compile(r"(?:([1-9][0-9]{0,9})\s*[*·]\s*)?N")


@record
class Size:
    """A size ≥ 1, -1, or a multiple of the batch: `N`, `64*N`."""

    def describe(self) -> str:
        return "a size ≥ 1, -1, or `N` for the batch (`64*N` for a multiple)"

    def accept(self, value: Any) -> int | Batch:
        if isinstance(value, Batch):
            return value
        found = MULTIPLE.fullmatch(value.strip()) if isinstance(value, str) else None
        if found is not None:
            return Batch(int(found[1] or 1))
        try:
            size = Int(-1).accept(value)
        except BadValue as fault:
            raise fault.among(self.describe()) from None
        if size == 0:
            raise BadValue(self.describe())
        return size


@record
class FillValue:
    """A number, infinite ones too: what masked elements become."""

    def describe(self) -> str:
        return 'a number, "inf" or "-inf"'

    def accept(self, value: Any) -> float:
        if isinstance(value, float) and math.isinf(value):
            return value
        if value in INFINITIES:
            return float(value)
        try:
            return Float().accept(value)
        except BadValue as fault:
            raise fault.among(self.describe()) from None


def literal(value: float) -> str:
    """A number as Python source; infinities have no literal of their own."""
    return repr(value) if math.isfinite(value) else f'float("{value}")'
