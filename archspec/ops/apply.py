"""One call of the catalogue: from the arguments that a user wrote and the inputs' types to everything that follows.

The elaborator and the conformance tests both go through `apply`, so what is judged is what users get.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from archspec.errors import clip
from archspec.ops.arguments import show
from archspec.ops.checks import faults_of_inputs
from archspec.ops.common import contradiction
from archspec.ops.entry import Arg, Args, Inputs, Op, Outputs, State
from archspec.ops.faults import BadValue, RuleFault, RuleFaults
from archspec.ops.habits import meant_argument
from archspec.records import record
from archspec.tensors import Batch, TensorType

_CHOSEN_LATER = {
    "device": "leave it out: the device is chosen when the model is built",
    "dtype": "leave it out: the element type is chosen when the model is built",
}


@record
class Applied:
    """What a call comes to.

    Attributes:
        args: every argument, in torch's order.
        outputs: the outputs' types, one per port.
        state: the parameters and buffers that the layer owns.
        macs: multiply-accumulates for one sample.
    """

    args: Args
    outputs: Outputs
    state: Mapping[str, State]
    macs: int


def apply(op: Op, written: Mapping[str, Any], inputs: Inputs, named: Mapping[str, TensorType] | None = None) -> Applied:
    """The call of an op with the arguments that were written.

    Args:
        op: the catalogue's entry.
        written: plain data (numbers, strings, lists, None) by argument name.
        inputs: the inputs' types, in the op's order.
        named: the types of those among the op's `keywords` that are given, in the op's order.

    Raises:
        RuleFaults: every independent fault. Rules that need a sound argument or input are not asked when it has none.
    """
    values, faults = _normalised(op, written)
    faults += missing_arguments(op, written, written)
    of_inputs = faults_of_inputs(op, written, inputs)
    faults += of_inputs or _inferred(op, written, values, inputs)
    if faults:
        raise RuleFaults(faults)
    args = Args({arg.name: values.get(arg.name, arg.default) for arg in op.args} | values, written, named)
    try:
        op.check(args, inputs)
        outputs = op.shape(args, inputs)
        if op.solve is not None:
            args = Args({**args, **op.solve(args, inputs)}, written, named)
        state = op.state(args)
        _check_state_type(state, inputs)
    except RuleFault as fault:
        raise RuleFaults((fault,)) from None
    return Applied(args, outputs, state, op.macs(args, inputs, outputs))


def bad_arguments(op: Op, written: Mapping[str, Any], given: Container[str] | None) -> tuple[RuleFault, ...]:
    """The faults of single arguments, where nothing else of a call is known.

    Args:
        op: the catalogue's entry.
        written: the values that are known.
        given: the names of all that are given, or None where it is open what is missing.
    """
    return (*_normalised(op, written)[1], *(() if given is None else missing_arguments(op, written, given)))


def _normalised(op: Op, written: Mapping[str, Any]) -> tuple[dict[str, Any], list[RuleFault]]:
    """The written arguments in normal form, and a fault for each that is unknown or not accepted."""
    values: dict[str, Any] = {}
    faults = []
    for name, value in written.items():
        arg = op.argument(name)
        if arg is None:
            faults.append(_unknown(op, name))
            continue
        try:
            values[name] = arg.type.accept(value)
        except BadValue as fault:
            faults.append(_bad_value(arg, value, fault))
    return values, faults


def _unknown(op: Op, name: str) -> RuleFault:
    meant = meant_argument(name, op.by_name)
    if name in _CHOSEN_LATER:
        help = _CHOSEN_LATER[name]
    elif meant is not None:
        help = f"did you mean `{meant}`?"
    elif op.args:
        help = f"it takes {', '.join(f'`{arg.name}`' for arg in op.args)}"
    else:
        help = "it takes no arguments"
    message = f"`{op.name}` has no argument `{clip(name)}`"
    return RuleFault("AS202", message, arg=name, help=help, suggestion=meant)


def _bad_value(arg: Arg, value: Any, fault: BadValue) -> RuleFault:
    index = fault.index
    found = index if isinstance(index, str) else value if index is None else value[index]
    return RuleFault(
        "AS401",
        f"`{arg.name}` of {{name}} must be {fault.expected}, found {show(found)}",
        arg=arg.name,
        index=index,
        help=fault.help or _example(arg),
        suggestion=fault.suggestion,
        part=fault.part,
    )


def _example(arg: Arg) -> str:
    if arg.inferred is not None:
        return f"remove `{arg.name}` to have it inferred"
    if not arg.is_required:
        return f"leave it out for `{arg.name}: {show(arg.default)}`, torch's default"
    return f"write a value like `{arg.name}: {show(arg.example)}`"


def missing_arguments(op: Op, written: Mapping[str, Any], given: Container[str]) -> list[RuleFault]:
    """A fault for each argument that has to be written and is not among those given."""
    missing = [arg for arg in op.args if arg.is_required and arg.name not in given]
    if not missing:
        return []
    required = ", ".join(
        f"{arg.name}: {show(written.get(arg.name, arg.example))}" for arg in op.args if arg.is_required
    )
    help = f"write `{op.name}: {{{required}}}`, with the values that you want"
    return [RuleFault("AS203", f"{{name}} needs `{arg.name}`: {arg.doc}", help=help) for arg in missing]


def _inferred(op: Op, written: Mapping[str, Any], values: dict[str, Any], inputs: Inputs) -> list[RuleFault]:
    """Fills `values` in with what follows from the inputs; a fault for each that was written otherwise."""
    faults = []
    for arg in op.args:
        rule = arg.inferred
        if rule is None or (arg.name in written and not rule.fixed):
            continue
        found = rule.value(inputs)
        if isinstance(found, Batch):
            message = f"{{name}} counts its {rule.noun} in a dimension of {inputs[0]} that is the batch"
            faults.append(RuleFault("AS302", message, input=0, help="move the batch to the front before it"))
        elif arg.name not in written:
            values[arg.name] = found
        elif arg.name in values and values[arg.name] != found:
            faults.append(contradiction(arg.name, rule.noun, values[arg.name], found))
    return faults


def _check_state_type(state: Mapping[str, State], inputs: Inputs) -> None:
    """A layer's parameters and its floating-point inputs have one element type.

    Raises:
        RuleFault: AS306.
    """
    other = next((at for at, given in enumerate(inputs) if given.is_floating and given.dtype != "float32"), None)
    if state and other is not None:
        raise RuleFault(
            "AS306",
            f"{{name}} has float32 parameters, but receives {inputs[other]}",
            input=other,
            help="declare the input as float32; a model built in another floating type takes that type instead",
        )
