"""What every call is checked for before its own rules are asked: how many inputs, of what type and rank."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archspec.ops.common import looks_channels_last
from archspec.ops.entry import Inputs, Op
from archspec.ops.faults import RuleFault
from archspec.ops.registry import CATALOGUE
from archspec.tensors import Batch, TensorType, show_shape

_FLOATS_HELP = (
    "declare the input as `dtype: float32`, or put a layer that takes integers, such as `Embedding`, before it"
)
_USUAL_CHANNELS = (1, 3)
_COUNTS = ("no input", "one input", "two inputs", "three inputs", "four inputs", "five inputs", "six inputs")


def check_arity(op: Op, inputs: Inputs) -> None:
    """The number of inputs.

    Raises:
        RuleFault: AS308.
    """
    count = len(inputs)
    if op.variadic and count < 2 - op.optional_inputs:
        received = "only one" if count == 1 else "none"
        raise RuleFault(
            "AS308",
            f"{{name}} takes two inputs or more, but receives {received}",
            help=f"list them: `{{{op.name}: [a, b]}}`",
        )
    if not op.variadic and not len(op.inputs) - op.optional_inputs <= count <= len(op.inputs):
        wanted = _wanted_inputs(op)
        several = len(op.inputs) == 1 and count > 1
        question = ": did you mean `concat` or `add`?" if several else ""
        raise RuleFault(
            "AS308",
            f"{{name}} takes {wanted}{_named(op)}, but receives {count}{question}",
            help="merge them first, e.g. `merged: {concat: [a, b]}`" if several else f"give it `from: {_example(op)}`",
        )


def check_input_types(op: Op, inputs: Inputs) -> None:
    """The element type of each input where the op says; of the first where it computes with real numbers.

    Raises:
        RuleFault: AS306.
    """
    for index, (wanted, other) in enumerate(zip(op.dtypes, inputs, strict=False)):
        if other.dtype not in wanted:
            raise _wrong_type(op, index, other, wanted)
    if not inputs:
        return
    given = inputs[0]
    if not op.dtypes and op.floating and not given.is_floating:
        raise RuleFault(
            "AS306",
            f"{{name}} needs floating-point numbers, but receives {given}",
            input=0,
            help=_FLOATS_HELP,
        )


def check_ranks(op: Op, written: Mapping[str, Any], inputs: Inputs) -> None:
    """The number of dimensions of the first input, and that they stand where the op's layout has them.

    Whoever writes the number of channels, and writes what dimension 1 has, means the layout as it is.

    Raises:
        RuleFault: AS302 for another rank or a batch that is not first, AS309 for an image with its channels last.
    """
    if not op.ranks or not inputs:
        return
    given = inputs[0]
    if given.rank not in op.ranks:
        message = f"{{name}} needs {op.layout}, but receives {given}"
        raise RuleFault("AS302", message, input=0, help=_rank_help(op, given))
    if not op.batch_anywhere and any(isinstance(dim, Batch) for dim in given.shape[1:]):
        message = f"{{name}} needs {op.layout}, but receives {given}: the batch has to come first"
        raise RuleFault("AS302", message, input=0, help="move the batch to the front before it")
    meant = any(written.get(arg.name) == given.shape[1] for arg in op.args if arg.inferred is not None)
    if op.layout == "[N, C, H, W]" and looks_channels_last(given) and not meant:
        height, width, count = given.shape[1:]
        raise RuleFault(
            "AS309",
            f"{{name}} needs {op.layout}, but {given} looks channels-last",
            input=0,
            help=f"write the channels before height and width: `[{count}, {height}, {width}]`",
        )


def _wrong_type(op: Op, index: int, given: TensorType, wanted: tuple[str, ...]) -> RuleFault:
    """AS306 for an input whose element types are listed."""
    which = "" if len(op.inputs) == 1 else f" for `{op.inputs[index]}`"
    if given.is_floating:
        needs = f"integers ({' or '.join(f'`{name}`' for name in wanted)})"
        help = f"declare the input as `dtype: {wanted[0]}`"
    else:
        needs = "floating-point numbers" if len(wanted) > 2 else " or ".join(f"`{name}`" for name in wanted)
        help = _FLOATS_HELP if "float32" in wanted else f"declare the input as `dtype: {wanted[0]}`"
    return RuleFault("AS306", f"{{name}} needs {needs}{which}, but receives {given}", input=index, help=help)


def _wanted_inputs(op: Op) -> str:
    """`two inputs`, `one to three inputs`."""
    most = _COUNTS[len(op.inputs)]
    if not op.optional_inputs:
        return most
    if op.optional_inputs == len(op.inputs):
        return f"at most {most}"
    return f"{_COUNTS[len(op.inputs) - op.optional_inputs].split()[0]} to {most}"


def _named(op: Op) -> str:
    return "" if len(op.inputs) == 1 else f" ({', '.join(f'`{name}`' for name in op.inputs)})"


def _example(op: Op) -> str:
    return op.inputs[0] if len(op.inputs) == 1 else f"[{', '.join(op.inputs)}]"


def _rank_help(op: Op, given: TensorType) -> str:
    if given.rank - 1 in op.ranks and given.shape[1] == 1 and op.layout.startswith("[N, C"):
        return f"leave the batch out of the input, which always has one: `{show_shape(given.shape[2:])}`"
    family, dims = op.name[:-2], given.rank - 2
    sibling = f"{family}{dims}d"
    if op.name[-1:] == "d" and op.name != sibling and sibling in CATALOGUE and given.rank > 2:
        use = f"use `{sibling}` for an input of {_spatial(dims)}"
        if op.layout == "[N, C, H, W]" and given.rank - 1 in op.ranks and given.shape[2] in _USUAL_CHANNELS:
            return f"leave the batch out of the input, which always has one: `{show_shape(given.shape[2:])}`"
        missing = given.rank == min(op.ranks) - 1 and not given.channels_first
        one_channel = show_shape((1, *given.shape[1:]))
        return f"write the input as `{one_channel}` if it has one channel, or {use}" if missing else use
    if given.rank == 2:
        return "put it before the `Flatten`, if there is one, or bring the dimensions back with `Unflatten`"
    if given.rank > max(op.ranks):
        return "flatten some of the dimensions first"
    return "give it an input of that layout"


def _spatial(dims: int) -> str:
    return {1: "one spatial dimension", 2: "two spatial dimensions", 3: "three spatial dimensions"}[dims]


def faults_of_inputs(op: Op, written: Mapping[str, Any], inputs: Inputs) -> list[RuleFault]:
    """The first fault of the inputs, if any: their number, then their types, then their ranks.

    Returns:
        a list of at most one fault, since each check presupposes the ones before it.
    """
    try:
        check_arity(op, inputs)
        check_input_types(op, inputs)
        check_ranks(op, written, inputs)
    except RuleFault as fault:
        return [fault]
    return []
