"""The layers of a transformer, and torch's whole one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from archspec.ops.arguments import Bool, Float, Int, OneOf
from archspec.ops.attention import CAUSAL_MASK, XAVIER, attention_macs, attention_state, causal_mask, check_heads, steps
from archspec.ops.common import KAIMING, ONES, ZEROS, contradiction, last, uniform_by_fan_in
from archspec.ops.entry import Arg, Args, Inferred, Inputs, Op, Outputs, State
from archspec.ops.masks import check_nested_padding, check_padding, check_scores
from archspec.ops.sequences import BATCH_FIRST, batch_at, check_batch, check_features, refuse_signals
from archspec.tensors import FLOATS, TensorType, per_sample

_INFERRED = Inferred(last, "features", fixed=False)
_D_MODEL = Arg("d_model", Int(1), inferred=_INFERRED, doc="features of the input")
_NHEAD = Arg("nhead", Int(1), doc="number of heads, a divisor of the features", example=8)
_INSIDE = (
    Arg("dim_feedforward", Int(1), 2048, doc="features between the two linear layers"),
    Arg("dropout", Float(min=0, max=1), 0.1, doc="probability of each dropout"),
    Arg("activation", OneOf(("relu", "gelu")), "relu", doc="what stands between the two linear layers"),
    Arg("layer_norm_eps", Float(above=0), 1e-5, doc="added to the variance in the norms"),
    BATCH_FIRST,
    Arg("norm_first", Bool(), False, doc="normalise before attention and linear layers instead of after"),
    Arg("bias", Bool(), True, doc="add learned biases in linear layers and norms"),
)
_TARGET_MASKS = ("tgt_mask", "memory_mask", "tgt_key_padding_mask", "memory_key_padding_mask")
_LAYOUT = "[N, L, F] or [L, N, F]"


def _causal(name: str, whose: str) -> Arg:
    return Arg(name, Bool(), False, doc=f"no step of the {whose} sees a later one", in_call=True)


def _check(*names: str) -> Callable[[Args, Inputs], None]:
    """The rule of a layer that takes sequences of those names, all with as many features."""

    def check(args: Args, inputs: Inputs) -> None:
        check_batch(args, inputs, names)
        refuse_signals(args, inputs, "d_model")
        if args.d_model != inputs[0].shape[-1]:
            raise contradiction("d_model", "features", args.d_model, inputs[0].shape[-1])
        for index, name in enumerate(names[1:], 1):
            check_features(inputs, index, name, args.d_model, f"as many as in `{names[0]}`")
        check_heads(args.nhead, args.d_model, "nhead", "d_model")

    return check


def _check_encoder(args: Args, inputs: Inputs) -> None:
    _check("src")(args, inputs)
    check_scores(args, inputs, "src_mask", inputs[0], inputs[0], args.nhead, "is_causal")
    check_padding(args, inputs, "src_key_padding_mask", inputs[0])


def _check_target(args: Args, inputs: Inputs, target: TensorType, memory: TensorType) -> None:
    check_scores(args, inputs, "tgt_mask", target, target, args.nhead, "tgt_is_causal")
    check_scores(args, inputs, "memory_mask", target, memory, args.nhead)
    check_padding(args, inputs, "tgt_key_padding_mask", target)
    check_padding(args, inputs, "memory_key_padding_mask", memory)


def _check_decoder(args: Args, inputs: Inputs) -> None:
    _check("tgt", "memory")(args, inputs)
    _check_target(args, inputs, *inputs)


def _check_whole(args: Args, inputs: Inputs) -> None:
    _check("src", "tgt")(args, inputs)
    source, target = inputs
    check_scores(args, inputs, "src_mask", source, source, args.nhead, "src_is_causal")
    check_padding(args, inputs, "src_key_padding_mask", source)
    check_nested_padding(args, inputs, "src_key_padding_mask")
    _check_target(args, inputs, target, source)


def _last_input(args: Args, inputs: Inputs) -> Outputs:
    """The shape rule of a whole transformer: its output is like its target."""
    return (inputs[-1].with_shape(inputs[-1].shape),)


def _first_input(args: Args, inputs: Inputs) -> Outputs:
    return (inputs[0].with_shape(inputs[0].shape),)


def _norm(args: Args, prefix: str) -> dict[str, State]:
    state = {f"{prefix}.weight": State((args.d_model,), ONES, kind="LayerNorm")}
    return {**state, f"{prefix}.bias": State((args.d_model,), ZEROS, kind="LayerNorm")} if args.bias else state


def _linear(args: Args, prefix: str, inside: int, out: int) -> dict[str, State]:
    state = {f"{prefix}.weight": State((out, inside), KAIMING, kind="Linear")}
    return {**state, f"{prefix}.bias": State((out,), uniform_by_fan_in(inside), kind="Linear")} if args.bias else state


def _layer_state(args: Args, *attentions: str) -> dict[str, State]:
    """A layer with one attention (an encoder's) or two (a decoder's), in torch's order."""
    size: int = args.d_model
    state: dict[str, State] = {}
    for name in attentions:
        state |= attention_state(size, size, size, bias=args.bias, prefix=f"{name}.")
    state |= _linear(args, "linear1", size, args.dim_feedforward)
    state |= _linear(args, "linear2", args.dim_feedforward, size)
    for index in range(len(attentions) + 1):
        state |= _norm(args, f"norm{index + 1}")
    return state


def _encoder_state(args: Args) -> Mapping[str, State]:
    return _layer_state(args, "self_attn")


def _decoder_state(args: Args) -> Mapping[str, State]:
    return _layer_state(args, "self_attn", "multihead_attn")


def _encoder_macs_of(args: Args, length: int) -> int:
    return attention_macs(length, length, args.d_model) + 2 * length * int(args.d_model * args.dim_feedforward)


def _decoder_macs_of(args: Args, length: int, memory: int) -> int:
    return _encoder_macs_of(args, length) + attention_macs(length, memory, args.d_model)


def _batch(args: Args, inputs: Inputs) -> int:
    return per_sample(inputs[0].shape[batch_at(args) : batch_at(args) + 1])


def _encoder_macs(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    return _batch(args, inputs) * _encoder_macs_of(args, steps(args, inputs[0]))


def _decoder_macs(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    return _batch(args, inputs) * _decoder_macs_of(args, steps(args, inputs[0]), steps(args, inputs[1]))


def _mask(args: Args, flag: str, mask: str, name: str) -> list[str]:
    """The arguments that make a call causal, where a flag says so. Of a mask torch need not find out what it is."""
    if args[flag]:
        return [f"{mask}={causal_mask(name, args)}", f"{flag}=True"]
    return [f"{flag}=False"] if mask in args.named else []


def _encoder_call(args: Args, inputs: tuple[str, ...]) -> str:
    return ", ".join([*inputs, *_mask(args, "is_causal", "src_mask", inputs[0])])


def _decoder_call(args: Args, inputs: tuple[str, ...]) -> str:
    return ", ".join([*inputs, *_mask(args, "tgt_is_causal", "tgt_mask", inputs[0])])


def _whole_state(args: Args) -> Mapping[str, State]:
    """Encoder and decoder, each with its norm; torch then draws every matrix anew, by Xavier's rule."""
    state: dict[str, State] = {}
    for part, count, of_layer in (
        ("encoder", args.num_encoder_layers, _encoder_state(args)),
        ("decoder", args.num_decoder_layers, _decoder_state(args)),
    ):
        for index in range(count):
            state |= {f"{part}.layers.{index}.{name}": tensor for name, tensor in of_layer.items()}
        state |= _norm(args, f"{part}.norm")
    return {name: replace(tensor, init=XAVIER) if len(tensor.shape) > 1 else tensor for name, tensor in state.items()}


def _whole_macs(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    source, target = (steps(args, given) for given in inputs)
    encoder = args.num_encoder_layers * _encoder_macs_of(args, source)
    return _batch(args, inputs) * int(encoder + args.num_decoder_layers * _decoder_macs_of(args, target, source))


def _whole_call(args: Args, inputs: tuple[str, ...]) -> str:
    source = _mask(args, "src_is_causal", "src_mask", inputs[0])
    return ", ".join([*inputs, *source, *_mask(args, "tgt_is_causal", "tgt_mask", inputs[1])])


OPS = (
    Op(
        name="TransformerEncoderLayer",
        target="torch.nn.TransformerEncoderLayer",
        doc="Self-attention and two linear layers, each with a shortcut and a norm.",
        args=(_D_MODEL, _NHEAD, *_INSIDE, _causal("is_causal", "input")),
        primary="nhead",
        inputs=("src",),
        keywords=("src_mask", "src_key_padding_mask"),
        dtypes=(FLOATS,),
        batch_anywhere=True,
        ranks=(3,),
        layout=_LAYOUT,
        check=_check_encoder,
        shape=_first_input,
        state=_encoder_state,
        macs=_encoder_macs,
        call=_encoder_call,
        helpers=CAUSAL_MASK,
    ),
    Op(
        name="TransformerDecoderLayer",
        target="torch.nn.TransformerDecoderLayer",
        doc="Self-attention, attention to a second input and two linear layers, each with a shortcut and a norm.",
        args=(_D_MODEL, _NHEAD, *_INSIDE, _causal("tgt_is_causal", "first input")),
        primary="nhead",
        inputs=("tgt", "memory"),
        keywords=_TARGET_MASKS,
        dtypes=(FLOATS, FLOATS),
        batch_anywhere=True,
        ranks=(3,),
        layout=_LAYOUT,
        check=_check_decoder,
        shape=_first_input,
        state=_decoder_state,
        macs=_decoder_macs,
        call=_decoder_call,
        helpers=CAUSAL_MASK,
    ),
    Op(
        name="Transformer",
        target="torch.nn.Transformer",
        doc="An encoder over the source and a decoder over the target, which attends to it.",
        args=(
            Arg("d_model", Int(1), 512, inferred=_INFERRED, doc="features of both inputs"),
            Arg("nhead", Int(1), 8, doc="number of heads, a divisor of the features"),
            Arg("num_encoder_layers", Int(1, 1000), 6, doc="layers of the encoder"),
            Arg("num_decoder_layers", Int(1, 1000), 6, doc="layers of the decoder"),
            *_INSIDE,
            _causal("src_is_causal", "source"),
            _causal("tgt_is_causal", "target"),
        ),
        primary="nhead",
        inputs=("src", "tgt"),
        keywords=("src_mask", *_TARGET_MASKS[:2], "src_key_padding_mask", *_TARGET_MASKS[2:]),
        dtypes=(FLOATS, FLOATS),
        batch_anywhere=True,
        ranks=(3,),
        layout=_LAYOUT,
        check=_check_whole,
        shape=_last_input,
        state=_whole_state,
        macs=_whole_macs,
        call=_whole_call,
        helpers=CAUSAL_MASK,
    ),
)
