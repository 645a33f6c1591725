"""What recurrent layers have alive at once, in numbers of float32 for a batch of one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from archspec.ops.alive import Alive
from archspec.ops.entry import Args, Inputs, Outputs
from archspec.ops.memory_of_attention import is_turned
from archspec.ops.memory_size import elements
from archspec.ops.sequences import batch_at
from archspec.tensors import per_sample

Rule = Callable[[Args, Inputs, Outputs], int]


@dataclass(frozen=True, slots=True)
class _Run:
    """One run over a sequence: its sizes, samples included.

    Attributes:
        steps: how many there are.
        state: the hidden state of one layer and direction.
        out: what one direction gives at one step: the state, or its projection.
        ways: directions.
        layers: layers.
        copied: the input where its steps have to be put in front, else 0.
        given: whether it begins with given states.
    """

    steps: int
    state: int
    out: int
    ways: int
    layers: int
    copied: int
    given: bool


def _run(args: Args, inputs: Inputs) -> _Run:
    at = batch_at(args)
    batch, steps = per_sample(inputs[0].shape[at : at + 1]), per_sample(inputs[0].shape[1 - at : 2 - at])
    return _Run(
        steps=steps,
        state=batch * int(args.hidden_size),
        out=batch * int(args.get("proj_size", 0) or args.hidden_size),
        ways=2 if args.bidirectional else 1,
        layers=int(args.num_layers),
        copied=elements(inputs[0]) if is_turned(args, inputs[0]) else 0,
        given=len(inputs) > 1,
    )


def plain(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """An `RNN`: each step adds the state's product to the input's, and makes the next state of the sum."""
    return _stepwise(args, inputs, 1, _plain_step)


def gated(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """A `GRU`: each step makes three gates of the state, a new state, and what is between the two states."""
    return _stepwise(args, inputs, 3, _gated_step)


def long_short(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """An `LSTM`, of which a library makes whole layers, unless its state is projected."""
    return _stepwise(args, inputs, 4, _projected_step) if args.proj_size else _whole(args, inputs)


def _plain_step(tally: Alive, run: _Run, step: str) -> None:
    tally.make(gates=run.state, **{step: run.state})
    tally.drop("gates")


def _gated_step(tally: Alive, run: _Run, step: str) -> None:
    tally.make(gates=3 * run.state, new=run.state, **{step: run.state})
    tally.drop("gates", "new")


def _projected_step(tally: Alive, run: _Run, step: str) -> None:
    tally.make(gates=4 * run.state, next_cell=run.state, tanh=run.state, hidden=run.state)
    tally.drop("tanh")
    tally.make(**{step: run.out})
    tally.drop("hidden", "gates")
    tally.rename("next_cell", "cell")


def _begin(run: _Run, *states: int) -> Alive:
    """The zeros of all layers and directions, unless states are given."""
    tally = Alive()
    if not run.given:
        for index, size in enumerate(states):
            tally.make(**{f"zeros{index}": run.layers * run.ways * size})
    return tally


def _stepwise(args: Args, inputs: Inputs, gates: int, step: Callable[[Alive, _Run, str], None]) -> int:
    """Of each layer and direction the gates of all inputs at once, then step by step, then the steps' outputs stacked;
    directions are joined when both are done. What stays of a layer are its last states. The last step has the most
    beside it."""
    run = _run(args, inputs)
    two_states = "proj_size" in args
    tally = _begin(run, run.out, *((run.state,) if two_states else ()))
    for layer in range(run.layers):
        made = []
        for way in range(run.ways):
            _project(tally, run, run.steps * gates * run.state, copied=layer == 0, biased=args.bias)
            tally.make(**{f"before{way}": (run.steps - 1) * run.out})
            if two_states and run.steps > 1:
                tally.make(cell=run.state)
            step(tally, run, f"last{layer}.{way}")
            if two_states:
                tally.rename("cell", f"cell{layer}.{way}")
            tally.make(**{f"stack{way}": run.steps * run.out})
            made += [f"before{way}", f"stack{way}"]
        if run.ways == 2:
            tally.make(joined=2 * run.steps * run.out)
        tally.drop(*made, "projected", "given")
        tally.make(given=run.ways * run.steps * run.out)
        tally.drop("joined")
    for index in range(2 if two_states else 1):
        tally.make(**{f"states{index}": run.layers * run.ways * run.out})
    return 4 * tally.peak


def _project(tally: Alive, run: _Run, size: int, *, copied: bool, biased: bool) -> None:
    """The gates of a whole sequence, beside those of the other direction; of a copy first without its biases."""
    copy = run.copied if copied else 0
    tally.make(copy=copy, next=size)
    tally.drop("copy")
    if copy and biased:
        tally.make(biased=size)
        tally.drop("biased")
    tally.drop("projected")
    tally.rename("next", "projected")


def _whole(args: Args, inputs: Inputs) -> int:
    """A layer's output takes the place of the one before it when it is made; the last states stay. Biases that are not
    there are zeros as large as the weights."""
    run = _run(args, inputs)
    tally = _begin(run, run.state, run.state)
    tally.make(copy=run.copied)
    for layer in range(run.layers):
        for way in range(run.ways):
            size = int(args.input_size) if layer == 0 else run.ways * int(args.hidden_size)
            tally.make(zeros=0 if args.bias else 4 * int(args.hidden_size) * (int(args.hidden_size) + size))
            tally.make(next=run.steps * run.state, **{f"h{layer}.{way}": run.state, f"c{layer}.{way}": run.state})
            tally.drop("zeros")
            tally.rename("next", f"out{way}")
        if run.ways == 2:
            tally.make(next=2 * run.steps * run.state)
            tally.rename("next", "joined")
    tally.make(h=run.layers * run.ways * run.state, c=run.layers * run.ways * run.state)
    return 4 * tally.peak


def cell(each: int) -> Rule:
    """One step: the gates of input and state, what is made of them, and zeros where no state is given."""

    def rule(args: Args, inputs: Inputs, outputs: Outputs) -> int:
        rows = per_sample(inputs[0].shape[:1])
        return 4 * rows * int(args.hidden_size) * (each + (len(inputs) == 1))

    return rule
