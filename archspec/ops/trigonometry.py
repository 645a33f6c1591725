"""Functions of angles, and their inverses."""

from __future__ import annotations

from archspec.ops.broadcast import BROADCAST, joined, one_dtype
from archspec.ops.common import same
from archspec.ops.entry import Args, Inputs, Op, Outputs


def _angle(name: str, doc: str) -> Op:
    return Op(name=name, target=f"torch.{name}", doc=doc, shape=same)


def _atan2_shape(args: Args, inputs: Inputs) -> Outputs:
    one_dtype(inputs)
    return (joined(args, inputs),)


OPS = (
    _angle("sin", "sin(x)."),
    _angle("cos", "cos(x)."),
    _angle("tan", "tan(x)."),
    _angle("asin", "The angle from −π/2 to π/2 whose sine is x."),
    _angle("acos", "The angle from 0 to π whose cosine is x."),
    _angle("atan", "The angle from −π/2 to π/2 whose tangent is x."),
    _angle("sinh", "(eˣ − e⁻ˣ) / 2."),
    _angle("cosh", "(eˣ + e⁻ˣ) / 2."),
    _angle("asinh", "What `sinh` undoes."),
    _angle("acosh", "What `cosh` undoes, for x ≥ 1."),
    _angle("atanh", "What `tanh` undoes, for |x| < 1."),
    Op(
        name="atan2",
        target="torch.atan2",
        doc="The angle of the point whose height is the first tensor and whose width is the second.",
        args=(BROADCAST,),
        inputs=("input", "other"),
        shape=_atan2_shape,
        code=lambda args, inputs: f"torch.atan2({', '.join(inputs)})",
    ),
)
