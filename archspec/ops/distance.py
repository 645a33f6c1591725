"""Layers of two inputs of like shape: similarity, distance, and the bilinear form."""

from __future__ import annotations

from collections.abc import Mapping

from archspec.ops.arguments import Bool, Float, Int
from archspec.ops.broadcast import BROADCAST, one_dtype, refuse_two_batches, stacked
from archspec.ops.common import contradiction, last, normalize_dim, refuse_images, uniform_by_fan_in
from archspec.ops.entry import Arg, Args, Inferred, Inputs, Op, Outputs, State
from archspec.ops.faults import RuleFault
from archspec.tensors import FLOATS, Batch, Dim, per_sample, show_shape


def _check_pair(args: Args, inputs: Inputs) -> None:
    first, other = inputs
    if other.dtype != first.dtype:
        message = f"{{name}} compares {first.dtype} with {other.dtype}: its inputs have different element types"
        raise RuleFault("AS306", message, input=1, help="give it tensors of one element type")
    if other.shape != first.shape:
        message = f"{{name}} compares tensors of one shape, but receives {first} and {other}"
        raise RuleFault("AS304", message, input=1, help="bring the two to one shape before it")


def _check_cosine(args: Args, inputs: Inputs) -> None:
    _check_pair(args, inputs)
    normalize_dim(args.dim, inputs[0].rank, "dim")


def _cosine_shape(args: Args, inputs: Inputs) -> Outputs:
    shape = list(inputs[0].shape)
    del shape[args.dim]
    return (inputs[0].with_shape(shape),)


def _distance_shape(args: Args, inputs: Inputs) -> Outputs:
    given = inputs[0]
    return (given.with_shape((*given.shape[:-1], *((1,) if args.keepdim else ()))),)


def _last_of_second(inputs: Inputs) -> Dim:
    return inputs[1].shape[-1]


def _check_bilinear(args: Args, inputs: Inputs) -> None:
    refuse_images(args, inputs, "in1_features")
    for index, arg in enumerate(("in1_features", "in2_features")):
        found = inputs[index].shape[-1]
        if args[arg] != found:
            fault = contradiction(arg, f"features in `{arg[:3].replace('in', 'input')}`", args[arg], found)
            fault.input = index
            raise fault
    rows, others = inputs[0].shape[:-1], inputs[1].shape[:-1]
    if rows != others:
        message = f"{{name}} needs inputs that are alike but for their features, found {inputs[0]} and {inputs[1]}"
        help = f"bring the second to {show_shape((*rows, inputs[1].shape[-1]))}"
        raise RuleFault("AS304", message, input=1, help=help)


def _bilinear_shape(args: Args, inputs: Inputs) -> Outputs:
    return (inputs[0].with_shape((*inputs[0].shape[:-1], args.out_features)),)


def _bilinear_state(args: Args) -> Mapping[str, State]:
    init = uniform_by_fan_in(args.in1_features)
    weight = State((args.out_features, args.in1_features, args.in2_features), init)
    return {"weight": weight, "bias": State((args.out_features,), init)} if args.bias else {"weight": weight}


def _bilinear_macs(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """Those of x₁·A, then of its product with x₂. torch's counter does not know the fused function that does both."""
    return int(per_sample(outputs[0].shape) * (args.in1_features + 1) * args.in2_features)


def _cdist_shape(args: Args, inputs: Inputs) -> Outputs:
    one_dtype(inputs)
    first, other = inputs
    for index, given in enumerate(inputs):
        if given.rank < 2:
            message = f"{{name}} compares rows of matrices, but receives {given}"
            raise RuleFault("AS302", message, input=index, help="give it a dimension of size 1 with `unsqueeze`")
    if first.shape[-1] != other.shape[-1]:
        message = f"{{name}} compares rows of {first} with rows of {other}: one has {first.shape[-1]} features"
        help = f"give the second {first.shape[-1]} features in its last dimension"
        raise RuleFault("AS304", f"{message}, the other {other.shape[-1]}", input=1, help=help)
    if isinstance(first.shape[-1], Batch):
        message = f"{{name}} would sum over the batch: {first}"
        raise RuleFault("AS304", message, input=0, help="bring the batch to the front")
    shape = (*stacked(args, inputs, "compares"), first.shape[-2], other.shape[-2])
    refuse_two_batches(shape)
    return (first.with_shape(shape),)


def _cdist_code(args: Args, inputs: tuple[str, ...]) -> str:
    power = "" if args.p == 2 else f", p={args.p!r}"
    return f"torch.cdist({inputs[0]}, {inputs[1]}{power})"


def _similarity(name: str, target: str) -> Op:
    return Op(
        name=name,
        target=target,
        doc="Cosine of the angle between two inputs along a dimension.",
        args=(
            Arg("dim", Int(), 1, doc="the dimension that holds the vectors"),
            Arg("eps", Float(above=0), 1e-8, doc="the least divisor"),
        ),
        primary="dim",
        inputs=("x1", "x2"),
        dtypes=(FLOATS, FLOATS),
        check=_check_cosine,
        shape=_cosine_shape,
    )


def _distance(name: str, target: str) -> Op:
    return Op(
        name=name,
        target=target,
        doc="Distance between the vectors in the last dimension of two inputs.",
        args=(
            Arg("p", Float(), 2.0, doc="which p-norm"),
            Arg("eps", Float(above=0), 1e-6, doc="added to each difference"),
            Arg("keepdim", Bool(), False, doc="keep the last dimension, with size 1"),
        ),
        primary="p",
        inputs=("x1", "x2"),
        dtypes=(FLOATS, FLOATS),
        check=_check_pair,
        shape=_distance_shape,
    )


OPS = (
    Op(
        name="Bilinear",
        target="torch.nn.Bilinear",
        doc="Bilinear form x₁ᵀ·A·x₂ + b of the last dimensions of two inputs.",
        args=(
            Arg(
                "in1_features",
                Int(1),
                inferred=Inferred(last, "input features", fixed=False),
                doc="size of the first input's last dimension",
            ),
            Arg(
                "in2_features",
                Int(1),
                inferred=Inferred(_last_of_second, "input features", fixed=False),
                doc="size of the second input's last dimension",
            ),
            Arg("out_features", Int(1), doc="size of the output's last dimension", example=10),
            Arg("bias", Bool(), True, doc="add a learned bias"),
        ),
        primary="out_features",
        inputs=("input1", "input2"),
        dtypes=(FLOATS, FLOATS),
        check=_check_bilinear,
        shape=_bilinear_shape,
        state=_bilinear_state,
        macs=_bilinear_macs,
    ),
    _similarity("CosineSimilarity", "torch.nn.CosineSimilarity"),
    _similarity("cosine_similarity", "torch.nn.functional.cosine_similarity"),
    _distance("PairwiseDistance", "torch.nn.PairwiseDistance"),
    _distance("pairwise_distance", "torch.nn.functional.pairwise_distance"),
    Op(
        name="cdist",
        target="torch.cdist",
        doc="The distance of each row of the first matrix from each row of the second.",
        args=(Arg("p", Float(min=0), 2.0, doc="which p-norm"), BROADCAST),
        primary="p",
        inputs=("x1", "x2"),
        dtypes=(FLOATS, FLOATS),
        shape=_cdist_shape,
        code=_cdist_code,
    ),
)
