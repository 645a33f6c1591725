"""Learned tables that are looked up by integers."""

from __future__ import annotations

from collections.abc import Mapping

from archspec.ops.arguments import Bool, Float, Int, Maybe, OneOf
from archspec.ops.entry import Arg, Args, Init, Inputs, Op, Outputs, State
from archspec.ops.faults import RuleFault
from archspec.tensors import FLOATS, TensorType

_INDICES = ("int64", "int32")
_NUM = Arg("num_embeddings", Int(1), doc="number of rows: indices go from 0 to one less", example=1000)
_DIM = Arg("embedding_dim", Int(1), doc="size of a row", example=64)
_PADDING = Arg("padding_idx", Maybe(Int()), None, doc="the row of the padding: zero, and not learned")
_MAX_NORM = Arg("max_norm", Maybe(Float(above=0)), None, doc="rows that are looked up are scaled down to this norm")
_NORM_TYPE = Arg("norm_type", Float(above=0), 2.0, doc="which p-norm `max_norm` means")
_BY_FREQUENCY = Arg("scale_grad_by_freq", Bool(), False, doc="divide a row's gradient by how often it is in the batch")
_SPARSE = Arg("sparse", Bool(), False, doc="make the gradient a sparse tensor")


def _check_table(args: Args, inputs: Inputs) -> None:
    count = args.num_embeddings
    if args.padding_idx is not None and not -count <= args.padding_idx < count:
        raise RuleFault(
            "AS402",
            f"`padding_idx: {args.padding_idx}` of {{name}} is no row of its {count}",
            arg="padding_idx",
            help=f"use a row from 0 to {count - 1}, or one from -{count} to -1, counted from the last",
        )
    if args.sparse and args.scale_grad_by_freq:
        raise RuleFault(
            "AS402",
            "`scale_grad_by_freq: true` of {name} does not go with `sparse: true`: torch has no such gradient",
            arg="scale_grad_by_freq",
            help="leave one of the two out",
            suggestion=False,
        )


def _state(args: Args) -> Mapping[str, State]:
    row = args.padding_idx
    init = Init("normal", zero_row=None if row is None else row % args.num_embeddings)
    return {"weight": State((args.num_embeddings, args.embedding_dim), init)}


def _rows(args: Args, inputs: Inputs) -> Outputs:
    return (TensorType((*inputs[0].shape, args.embedding_dim)),)


def _check_bag(args: Args, inputs: Inputs) -> None:
    _check_table(args, inputs)
    for name in ("scale_grad_by_freq", "sparse"):
        if args.mode == "max" and args[name]:
            raise RuleFault(
                "AS402",
                f"`{name}: true` of {{name}} does not go with `mode: max`",
                arg=name,
                help=f"leave `{name}` out, or use `mode: sum` or `mode: mean`",
                suggestion=False,
            )
    if len(inputs) == 2:
        _check_weights(args, inputs)


def _check_weights(args: Args, inputs: Inputs) -> None:
    if args.mode != "sum":
        message = f"{{name}} takes `per_sample_weights` with `mode: sum` only, not with `mode: {args.mode}`"
        written = "mode" in args.written
        raise RuleFault("AS402", message, arg="mode" if written else None, help="write `mode: sum`", suggestion="sum")
    if inputs[1].shape != inputs[0].shape:
        message = f"{{name}} needs a weight for each index: {inputs[0]}, but its weights are {inputs[1]}"
        raise RuleFault("AS304", message, input=1, help="give it weights of the shape of the indices")


def _bag_shape(args: Args, inputs: Inputs) -> Outputs:
    return (TensorType((inputs[0].shape[0], args.embedding_dim)),)


def _bag_call(args: Args, inputs: tuple[str, ...]) -> str:
    return inputs[0] if len(inputs) == 1 else f"{inputs[0]}, per_sample_weights={inputs[1]}"


OPS = (
    Op(
        name="Embedding",
        target="torch.nn.Embedding",
        doc="Looks a row of a learned table up for each integer.",
        args=(_NUM, _DIM, _PADDING, _MAX_NORM, _NORM_TYPE, _BY_FREQUENCY, _SPARSE),
        dtypes=(_INDICES,),
        check=_check_table,
        shape=_rows,
        state=_state,
    ),
    Op(
        name="EmbeddingBag",
        target="torch.nn.EmbeddingBag",
        doc="The sum, mean or maximum of the learned rows that each sample's integers name.",
        args=(
            _NUM,
            _DIM,
            _MAX_NORM,
            _NORM_TYPE,
            _BY_FREQUENCY,
            Arg("mode", OneOf(("mean", "sum", "max")), "mean", doc="how the rows of a bag become one"),
            _SPARSE,
            Arg("include_last_offset", Bool(), False, doc="for bags given by offsets; here each row is a bag"),
            _PADDING,
        ),
        inputs=("input", "per_sample_weights"),
        optional_inputs=1,
        dtypes=(_INDICES, FLOATS),
        ranks=(2,),
        layout="[N, L]",
        check=_check_bag,
        shape=_bag_shape,
        state=_state,
        call=_bag_call,
    ),
)
