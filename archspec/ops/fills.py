"""Numbers that are written into tensors."""

from __future__ import annotations

from archspec.ops.faults import RuleFault
from archspec.tensors import FLOATS


def check_fill(value: float, dtype: str, arg: str = "fill_value") -> None:
    """A tensor of that element type can hold the number as it is; `arg` is the argument that says it.

    Raises:
        RuleFault: AS306.
    """
    if dtype in FLOATS:
        return
    largest = {"bool": 1, "uint8": 255, "int8": 127}.get(dtype, 32767)
    if value != value or abs(value) > largest or int(value) != value or (value < 0 and dtype in ("bool", "uint8")):
        message = f"{{name}} would write {value} into a tensor of {dtype}"
        raise RuleFault("AS306", message, arg=arg, help="give it a floating-point tensor")
