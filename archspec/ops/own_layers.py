"""Layers that torch has not, which the package brings along in `archspec.layers`."""

from __future__ import annotations

from math import prod

from archspec.ops.arguments import Float
from archspec.ops.common import (
    LAYOUTS,
)
from archspec.ops.entry import Arg, Args, Inputs, Op, Outputs
from archspec.ops.faults import RuleFault
from archspec.tensors import per_sample


def _bilinear_shape(args: Args, inputs: Inputs) -> Outputs:
    first, second = inputs[0], inputs[-1]
    if second.rank != 4 or second.shape[0] != first.shape[0] or second.shape[2:] != first.shape[2:]:
        message = f"{{name}} multiplies features of the same places, but receives {first} and {second}"
        raise RuleFault("AS304", message, input=1, help="give both one height and one width")
    if second.dtype != first.dtype:
        raise RuleFault("AS306", "{name} needs one element type", input=1, help="give it tensors of one element type")
    return (first.with_shape((first.shape[0], prod(_channel_counts(inputs)))),)


def _channel_counts(inputs: Inputs) -> tuple[int, int]:
    return per_sample(inputs[0].shape[1:2]), per_sample(inputs[-1].shape[1:2])


def _bilinear_macs(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    return per_sample(inputs[0].shape) * _channel_counts(inputs)[1]


OPS = (
    Op(
        name="BilinearPool2d",
        target="archspec.layers.BilinearPool2d",
        doc="The products of all pairs of channels averaged over space, their signed square root, over its norm.",
        args=(Arg("eps", Float(above=0), 1e-10, doc="added under the square root, which has no slope at 0"),),
        inputs=("input", "other"),
        optional_inputs=1,
        ranks=(4,),
        layout=LAYOUTS[2],
        shape=_bilinear_shape,
        macs=_bilinear_macs,
    ),
    Op(
        name="GlobalAvgPool2d",
        target="archspec.layers.GlobalAvgPool2d",
        doc="The mean of each channel over space.",
        ranks=(4,),
        layout=LAYOUTS[2],
        shape=lambda args, inputs: (inputs[0].with_shape(inputs[0].shape[:2]),),
    ),
)
