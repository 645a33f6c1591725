"""Recurrent layers, which run over sequences, and their cells, which make one step."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial

from archspec.ops.arguments import Bool, Float, Int, OneOf
from archspec.ops.common import contradiction, last
from archspec.ops.entry import Arg, Args, Inferred, Init, Inputs, Op, Outputs, State
from archspec.ops.faults import RuleFault
from archspec.ops.sequences import BATCH_FIRST, batch_at, check_batch, check_shape, refuse_signals
from archspec.tensors import FLOATS, Shape, TensorType, per_sample

_FEATURES = "input features"
_INPUT_SIZE = Arg("input_size", Int(1), inferred=Inferred(last, _FEATURES, fixed=False), doc="features of the input")
_HIDDEN_SIZE = Arg("hidden_size", Int(1), doc="features of the hidden state", example=64)
_BIAS = Arg("bias", Bool(), True, doc="add learned biases")
_NONLINEARITY = Arg("nonlinearity", OneOf(("tanh", "relu")), "tanh", doc="activation")
_PROJ_SIZE = Arg("proj_size", Int(0), 0, doc="project the hidden state to so many features; 0 is not at all")
_GATES = {"RNN": 1, "LSTM": 4, "GRU": 3}


def _uniform(args: Args) -> Init:
    """U(−1/√hidden, 1/√hidden), for every parameter."""
    bound = 1 / math.sqrt(args.hidden_size)
    return Init("uniform", {"a": -bound, "b": bound})


def _directions(args: Args) -> int:
    return 2 if args.bidirectional else 1


def _features(args: Args) -> int:
    """What one direction gives for each step."""
    return int(args.get("proj_size", 0) or args.hidden_size)


def _check_size(args: Args, inputs: Inputs) -> None:
    if args.input_size != inputs[0].shape[-1]:
        raise contradiction("input_size", _FEATURES, args.input_size, inputs[0].shape[-1])


def _check_projection(args: Args) -> None:
    if args.get("proj_size", 0) >= args.hidden_size:
        raise RuleFault(
            "AS402",
            f"`proj_size: {args.proj_size}` of {{name}} must be less than `hidden_size: {args.hidden_size}`",
            arg="proj_size",
            help="leave `proj_size` out for a hidden state that is not projected"
            if args.hidden_size == 1
            else f"use a `proj_size` from 1 to {args.hidden_size - 1}, or leave it out",
        )


def _check_states(kind: str, inputs: Inputs, h: Shape, c: Shape) -> None:
    """The initial states: none, or all that the layer has."""
    if kind == "LSTM" and len(inputs) == 2:
        message = "{name} takes its initial hidden state and cell state together, but receives one of them"
        raise RuleFault("AS308", message, help="give it `from: [input, h_0, c_0]`, or the input alone")
    check_shape(inputs, 1, "h_0", h)
    check_shape(inputs, 2, "c_0", c)


def _state_shapes(args: Args, given: TensorType) -> tuple[Shape, Shape]:
    """The shapes of h and c: [directions·layers, N, features]."""
    first, batch = _directions(args) * args.num_layers, given.shape[batch_at(args)]
    return (first, batch, _features(args)), (first, batch, args.hidden_size)


def _check_layer(kind: str, args: Args, inputs: Inputs) -> None:
    check_batch(args, inputs[:1], ("input",))
    refuse_signals(args, inputs, "input_size")
    _check_size(args, inputs)
    _check_projection(args)
    _check_states(kind, inputs, *_state_shapes(args, inputs[0]))


def _layer_shape(kind: str, args: Args, inputs: Inputs) -> Outputs:
    given = inputs[0]
    output = given.with_shape((*given.shape[:2], _directions(args) * _features(args)))
    h, c = (given.with_shape(shape) for shape in _state_shapes(args, given))
    return (output, h, c) if kind == "LSTM" else (output, h)


def _layer_state(kind: str, args: Args) -> Mapping[str, State]:
    init, hidden, rows = _uniform(args), args.hidden_size, _GATES[kind] * args.hidden_size
    found = {}
    for layer in range(args.num_layers):
        size = args.input_size if layer == 0 else _directions(args) * _features(args)
        for suffix in (f"_l{layer}", f"_l{layer}_reverse")[: _directions(args)]:
            found[f"weight_ih{suffix}"] = State((rows, size), init)
            found[f"weight_hh{suffix}"] = State((rows, _features(args)), init)
            if args.bias:
                found[f"bias_ih{suffix}"] = State((rows,), init)
                found[f"bias_hh{suffix}"] = State((rows,), init)
            if args.get("proj_size", 0):
                found[f"weight_hr{suffix}"] = State((args.proj_size, hidden), init)
    return found


def _layer_macs(kind: str, args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """Each step multiplies every weight matrix once.

    torch's counter sees nothing of the LSTM that runs in oneDNN; this is what it counts without it.
    """
    weights = (per_sample(each.shape) for each in _layer_state(kind, args).values() if len(each.shape) == 2)
    return per_sample(inputs[0].shape[:2]) * sum(weights)


def _layer_args(kind: str) -> tuple[Arg, ...]:
    return (
        _INPUT_SIZE,
        _HIDDEN_SIZE,
        Arg("num_layers", Int(1, 1000), 1, doc="number of layers, each on the output of the one before"),
        *((_NONLINEARITY,) if kind == "RNN" else ()),
        _BIAS,
        BATCH_FIRST,
        Arg("dropout", Float(min=0, max=1), 0.0, doc="probability of a dropout between layers"),
        Arg("bidirectional", Bool(), False, doc="run in both directions; the features are doubled"),
        *((_PROJ_SIZE,) if kind == "LSTM" else ()),
    )


def _layer(kind: str, doc: str) -> Op:
    two_states = kind == "LSTM"
    return Op(
        name=kind,
        target=f"torch.nn.{kind}",
        doc=doc,
        args=_layer_args(kind),
        primary="hidden_size",
        inputs=("input", "h_0", "c_0") if two_states else ("input", "h_0"),
        optional_inputs=2 if two_states else 1,
        dtypes=(FLOATS,) * 3,
        batch_anywhere=True,
        ports=("output", "h", "c") if two_states else ("output", "h"),
        ranks=(3,),
        layout="[N, L, F] or [L, N, F]",
        check=partial(_check_layer, kind),
        shape=partial(_layer_shape, kind),
        state=partial(_layer_state, kind),
        macs=partial(_layer_macs, kind),
        call=_call if two_states else None,
        unpack=_unpack if two_states else None,
    )


def _call(args: Args, inputs: tuple[str, ...]) -> str:
    """The two states of an LSTM go in as one tuple."""
    return inputs[0] if len(inputs) == 1 else f"{inputs[0]}, ({inputs[1]}, {inputs[2]})"


def _unpack(args: Args, names: tuple[str, ...]) -> str:
    """They come out as one too."""
    output, *states = names
    return f"{output}, _" if set(states) == {"_"} else f"{output}, ({', '.join(states)})"


def _check_cell(kind: str, args: Args, inputs: Inputs) -> None:
    _check_size(args, inputs)
    states: Shape = (inputs[0].shape[0], args.hidden_size)
    _check_states(kind, inputs, states, states)


def _cell_shape(kind: str, args: Args, inputs: Inputs) -> Outputs:
    hidden = inputs[0].with_shape((inputs[0].shape[0], args.hidden_size))
    return (hidden, hidden) if kind == "LSTM" else (hidden,)


def _cell_state(kind: str, args: Args) -> Mapping[str, State]:
    init, rows = _uniform(args), _GATES[kind] * args.hidden_size
    weights = {"weight_ih": State((rows, args.input_size), init), "weight_hh": State((rows, args.hidden_size), init)}
    return {**weights, "bias_ih": State((rows,), init), "bias_hh": State((rows,), init)} if args.bias else weights


def _cell_macs(kind: str, args: Args, inputs: Inputs, outputs: Outputs) -> int:
    rows = per_sample(inputs[0].shape[:1])
    return int(rows * _GATES[kind] * args.hidden_size * (args.input_size + args.hidden_size))


def _cell(kind: str, doc: str) -> Op:
    two_states = kind == "LSTM"
    return Op(
        name=f"{kind}Cell",
        target=f"torch.nn.{kind}Cell",
        doc=doc,
        args=(_INPUT_SIZE, _HIDDEN_SIZE, _BIAS, *((_NONLINEARITY,) if kind == "RNN" else ())),
        primary="hidden_size",
        inputs=("input", "h_0", "c_0") if two_states else ("input", "h_0"),
        optional_inputs=2 if two_states else 1,
        dtypes=(FLOATS,) * 3,
        ports=("h", "c") if two_states else ("output",),
        ranks=(2,),
        layout="[N, F]",
        check=partial(_check_cell, kind),
        shape=partial(_cell_shape, kind),
        state=partial(_cell_state, kind),
        macs=partial(_cell_macs, kind),
        call=_call if two_states else None,
    )


OPS = (
    _layer("RNN", "Elman's recurrent layers over a sequence."),
    _layer("LSTM", "Long short-term memory over a sequence."),
    _layer("GRU", "Gated recurrent units over a sequence."),
    _cell("RNN", "One step of Elman's recurrence."),
    _cell("LSTM", "One step of a long short-term memory."),
    _cell("GRU", "One step of a gated recurrent unit."),
)
