"""Recurrent layers, which run over sequences, and their cells, which make one step."""

from __future__ import annotations

import math
from collections.abc import Mapping

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


def _layer(kind: str) -> Op:
    gates = _GATES[kind]

    def check(args: Args, inputs: Inputs) -> None:
        check_batch(args, inputs[:1], ("input",))
        refuse_signals(args, inputs, "input_size")
        _check_size(args, inputs)
        _check_projection(args)
        _check_states(kind, inputs, *_state_shapes(args, inputs[0]))

    def shape(args: Args, inputs: Inputs) -> Outputs:
        given = inputs[0]
        output = given.with_shape((*given.shape[:2], _directions(args) * _features(args)))
        h, c = (given.with_shape(shape) for shape in _state_shapes(args, given))
        return (output, h, c) if kind == "LSTM" else (output, h)

    def state(args: Args) -> Mapping[str, State]:
        init, hidden, rows = _uniform(args), args.hidden_size, gates * args.hidden_size
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

    def macs(args: Args, inputs: Inputs, outputs: Outputs) -> int:
        """Each step multiplies every weight matrix once.

        torch's counter sees nothing of the LSTM that runs in oneDNN; this is what it counts without it.
        """
        weights = (per_sample(each.shape) for each in state(args).values() if len(each.shape) == 2)
        return per_sample(inputs[0].shape[:2]) * sum(weights)

    return Op(
        name=kind,
        target=f"torch.nn.{kind}",
        doc={
            "RNN": "Elman's recurrent layers over a sequence.",
            "LSTM": "Long short-term memory over a sequence.",
            "GRU": "Gated recurrent units over a sequence.",
        }[kind],
        args=(
            _INPUT_SIZE,
            _HIDDEN_SIZE,
            Arg("num_layers", Int(1, 1000), 1, doc="number of layers, each on the output of the one before"),
            *((_NONLINEARITY,) if kind == "RNN" else ()),
            _BIAS,
            BATCH_FIRST,
            Arg("dropout", Float(min=0, max=1), 0.0, doc="probability of a dropout between layers"),
            Arg("bidirectional", Bool(), False, doc="run in both directions; the features are doubled"),
            *((_PROJ_SIZE,) if kind == "LSTM" else ()),
        ),
        primary="hidden_size",
        inputs=("input", "h_0", "c_0") if kind == "LSTM" else ("input", "h_0"),
        optional_inputs=2 if kind == "LSTM" else 1,
        dtypes=(FLOATS,) * 3,
        batch_anywhere=True,
        ports=("output", "h", "c") if kind == "LSTM" else ("output", "h"),
        ranks=(3,),
        layout="[N, L, F] or [L, N, F]",
        check=check,
        shape=shape,
        state=state,
        macs=macs,
        call=_call if kind == "LSTM" else None,
        unpack=_unpack if kind == "LSTM" else None,
    )


def _call(args: Args, inputs: tuple[str, ...]) -> str:
    """The two states of an LSTM go in as one tuple."""
    return inputs[0] if len(inputs) == 1 else f"{inputs[0]}, ({inputs[1]}, {inputs[2]})"


def _unpack(args: Args, names: tuple[str, ...]) -> str:
    """They come out as one too."""
    output, *states = names
    return f"{output}, _" if set(states) == {"_"} else f"{output}, ({', '.join(states)})"


def _cell(kind: str) -> Op:
    gates = _GATES[kind]

    def check(args: Args, inputs: Inputs) -> None:
        _check_size(args, inputs)
        states: Shape = (inputs[0].shape[0], args.hidden_size)
        _check_states(kind, inputs, states, states)

    def shape(args: Args, inputs: Inputs) -> Outputs:
        hidden = inputs[0].with_shape((inputs[0].shape[0], args.hidden_size))
        return (hidden, hidden) if kind == "LSTM" else (hidden,)

    def state(args: Args) -> Mapping[str, State]:
        init, rows = _uniform(args), gates * args.hidden_size
        weights = {
            "weight_ih": State((rows, args.input_size), init),
            "weight_hh": State((rows, args.hidden_size), init),
        }
        return {**weights, "bias_ih": State((rows,), init), "bias_hh": State((rows,), init)} if args.bias else weights

    def macs(args: Args, inputs: Inputs, outputs: Outputs) -> int:
        rows = per_sample(inputs[0].shape[:1])
        return int(rows * gates * args.hidden_size * (args.input_size + args.hidden_size))

    return Op(
        name=f"{kind}Cell",
        target=f"torch.nn.{kind}Cell",
        doc={
            "RNN": "One step of Elman's recurrence.",
            "LSTM": "One step of a long short-term memory.",
            "GRU": "One step of a gated recurrent unit.",
        }[kind],
        args=(_INPUT_SIZE, _HIDDEN_SIZE, _BIAS, *((_NONLINEARITY,) if kind == "RNN" else ())),
        primary="hidden_size",
        inputs=("input", "h_0", "c_0") if kind == "LSTM" else ("input", "h_0"),
        optional_inputs=2 if kind == "LSTM" else 1,
        dtypes=(FLOATS,) * 3,
        ports=("h", "c") if kind == "LSTM" else ("output",),
        ranks=(2,),
        layout="[N, F]",
        check=check,
        shape=shape,
        state=state,
        macs=macs,
        call=_call if kind == "LSTM" else None,
    )


OPS = (*(_layer(kind) for kind in _GATES), *(_cell(kind) for kind in _GATES))
