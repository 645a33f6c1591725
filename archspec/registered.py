"""A class of a caller's own as an entry of the catalogue."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from archspec.ops.arguments import ArgType, Bool, Float, Int, Maybe, Plain, Text
from archspec.ops.common import channels, last
from archspec.ops.entry import OWN, REQUIRED, Arg, Args, Inferred, Inputs, Op, Outputs, State
from archspec.ops.faults import RuleFault
from archspec.tensors import Shape, TensorType

ShapeRule = Callable[..., Shape | tuple[Shape, ...]]

_CHOSEN_LATER = ("device", "dtype")
_BY_NAME = {
    "in_channels": Inferred(channels, "input channels"),
    "num_features": Inferred(channels, "channels"),
    "num_channels": Inferred(channels, "channels"),
    "in_features": Inferred(last, "input features"),
    "input_size": Inferred(last, "input features"),
}


def source_of(layer: type[Any]) -> str:
    """Where a class is defined, as a dotted name."""
    return f"{layer.__module__}.{layer.__qualname__}"


def entry_of(
    kind: str,
    layer: type[Any],
    shape: ShapeRule | None,
    infer: dict[str, Callable[..., int]],
    check: Callable[..., str | None] | None,
) -> Op:
    """The entry of a class: its arguments from its constructor, its shapes from a rule or from torch itself.

    Args:
        kind: its name in specs.
        layer: the class.
        shape: gives the output's shape; without it, torch is asked.
        infer: gives arguments that follow from the input's shape.
        check: gives what is wrong with a call, if anything is.
    """
    probe = _Probe(layer)
    args = tuple(_args(layer, infer))
    doc = (inspect.getdoc(layer) or f"{source_of(layer)}.").partition("\n")[0]
    primary = next((arg.name for arg in args if arg.inferred is None), None)
    return Op(
        name=kind,
        target=source_of(layer),
        doc=doc,
        shape=probe.outputs if shape is None else functools.partial(_ruled, shape),
        args=args,
        primary=primary,
        inputs=_inputs(layer),
        ports=("output", *map(str, range(1, 8))),
        check=functools.partial(_checked, check),
        state=probe.state,
        macs=probe.macs if shape is None else _no_macs,
        floating=False,
        layer=layer,
    )


def _no_macs(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    return 0


def _args(layer: type[Any], infer: Mapping[str, Callable[..., int]]) -> Iterator[Arg]:
    hints = _hints(layer.__init__)
    for parameter in list(inspect.signature(layer.__init__).parameters.values())[1:]:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD) or parameter.name in _CHOSEN_LATER:
            continue
        rule = _BY_NAME.get(parameter.name) if parameter.default is parameter.empty else None
        if parameter.name in infer:
            rule = Inferred(functools.partial(_from_shapes, infer[parameter.name]), parameter.name)
        default = REQUIRED if parameter.default is parameter.empty else parameter.default
        yield Arg(parameter.name, _type(hints.get(parameter.name)), default, rule, doc=f"`{parameter.name}`", example=1)


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function)
    except (NameError, TypeError):
        return {}


def _type(hint: Any) -> ArgType:
    plain: dict[Any, ArgType] = {int: Int(), float: Float(), bool: Bool(), str: Text()}
    if hint in plain:
        return plain[hint]
    options = typing.get_args(hint)
    inner = [option for option in options if option is not type(None)]
    if len(options) == 2 and len(inner) == 1 and inner[0] in plain:
        return Maybe(plain[inner[0]])
    return Plain()


def _inputs(layer: type[Any]) -> tuple[str, ...]:
    parameters = list(inspect.signature(layer.forward).parameters.values())[1:]
    return tuple(
        parameter.name
        for parameter in parameters
        if parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD
    )


def _from_shapes(rule: Callable[..., int], inputs: Inputs) -> int:
    return rule(*(given.shape for given in inputs))


def _ruled(rule: ShapeRule, args: Args, inputs: Inputs) -> Outputs:
    given = rule(args, *(each.shape for each in inputs))
    shapes = given if given and isinstance(given[0], tuple) else (given,)
    return tuple(TensorType(tuple(shape), inputs[0].dtype) for shape in shapes)  # type: ignore[arg-type]


def _checked(rule: Callable[..., str | None] | None, args: Args, inputs: Inputs) -> None:
    sentence = None if rule is None else rule(args, *(given.shape for given in inputs))
    if sentence is not None:
        raise RuleFault("AS402", f"{{name}}: {sentence}", input=0, help="give it another input, or other arguments")


class _Probe:
    """Asks torch what a layer without a rule does. torch is imported when it is asked, not before."""

    def __init__(self, layer: type[Any]) -> None:
        self._layer = layer

    def outputs(self, args: Args, inputs: Inputs) -> Outputs:
        from archspec.emit.probe import run

        return run(self._layer, args, inputs).outputs

    def macs(self, args: Args, inputs: Inputs, outputs: Outputs) -> int:
        from archspec.emit.probe import run

        return run(self._layer, args, inputs).macs

    def state(self, args: Args) -> dict[str, State]:
        from archspec.emit.probe import tensors

        return {
            name: State(shape, OWN, is_buffer, dtype) for name, shape, is_buffer, dtype in tensors(self._layer, args)
        }
