"""Layers of `torchvision.ops` that are made of others: convolution, norm and activation; several linear layers; …"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from archspec.ops import activation, convolution, normalization
from archspec.ops.arguments import Bool, Each, Either, Float, Int, Maybe, one_of, sizes, spread
from archspec.ops.common import (
    KAIMING,
    LAYOUTS,
    ONES,
    ZEROS,
    channels,
    contradiction,
    last,
    refuse_images,
    same_images,
    uniform_by_fan_in,
)
from archspec.ops.entry import Arg, Args, Inferred, Inputs, Op, Outputs, State, inside
from archspec.ops.faults import RuleFault
from archspec.ops.layer_class import LayerClass, Partial, kind_of, own_arguments
from archspec.tensors import per_sample

_CONVOLUTIONS = {op.name: op for op in convolution.OPS}
_NORMS = {op.name: op for op in normalization.OPS}
_ACTIVATIONS = {op.name: op for op in activation.OPS}
_IN_CHANNELS = Inferred(channels, "input channels")

_WITH_INPLACE = ("ReLU", "ReLU6", "LeakyReLU", "ELU", "SELU", "CELU", "SiLU", "Mish", "Hardswish", "Hardsigmoid")
_WITHOUT_INPLACE = ("GELU", "Sigmoid", "Tanh", "Softplus", "Softsign", "LogSigmoid", "Tanhshrink")
_NEED_THEIR_OUTPUT = ("ReLU", "LeakyReLU", "ELU", "SELU", "CELU")
_ACTIVATION = LayerClass(tuple(_ACTIVATIONS[name] for name in (*_WITH_INPLACE, *_WITHOUT_INPLACE)))


def _check_inplace(args: Args) -> None:
    kind = kind_of(args.activation_layer)
    if args.inplace is not None and kind in _WITHOUT_INPLACE:
        raise RuleFault(
            "AS402",
            f"`activation_layer: {kind}` of {{name}} has no `inplace`",
            arg="activation_layer",
            help="write `inplace: null` beside it",
        )


def _check_activation(args: Args, inputs: Inputs) -> None:
    """What the activation itself asks of its arguments."""
    _check_inplace(args)
    if args.activation_layer is None:
        return
    op = _ACTIVATIONS[str(kind_of(args.activation_layer))]
    inplace = {"inplace": args.inplace} if args.inplace is not None else {}
    defaults = {arg.name: arg.default for arg in op.args}
    op.check(Args({**defaults, **inplace, **own_arguments(args.activation_layer)}), inputs)


# A convolution, a norm and an activation as one layer.


def inner_args(count: int, args: Args) -> Args:
    """The arguments of the convolution inside, as `torchvision.ops.misc.ConvNormActivation` works them out."""
    kernel, dilation = spread(args.kernel_size, count), spread(args.dilation, count)
    centred = tuple((size - 1) // 2 * step for size, step in zip(kernel, dilation, strict=True))
    padding = centred if args.padding is None else args.padding
    bias = args.norm_layer is None if args.bias is None else args.bias
    return Args({**args, "padding": padding, "bias": bias, "padding_mode": "zeros"}, args.written)


def norm_args(layer: str | Partial, size: int) -> tuple[Op, Args]:
    """A norm as it stands inside another layer, for so many channels."""
    norm = _NORMS[str(kind_of(layer))]
    defaults = {arg.name: arg.default for arg in norm.args}
    return norm, Args({**defaults, **own_arguments(layer), "num_features": size})


def norm_state(layer: str | Partial, size: int) -> Mapping[str, State]:
    """The parameters and buffers of a norm inside another layer."""
    norm, args = norm_args(layer, size)
    return inside(norm.name, norm.state(args))


def _numbered(*parts: Mapping[str, State] | None) -> dict[str, State]:
    """The state of a Sequential's children; None for one that is not there."""
    there = (part for part in parts if part is not None)
    return {f"{index}.{name}": state for index, part in enumerate(there) for name, state in part.items()}


def _conv_norm_activation(count: int) -> Op:
    conv = _CONVOLUTIONS[f"Conv{count}d"]
    norms = (f"BatchNorm{count}d", f"InstanceNorm{count}d")

    def check(args: Args, inputs: Inputs) -> None:
        _check_activation(args, inputs)
        conv.check(inner_args(count, args), inputs)

    def shape(args: Args, inputs: Inputs) -> Outputs:
        outputs = conv.shape(inner_args(count, args), inputs)
        if args.norm_layer is not None:
            norm, own = norm_args(args.norm_layer, args.out_channels)
            norm.check(own, outputs)
        return outputs

    def state(args: Args) -> Mapping[str, State]:
        norm = None if args.norm_layer is None else norm_state(args.norm_layer, args.out_channels)
        return _numbered(inside(conv.name, conv.state(inner_args(count, args))), norm)

    padding = Maybe(Either((sizes(count, 0), one_of("same", "valid"))))
    return Op(
        name=f"Conv{count}dNormActivation",
        target=f"torchvision.ops.Conv{count}dNormActivation",
        doc="A convolution, a norm and an activation.",
        args=(
            Arg("in_channels", Int(1), inferred=_IN_CHANNELS, doc="channels of the input"),
            Arg("out_channels", Int(1), doc="channels of the output", example=64),
            Arg("kernel_size", sizes(count, 1), 3, doc="size of the kernel"),
            Arg("stride", sizes(count, 1), 1, doc="step of the kernel"),
            Arg("padding", padding, None, doc="added to each side; what keeps the size at stride 1 unless given"),
            Arg("groups", Int(1), 1, doc="groups of channels that are convolved apart"),
            Arg(
                "norm_layer", Maybe(LayerClass(tuple(_NORMS[name] for name in norms))), norms[0], doc="the norm's kind"
            ),
            Arg("activation_layer", Maybe(_ACTIVATION), "ReLU", doc="the activation's kind"),
            Arg("dilation", sizes(count, 1), 1, doc="spacing of the kernel's elements"),
            Arg("inplace", Maybe(Bool()), True, doc="let the activation write over its input, the norm's output"),
            Arg("bias", Maybe(Bool()), None, doc="add a learned bias; without a norm unless given"),
        ),
        primary="out_channels",
        ranks=(count + 2,),
        layout=LAYOUTS[count],
        check=check,
        shape=shape,
        state=state,
        macs=lambda args, inputs, outputs: conv.macs(inner_args(count, args), inputs, outputs),
    )


# Several linear layers as one.


def _check_mlp(args: Args, inputs: Inputs) -> None:
    refuse_images(args, inputs, "in_channels")
    if len(args.hidden_channels) > 1:
        _check_activation(args, inputs)
        _check_dropout_inplace(args)
    if args.in_channels != inputs[0].shape[-1]:
        raise contradiction("in_channels", "input features", args.in_channels, inputs[0].shape[-1])


def _check_dropout_inplace(args: Args) -> None:
    """With `inplace` the dropout writes over the activation's output, which some gradients need."""
    if args.inplace and kind_of(args.activation_layer) in _NEED_THEIR_OUTPUT:
        raise RuleFault(
            "AS402",
            f"`inplace: true` of {{name}} lets its dropouts write over what the gradient of "
            f"`{kind_of(args.activation_layer)}` needs",
            arg="inplace",
            help="leave `inplace` out",
        )


def _mlp_shape(args: Args, inputs: Inputs) -> Outputs:
    given = inputs[0]
    return (given.with_shape((*given.shape[:-1], args.hidden_channels[-1])),)


def _mlp_state(args: Args) -> Mapping[str, State]:
    parts: list[Mapping[str, State]] = []
    size = args.in_channels
    for hidden in args.hidden_channels:
        bias = {"bias": State((hidden,), uniform_by_fan_in(size))} if args.bias else {}
        parts += [inside("Linear", {"weight": State((hidden, size), KAIMING), **bias})]
        norm = inside("LayerNorm", _layer_norm(args.norm_layer, hidden))
        parts += [norm, {}, {}] if args.norm_layer is not None else [{}, {}]
        size = hidden
    last_norm = 2 if args.norm_layer is not None else 1  # the last layer has neither norm nor activation
    del parts[-1 - last_norm : -1]
    return _numbered(*parts)


def _layer_norm(layer: str | Partial | None, size: int) -> Mapping[str, State]:
    own = {"elementwise_affine": True, "bias": True, **own_arguments(layer)}
    weights = {"weight": State((size,), ONES), "bias": State((size,), ZEROS)}
    return {
        name: state
        for name, state in weights.items()
        if own["elementwise_affine"] and (name == "weight" or own["bias"])
    }


def _mlp_macs(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    widths = (args.in_channels, *args.hidden_channels)
    rows = per_sample(inputs[0].shape[:-1])
    return rows * int(sum(a * b for a, b in pairwise(widths)))


# Channels weighed by all channels.


def _squeeze_state(args: Args) -> Mapping[str, State]:
    wide, narrow = args.input_channels, args.squeeze_channels
    state = {}
    for name, out, into in (("fc1", narrow, wide), ("fc2", wide, narrow)):
        state[f"{name}.weight"] = State((out, into, 1, 1), KAIMING)
        state[f"{name}.bias"] = State((out,), uniform_by_fan_in(into))
    return inside("Conv2d", state)


OPS = (
    *(_conv_norm_activation(count) for count in (2, 3)),
    Op(
        name="MLP",
        target="torchvision.ops.MLP",
        doc="Linear layers with an activation and a dropout between them.",
        args=(
            Arg("in_channels", Int(1), inferred=Inferred(last, "input features", fixed=False), doc="input features"),
            Arg("hidden_channels", Each(Int(1)), doc="features after each layer", example=[64, 10]),
            Arg("norm_layer", Maybe(LayerClass((_NORMS["LayerNorm"],))), None, doc="the norm's kind"),
            Arg("activation_layer", _ACTIVATION, "ReLU", doc="the activation's kind"),
            Arg("inplace", Maybe(Bool()), None, doc="let activations and dropouts write over their inputs"),
            Arg("bias", Bool(), True, doc="add learned biases"),
            Arg("dropout", Float(min=0, max=1), 0.0, doc="probability of being dropped, after each layer"),
        ),
        primary="hidden_channels",
        check=_check_mlp,
        shape=_mlp_shape,
        state=_mlp_state,
        macs=_mlp_macs,
    ),
    Op(
        name="SqueezeExcitation",
        target="torchvision.ops.SqueezeExcitation",
        doc="Scales each channel by what two layers make of all channels' means.",
        args=(
            Arg("input_channels", Int(1), inferred=_IN_CHANNELS, doc="channels of the input"),
            Arg("squeeze_channels", Int(1), doc="channels between the two layers", example=16),
            Arg("activation", _ACTIVATION, "ReLU", doc="what stands between the two layers"),
            Arg("scale_activation", _ACTIVATION, "Sigmoid", doc="what makes the scale"),
        ),
        primary="squeeze_channels",
        ranks=(4,),
        layout=LAYOUTS[2],
        shape=same_images,
        state=_squeeze_state,
        macs=lambda args, inputs, outputs: 2 * int(args.input_channels * args.squeeze_channels),
    ),
)
