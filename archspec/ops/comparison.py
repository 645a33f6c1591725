"""Comparisons, logic on booleans, and a change of the element type."""

from __future__ import annotations

from archspec.ops.arguments import Float, Maybe, one_of
from archspec.ops.broadcast import BROADCAST, joined, one_dtype
from archspec.ops.entry import Arg, Args, Inputs, Op, Outputs
from archspec.ops.faults import RuleFault
from archspec.tensors import DTYPES, TensorType

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
    Op(
        name="to",
        target="torch.Tensor.to",
        doc="The same numbers in another element type.",
        args=(Arg("dtype", one_of(*DTYPES), doc="the element type", example="float32"),),
        primary="dtype",
        shape=lambda args, inputs: (TensorType(inputs[0].shape, args.dtype, inputs[0].channels_first),),
        code=lambda args, inputs: f"{inputs[0]}.to(torch.{args.dtype})",
        floating=False,
    ),
    Op(
        name="type_as",
        target="torch.Tensor.type_as",
        doc="The first tensor's numbers in the second one's element type.",
        inputs=("input", "other"),
        shape=lambda args, inputs: (TensorType(inputs[0].shape, inputs[1].dtype, inputs[0].channels_first),),
        code=lambda args, inputs: f"{inputs[0]}.type_as({inputs[1]})",
        view="shared",  # it is the first tensor itself, where the types are one
        floating=False,
    ),
)
