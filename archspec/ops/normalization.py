"""Normalisations: over the batch, over each sample's space, over groups of channels, over the last dimensions."""

from __future__ import annotations

from collections.abc import Mapping

from archspec.ops.arguments import Bool, Each, Either, Float, Int, Maybe, show
from archspec.ops.common import (
    LAYOUTS,
    ONES,
    ZEROS,
    channels,
    contradiction,
    last,
    ranks_from,
    refuse_images,
    same,
    same_images,
)
from archspec.ops.entry import Arg, Args, Inferred, Inputs, Op, State
from archspec.ops.faults import RuleFault
from archspec.ops.ordered import ordered_beyond_images
from archspec.tensors import Batch, Dim, TensorType, per_sample, volume

_EPS = Arg("eps", Float(above=0), 1e-5, doc="added to the variance")
_NUM_FEATURES = Arg("num_features", Int(1), inferred=Inferred(channels, "channels"), doc="channels of the input")


def _momentum(type: Float | Maybe) -> Arg:
    return Arg("momentum", type, 0.1, doc="weight of a new batch in the running statistics")


def _running_state(args: Args) -> Mapping[str, State]:
    """weight, bias and running statistics, as `torch.nn.modules.batchnorm` registers them."""
    shape = (args.num_features,)
    state = {}
    if args.affine:
        state["weight"] = State(shape, ONES)
        state["bias"] = State(shape, ZEROS)
    if args.track_running_stats:
        state["running_mean"] = State(shape, ZEROS, is_buffer=True)
        state["running_var"] = State(shape, ONES, is_buffer=True)
        state["num_batches_tracked"] = State((), ZEROS, is_buffer=True, dtype="int64")
    return state


def _check_several(values: Dim, given: TensorType) -> None:
    """What is normalised are several values, which torch asks for in training; of a batch there are several samples."""
    if values == 1:
        raise RuleFault(
            "AS303",
            f"{{name}} normalises over several values, but {given} has a single one and no batch",
            input=0,
            help="leave the norm out for a tensor without the batch, or use `LayerNorm`",
        )


def _check_batch(args: Args, inputs: Inputs) -> None:
    given = inputs[0]
    _check_several(volume(given.shape[:1] + given.shape[2:]), given)


def _batch_norm(count: int) -> Op:
    return Op(
        name=f"BatchNorm{count}d",
        target=f"torch.nn.BatchNorm{count}d",
        doc="Normalises each channel over the batch, by running statistics when evaluating.",
        args=(
            _NUM_FEATURES,
            _EPS,
            _momentum(Maybe(Float(min=0, max=1))),
            Arg("affine", Bool(), True, doc="learn a scale and a shift per channel"),
            Arg("track_running_stats", Bool(), True, doc="keep running statistics for evaluation"),
        ),
        primary="num_features",
        ranks=(2, 3) if count == 1 else (count + 2,),
        layout="[N, C] or [N, C, L]" if count == 1 else LAYOUTS[count],
        check=_check_batch,
        shape=same_images,
        state=_running_state,
    )


_SYNC_BATCH_NORM = Op(
    name="SyncBatchNorm",
    target="torch.nn.SyncBatchNorm",
    doc="`BatchNorm` whose batch is that of all processes, where there are several.",
    args=(
        _NUM_FEATURES,
        _EPS,
        _momentum(Maybe(Float(min=0, max=1))),
        Arg("affine", Bool(), True, doc="learn a scale and a shift per channel"),
        Arg("track_running_stats", Bool(), True, doc="keep running statistics for evaluation"),
    ),
    primary="num_features",
    ranks=ranks_from(2),
    layout="[N, C, …]",
    check=_check_batch,
    shape=same_images,
    state=_running_state,
)


def _check_space(args: Args, inputs: Inputs) -> None:
    if per_sample(inputs[0].shape[2:]) == 1:
        raise RuleFault(
            "AS303",
            f"{{name}} normalises over space, but {inputs[0]} has a single element per channel",
            input=0,
            help="use fewer downsampling steps before it, or another norm",
        )


def _instance_norm(count: int) -> Op:
    return Op(
        name=f"InstanceNorm{count}d",
        target=f"torch.nn.InstanceNorm{count}d",
        doc="Normalises each channel of each sample over space.",
        args=(
            _NUM_FEATURES,
            _EPS,
            _momentum(Float(min=0, max=1)),
            Arg("affine", Bool(), False, doc="learn a scale and a shift per channel"),
            Arg("track_running_stats", Bool(), False, doc="keep running statistics for evaluation"),
        ),
        primary="num_features",
        ranks=(count + 2,),
        layout=LAYOUTS[count],
        check=_check_space,
        shape=same_images,
        state=_running_state,
    )


def _check_groups(args: Args, inputs: Inputs) -> None:
    count = args.num_channels
    if count % args.num_groups:
        valid = [str(groups) for groups in range(1, min(count, 4096) + 1) if count % groups == 0]
        raise RuleFault(
            "AS402",
            f"`num_groups: {args.num_groups}` of {{name}} must divide its {count} channels: "
            f"{count} % {args.num_groups} = {count % args.num_groups}",
            arg="num_groups",
            input=0,
            help=f"`num_groups` can be {', '.join(valid)}",
        )
    whole = volume(inputs[0].shape)
    _check_several(whole if isinstance(whole, Batch) else whole // args.num_groups, inputs[0])


def _affine_state(args: Args) -> Mapping[str, State]:
    if not args.affine:
        return {}
    return {"weight": State((args.num_channels,), ONES), "bias": State((args.num_channels,), ZEROS)}


_GROUP_NORM = Op(
    name="GroupNorm",
    target="torch.nn.GroupNorm",
    doc="Normalises groups of channels of each sample.",
    args=(
        Arg("num_groups", Int(1), doc="number of groups, a divisor of the channels", example=8),
        Arg("num_channels", Int(1), inferred=Inferred(channels, "channels"), doc="channels of the input"),
        _EPS,
        Arg("affine", Bool(), True, doc="learn a scale and a shift per channel"),
    ),
    primary="num_groups",
    ranks=ranks_from(2),
    layout="[N, C, …]",
    check=_check_groups,
    shape=same_images,
    state=_affine_state,
)

_NORMALIZED_SHAPE = Arg(
    "normalized_shape",
    Either((Int(1), Each(Int(1)))),
    inferred=Inferred(last, "features", fixed=False),
    doc="the last dimensions, over which to normalise; the last one when left out",
)
_ELEMENTWISE = Arg("elementwise_affine", Bool(), True, doc="learn a scale per element")


def _as_shape(args: Args) -> tuple[int, ...]:
    shape = args.normalized_shape
    return (shape,) if isinstance(shape, int) else tuple(shape)


def _check_normalized(args: Args, inputs: Inputs) -> None:
    refuse_images(args, inputs, "normalized_shape")
    given, shape = inputs[0], _as_shape(args)
    if given.shape[-len(shape) :] == shape:
        return
    if len(shape) == 1:
        raise contradiction("normalized_shape", "features", shape[0], given.shape[-1])
    raise RuleFault(
        "AS301",
        f"{{name}} expects an input that ends in {show(shape)}, but receives {given}",
        arg="normalized_shape",
        input=0,
        help="write the input's last dimensions, or remove `normalized_shape` to normalise over the last one",
    )


def _layer_norm_state(args: Args) -> Mapping[str, State]:
    if not args.elementwise_affine:
        return {}
    weight = {"weight": State(_as_shape(args), ONES)}
    return {**weight, "bias": State(_as_shape(args), ZEROS)} if args.get("bias", False) else weight


_LAYER_NORM = Op(
    name="LayerNorm",
    target="torch.nn.LayerNorm",
    doc="Normalises over the last dimensions.",
    args=(_NORMALIZED_SHAPE, _EPS, _ELEMENTWISE, Arg("bias", Bool(), True, doc="learn a shift per element")),
    primary="normalized_shape",
    check=_check_normalized,
    shape=same,
    state=_layer_norm_state,
)

_RMS_NORM = Op(
    name="RMSNorm",
    target="torch.nn.RMSNorm",
    doc="Divides by the root mean square over the last dimensions.",
    args=(
        _NORMALIZED_SHAPE,
        Arg("eps", Maybe(Float(above=0)), None, doc="added to the mean square; the type's resolution when left out"),
        _ELEMENTWISE,
    ),
    primary="normalized_shape",
    check=_check_normalized,
    shape=same,
    state=_layer_norm_state,
)

_LOCAL_RESPONSE_NORM = Op(
    name="LocalResponseNorm",
    target="torch.nn.LocalResponseNorm",
    doc="Divides by a power of the local energy across neighbouring channels.",
    args=(
        Arg("size", Int(1), doc="number of neighbouring channels", example=5),
        Arg("alpha", Float(), 1e-4, doc="weight of the energy"),
        Arg("beta", Float(), 0.75, doc="exponent"),
        Arg("k", Float(), 1.0, doc="added to the energy"),
    ),
    primary="size",
    ranks=ranks_from(3),
    layout="[N, C, …]",
    shape=same_images,
)

_CROSS_MAP_NORM = Op(
    name="CrossMapLRN2d",
    target="torch.nn.CrossMapLRN2d",
    doc="Divides by a power of the local energy across neighbouring channels, as Torch 7 did.",
    args=(
        Arg("size", Int(2), doc="number of neighbouring channels; torch's gradient fails at 1", example=5),
        Arg("alpha", Float(), 1e-4, doc="weight of the energy"),
        Arg("beta", Float(), 0.75, doc="exponent"),
        Arg("k", Float(), 1, doc="added to the energy"),
    ),
    primary="size",
    ranks=(4,),
    layout=LAYOUTS[2],
    shape=same_images,
)

OPS = (
    *(_batch_norm(count) for count in (1, 2, 3)),
    _SYNC_BATCH_NORM,
    *(_instance_norm(count) for count in (1, 2, 3)),
    _GROUP_NORM,
    _LAYER_NORM,
    _RMS_NORM,
    ordered_beyond_images(_LOCAL_RESPONSE_NORM),
    _CROSS_MAP_NORM,
)
