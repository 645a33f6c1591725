"""What autograd keeps inside recurrent layers, step by step as torch runs them where no library has them whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from archspec.ops.entry import Args, Inputs, Outputs
from archspec.ops.memory_size import Kept, Rule, elements, noise, size_of
from archspec.ops.sequences import batch_at
from archspec.tensors import per_sample

Numbers: TypeAlias = Callable[[Args], tuple[int, int]]
"""Of one step of one layer and direction: how many numbers are kept, and how many of them are the state before it."""


def plain(args: Args) -> tuple[int, int]:
    """An `RNN` keeps what each step gives, which is the state before the next one."""
    return int(args.hidden_size), 0


def gated(args: Args) -> tuple[int, int]:
    """A `GRU` keeps three gates, two products and a difference of theirs, and the state before."""
    return 7 * int(args.hidden_size), int(args.hidden_size)


def long_short(args: Args) -> tuple[int, int]:
    """An `LSTM` keeps four gates, tanh of its cells, and both states before; of a projected state what is projected."""
    hidden, projected = int(args.hidden_size), int(args.get("proj_size", 0))
    state = hidden + (projected or hidden)
    return 5 * hidden + (hidden if projected else 0) + state, state


def recurrent(numbers: Numbers) -> Rule:
    """Each step of every layer and direction, and what a layer hands to the next one.

    States that are given are kept in place of the zeros that the first step begins with. Where the batch comes first,
    each direction of the first layer keeps a copy of the input with the steps in front, unless its order in memory is
    the same.
    """

    def rule(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
        ways = 2 if args.bidirectional else 1
        at = batch_at(args)
        batch, steps = per_sample(inputs[0].shape[at : at + 1]), per_sample(inputs[0].shape[1 - at : 2 - at])
        step, state = numbers(args)
        states = 0 if len(inputs) > 1 else _zeros(args, state)
        inside = args.num_layers * ways * batch * (steps * step - state + states)
        between = (args.num_layers - 1) * (elements(outputs[0]) + noise(args.dropout, elements(outputs[0])))
        copied = args.batch_first and batch > 1 and steps > 1
        copies = ways * size_of(inputs[0]) if copied else 0
        kept = range(1 if copied else 0, len(inputs))
        return Kept(tuple(kept), extra=4 * int(inside + between) + copies)

    return rule


def _zeros(args: Args, state: int) -> int:
    """What a layer without given states begins with; an `RNN` keeps it beside its steps."""
    return state or int(args.hidden_size)


def cell(each_step: int) -> Rule:
    """One step."""

    def rule(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
        rows = per_sample(inputs[0].shape[:1])
        return Kept(tuple(range(len(inputs))), extra=4 * rows * (each_step - (len(inputs) > 1)) * int(args.hidden_size))

    return rule


def rnn_cell(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """One step, whose output is kept, and the zeros that it began with."""
    rows = per_sample(inputs[0].shape[:1])
    first = 4 * rows * int(args.hidden_size) if len(inputs) == 1 else 0
    return Kept(tuple(range(len(inputs))), (0,), first)
