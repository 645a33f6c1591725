"""Affine layers."""

from __future__ import annotations

from collections.abc import Mapping

from archspec.ops.arguments import Bool, Int
from archspec.ops.common import KAIMING, contradiction, last, refuse_images, uniform_by_fan_in
from archspec.ops.entry import Arg, Args, Inferred, Inputs, Op, Outputs, State
from archspec.ops.faults import RuleFault
from archspec.tensors import per_sample, volume

_FEATURES = "input features"


def _check_linear(args: Args, inputs: Inputs) -> None:
    refuse_images(args, inputs, "in_features")
    given = inputs[0]
    if args.in_features == given.shape[-1]:
        return
    if given.rank > 2 and volume(given.shape[1:]) == args.in_features:
        raise RuleFault(
            "AS305",
            f"{{name}} expects {args.in_features} {_FEATURES}, but receives {given}: did you forget a `Flatten`?",
            arg="in_features",
            input=0,
            help="put a `Flatten` before it",
        )
    raise contradiction("in_features", _FEATURES, args.in_features, given.shape[-1])


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
                inferred=Inferred(last, _FEATURES, fixed=False),
                doc="size of the input's last dimension",
            ),
            Arg("out_features", Int(1), doc="size of the output's last dimension", example=10),
            Arg("bias", Bool(), True, doc="add a learned bias"),
        ),
        primary="out_features",
        check=_check_linear,
        shape=_linear_shape,
        state=_linear_state,
        macs=_linear_macs,
    ),
)
