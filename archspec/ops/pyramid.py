"""The feature pyramid of `torchvision.ops`: maps of several sizes to as many, each with all the coarser ones in it."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from archspec.ops import normalization
from archspec.ops.arguments import Each, Int, Maybe
from archspec.ops.common import LAYOUTS, ZEROS, images
from archspec.ops.composed import norm_args, norm_state
from archspec.ops.entry import Arg, Args, Inferred, Init, Inputs, Op, Outputs, State
from archspec.ops.faults import RuleFault
from archspec.ops.layer_class import LayerClass
from archspec.tensors import Dim, per_sample

MOST_LEVELS = 64
_NORMS = tuple(op for op in normalization.OPS if op.name in ("BatchNorm2d", "InstanceNorm2d"))
_KAIMING = Init("kaiming_uniform", {"a": 1})
_PARTS = (("inner_blocks", 1), ("layer_blocks", 3))
"""The convolutions of each level, and the size of their kernel."""


def _channels(inputs: Inputs) -> tuple[Dim, ...]:
    return tuple(given.shape[1] if given.rank > 1 else 0 for given in inputs)


def _check(args: Args, inputs: Inputs) -> None:
    for index, given in enumerate(inputs):
        if given.rank != 4 or given.shape[0] != inputs[0].shape[0] or not isinstance(given.shape[1], int):
            message = f"{{name}} needs {LAYOUTS[2]} of one batch at each level, but receives {given} at level {index}"
            raise RuleFault("AS302", message, input=index, help="give it the feature maps before they are flattened")
        if given.dtype != "float32":
            message = f"{{name}} has float32 parameters, but receives {given} at level {index}"
            raise RuleFault("AS306", message, input=index, help="give it float32")
    if len(inputs) > MOST_LEVELS:
        message = f"{{name}} takes at most {MOST_LEVELS} levels, but receives {len(inputs)}"
        raise RuleFault("AS308", message, help="give it fewer levels, or split them between two of it")
    if args.norm_layer is not None:
        norm, own = norm_args(args.norm_layer, args.out_channels)
        for output in _shape(args, inputs):
            norm.check(own, (output,))


def _shape(args: Args, inputs: Inputs) -> Outputs:
    return tuple(images(given, (given.shape[0], args.out_channels, *given.shape[2:])) for given in inputs)


def _state(args: Args) -> Mapping[str, State]:
    state: dict[str, State] = {}
    size: int = args.out_channels
    for part, kernel in _PARTS:
        for level, given in enumerate(args.in_channels_list):
            name = f"{part}.{level}"
            shape = (size, given if part == "inner_blocks" else size, kernel, kernel)
            state[f"{name}.0.weight"] = State(shape, _KAIMING, kind="Conv2d")
            if args.norm_layer is None:
                state[f"{name}.0.bias"] = State((size,), ZEROS, kind="Conv2d")
                continue
            norm = norm_state(args.norm_layer, size)
            state |= {f"{name}.1.{key}": tensor for key, tensor in norm.items()}
    return state


def _macs(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """Of each level a convolution of one place, and one of three by three."""
    size = int(args.out_channels)
    per_place = (given * size + 9 * size * size for given in args.in_channels_list)
    return sum(
        one * per_sample(given.shape[:1]) * prod(given.spatial) for one, given in zip(per_place, inputs, strict=True)
    )


def _call(args: Args, inputs: tuple[str, ...]) -> str:
    return f"{{{', '.join(f'{str(level)!r}: {given}' for level, given in enumerate(inputs))}}}"


OPS = (
    Op(
        name="FeaturePyramidNetwork",
        target="torchvision.ops.FeaturePyramidNetwork",
        doc="Feature maps, the finest first, each with what the coarser ones say added; one output for each.",
        args=(
            Arg(
                "in_channels_list",
                Each(Int(1)),
                inferred=Inferred(_channels, "input channels"),
                doc="channels of each level",
            ),
            Arg("out_channels", Int(1), doc="channels of every output", example=256),
            Arg("norm_layer", Maybe(LayerClass(_NORMS)), None, doc="the norm's kind"),
        ),
        primary="out_channels",
        inputs=("levels",),
        optional_inputs=1,
        variadic=True,
        ports=tuple(map(str, range(MOST_LEVELS))),
        ranks=(4,),
        layout=LAYOUTS[2],
        check=_check,
        shape=_shape,
        state=_state,
        macs=_macs,
        call=_call,
        result=".values()",
        unpack=lambda args, names: ", ".join(names) + ("," if len(names) == 1 else ""),
    ),
)
