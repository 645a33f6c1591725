"""Affine layers."""

from __future__ import annotations

from collections.abc import Mapping

from archspec.ops.arguments import Bool, Int
from archspec.ops.common import KAIMING, last, uniform_by_fan_in
from archspec.ops.entry import Arg, Args, Inferred, Inputs, Op, Outputs, State
from archspec.tensors import per_sample


def _linear_shape(args: Args, inputs: Inputs) -> Outputs:
    given = inputs[0]
    return (given.with_shape((*given.shape[:-1], args.out_features)),)


def _linear_state(args: Args) -> Mapping[str, State]:
    weight = State((args.out_features, args.in_features), KAIMING)
    if not args.bias:
        return {"weight": weight}
    return {"weight": weight, "bias": State((args.out_features,), uniform_by_fan_in(args.in_features))}


def _linear_macs(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    return per_sample(inputs[0].shape) * int(args.out_features)


OPS = (
    Op(
        name="Linear",
        target="torch.nn.Linear",
        doc="Affine map of the last dimension.",
        args=(
            Arg(
                "in_features",
                Int(1),
                inferred=Inferred(last, "input features"),
                doc="size of the input's last dimension",
            ),
            Arg("out_features", Int(1), doc="size of the output's last dimension"),
            Arg("bias", Bool(), True, doc="add a learned bias"),
        ),
        primary="out_features",
        ranks=(2, 3, 4, 5, 6, 7, 8),
        layout="[N, …, F]",
        shape=_linear_shape,
        state=_linear_state,
        macs=_linear_macs,
    ),
)
