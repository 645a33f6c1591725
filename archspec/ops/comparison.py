"""Comparisons, and logic on booleans."""

from __future__ import annotations

from archspec.ops.arguments import Float, Maybe
from archspec.ops.broadcast import BROADCAST, joined, one_dtype
from archspec.ops.entry import Arg, Args, Inputs, Op, Outputs
from archspec.ops.faults import RuleFault
from archspec.tensors import TensorType

_SIGNS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_WORDS = {
    "eq": "equal to",
    "ne": "not equal to",
    "lt": "less than",
    "le": "at most",
    "gt": "greater than",
    "ge": "at least",
}


def _booleans(args: Args, inputs: Inputs) -> Outputs:
    found = joined(args, inputs)
    return (TensorType(found.shape, "bool", found.channels_first),)


def _compared(args: Args, inputs: Inputs) -> Outputs:
    if (args.other is None) == (len(inputs) == 1):
        message = "{name} compares two tensors, or one with a number"
        raise RuleFault("AS308", message, help="write `from: [a, b]`, or one input and e.g. `other: 0`")
    one_dtype(inputs)
    return _booleans(args, inputs)


def _comparison(name: str) -> Op:
    def code(args: Args, inputs: tuple[str, ...]) -> str:
        other = inputs[1] if len(inputs) > 1 else repr(args.other)
        return f"{inputs[0]} {_SIGNS[name]} {other}"

    return Op(
        name=name,
        target=f"torch.{name}",
        doc=f"Where the first tensor is {_WORDS[name]} the second, or a number.",
        args=(Arg("other", Maybe(Float()), None, doc="the number, where there is no second tensor"), BROADCAST),
        primary="other",
        inputs=("input", "other"),
        optional_inputs=1,
        shape=_compared,
        code=code,
        floating=False,
    )


def _logical(name: str, doc: str) -> Op:
    return Op(
        name=name,
        target=f"torch.{name}",
        doc=doc,
        args=(BROADCAST,),
        inputs=("input", "other"),
        dtypes=(("bool",), ("bool",)),
        shape=_booleans,
        code=lambda args, inputs: f"torch.{name}({', '.join(inputs)})",
        floating=False,
    )


OPS = (
    *(_comparison(name) for name in _SIGNS),
    _logical("logical_and", "Where both are true."),
    _logical("logical_or", "Where one is true, or both."),
    _logical("logical_xor", "Where just one is true."),
    Op(
        name="logical_not",
        target="torch.logical_not",
        doc="Where it is false.",
        dtypes=(("bool",),),
        shape=lambda args, inputs: (inputs[0],),
        floating=False,
    ),
)
