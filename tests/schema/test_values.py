"""Every argument of every kind: its schema accepts what its type accepts, and no more."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from archspec.ops.bare import Functions, Initialisation, Values
from archspec.ops.entry import Arg, Op
from archspec.ops.faults import BadValue
from archspec.ops.layer_class import LayerClass
from archspec.ops.registry import find, kinds
from archspec.schema.values import value

_SINGLE: tuple[Any, ...] = (
    *(None, True, False, 0, 1, 2, 3, -1, -2, 7, 2**31, 0.5, 1.5, -0.5, 1e-5),
    *("", "same", "valid", "zeros", "relu", "none", "N", "64*N", "x", "64", "pad", "constant", "float32"),
    *("a b -> b a", "a -> b -> c", "ij,jk->ik", "ij", "GELU", "ReLU", "mean"),
)
_VALUES: tuple[Any, ...] = (
    *_SINGLE,
    *([], [1], [0], [-1], [2, 2], [1, 2, 3], [1, 2, 3, 4], [1, 0], ["N", -1], ["x"], [0.5, 0.5], [None], [True, 1]),
    *({}, {"a": 1}, [[1]], [[1, 2], [3, 4]]),
)
_ARGUMENTS = [
    pytest.param(op, arg, id=f"{op.name}.{arg.name}")
    for op in map(find, kinds())
    if op is not None
    for arg in op.args
    if not any(
        isinstance(type, (Functions, Initialisation, LayerClass, Values))
        for type in (arg.type, getattr(arg.type, "type", None))
    )
]


@pytest.mark.parametrize(("op", "arg"), _ARGUMENTS)
def test_the_schema_of_an_argument_is_its_type(op: Op, arg: Arg) -> None:
    judge = jsonschema.Draft7Validator(value(arg.type))
    for given in _VALUES:
        assert judge.is_valid(given) == _accepts(arg, given), given
    assert judge.is_valid("$width")
    assert judge.is_valid("$(2 * width)")


@pytest.mark.parametrize(("op", "arg"), [each for each in _ARGUMENTS if not each.values[1].is_required])
def test_defaults_are_accepted(op: Op, arg: Arg) -> None:
    if arg.inferred is None:
        default = list(arg.default) if isinstance(arg.default, tuple) else arg.default
        assert jsonschema.Draft7Validator(value(arg.type)).is_valid(default)


def _accepts(arg: Arg, given: Any) -> bool:
    try:
        arg.type.accept(given)
    except BadValue:
        return False
    return True
