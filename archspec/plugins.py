"""Layers of a caller's own: registered from Python, offered by an installed package, or given as `--plugin FILE`.

A spec can name them and nothing more: no file can bring one in by itself.
"""

from __future__ import annotations

import functools
import inspect
import re
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, overload

from archspec.errors import Diagnostic, UsageError, clip
from archspec.ops import registry
from archspec.ops.arguments import ArgType, Bool, Float, Int, Maybe, Plain, Text
from archspec.ops.common import channels, last
from archspec.ops.entry import OWN, REQUIRED, Arg, Args, Inferred, Inputs, Op, Outputs, State
from archspec.ops.faults import RuleFault
from archspec.ops.offered import add_dataset
from archspec.ops.signatures import signatures
from archspec.tensors import Shape, TensorType

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

ShapeRule = Callable[..., Shape | tuple[Shape, ...]]
Layer = TypeVar("Layer", bound=type[Any])
Make = Callable[..., Any]

ENTRY_POINTS = "archspec.layers"
_CHOSEN_LATER = ("device", "dtype")
_BY_NAME = {
    "in_channels": Inferred(channels, "input channels"),
    "num_features": Inferred(channels, "channels"),
    "num_channels": Inferred(channels, "channels"),
    "in_features": Inferred(last, "input features"),
    "input_size": Inferred(last, "input features"),
}


@overload
def register(layer: Layer) -> Layer: ...
@overload
def register(
    *,
    name: str | None = None,
    shape: ShapeRule | None = None,
    infer: Mapping[str, Callable[..., int]] | None = None,
    check: Callable[..., str | None] | None = None,
) -> Callable[[Layer], Layer]: ...
@overload
def register(
    layer: Layer,
    *,
    name: str | None = None,
    shape: ShapeRule | None = None,
    infer: Mapping[str, Callable[..., int]] | None = None,
    check: Callable[..., str | None] | None = None,
) -> Layer: ...
def register(
    layer: Any = None,
    *,
    name: str | None = None,
    shape: ShapeRule | None = None,
    infer: Mapping[str, Callable[..., int]] | None = None,
    check: Callable[..., str | None] | None = None,
) -> Any:
    """Make an `nn.Module` class of one's own known to specs, as a call or as a decorator.

    Its arguments, their types and defaults are read off its constructor, and its inputs off its `forward`. The
    arguments `in_channels`, `num_features`, `num_channels`, `in_features` and `input_size` are inferred where a spec
    leaves them out, as are those of `infer`.

    Args:
        layer: the class.
        name: the kind that specs write; the class's name unless given. It starts with a capital letter.
        shape: from the arguments and the inputs' shapes (tuples that start with the batch, `archspec.tensors.N`) to
            the output's shape, or a tuple of shapes. Without it the layer is run by torch, once per shape.
        infer: for an argument, a function from the inputs' shapes to its value.
        check: from the arguments and the inputs' shapes to a sentence on what is wrong, or None.

    Returns:
        The class itself (a decorator, where no class is given).

    Raises:
        UsageError: AS706, the name is taken, or is none that a layer can have.
    """
    if layer is None:
        return functools.partial(register, name=name, shape=shape, infer=infer, check=check)
    kind = name or layer.__name__
    _refuse_name(kind, layer)
    registry.add(_entry(kind, layer, shape, dict(infer or {}), check))
    return layer


def _refuse_form(kind: str, source: str) -> None:
    if not kind.isidentifier() or not kind[0].isupper():
        message = f"`{clip(kind)}` ({source}) cannot be a kind: a layer's kind starts with a capital letter"
        raise UsageError(Diagnostic("AS706", message, help='give one that does, `register(…, name="MyLayer")`'))


def _refuse_name(kind: str, layer: type[Any]) -> None:
    source = _source(layer)
    _refuse_form(kind, source)
    other = registry.CATALOGUE.get(kind)
    taken = other.target if other is not None else None
    known = registry.registered(kind)
    if known is not None and _source(known.layer) != source:  # the same class again is a reloaded module
        taken = _source(known.layer)
    taken = taken or _installed_beside(kind, layer)
    if taken is not None:
        message = f"`{kind}` is {taken} already, so {source} cannot have that name"
        raise UsageError(Diagnostic("AS706", message, help='give it another one, `register(…, name="MyLayer")`'))


def _installed_beside(kind: str, layer: type[Any]) -> str | None:
    """Where another installed package has a layer of that name."""
    package = layer.__module__.partition(".")[0]
    others = (point.value for point in _offered().get(kind, ()) if re.split("[.:]", point.value)[0] != package)
    return next((f"{value} of an installed package" for value in others), None)


def _source(layer: type[Any]) -> str:
    return f"{layer.__module__}.{layer.__qualname__}"


def _entry(
    kind: str,
    layer: type[Any],
    shape: ShapeRule | None,
    infer: dict[str, Callable[..., int]],
    check: Callable[..., str | None] | None,
) -> Op:
    probe = _Probe(layer)
    args = tuple(_args(layer, infer))
    doc = (inspect.getdoc(layer) or f"{_source(layer)}.").partition("\n")[0]
    primary = next((arg.name for arg in args if arg.inferred is None), None)
    return Op(
        name=kind,
        target=_source(layer),
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
        raise RuleFault("AS402", f"{{name}}: {sentence}", input=0)


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


def register_dataset(make: Make | None = None, *, name: str | None = None) -> Any:
    """Make a data set of one's own known to recipes, as a call or as a decorator.

    Args:
        make: called with the recipe's arguments; it returns two map-style data sets of torch, `(train, eval)`, or a
            dict of these with `classes`, a list of names.
        name: what recipes call it; the function's or class's name unless given.

    Returns:
        What was given (a decorator, where nothing is).

    Raises:
        UsageError: AS706, the name is one of archspec's own.
    """
    if make is None:
        return functools.partial(register_dataset, name=name)
    called = name or make.__name__
    if called in signatures("datasets"):
        message = f"`{clip(called)}` is a data set of archspec's already"
        raise UsageError(Diagnostic("AS706", message, help='give it another one, `register_dataset(…, name="MyData")`'))
    add_dataset(called, make)
    return make


def _installed(kind: str) -> Op | None:
    """A layer that an installed package offers under its entry points, loaded when a spec is first found to name it."""
    points = _offered().get(kind)
    if points is None:
        return None
    if len(points) > 1:
        sources = " and ".join(point.value for point in points)
        message = f"`{clip(kind)}` is offered by several installed packages: {sources}"
        raise UsageError(Diagnostic("AS706", message, help="uninstall all but one of them"))
    try:
        layer = points[0].load()
    except Exception as error:
        message = f"`{clip(kind)}` cannot be loaded from {points[0].value}: {type(error).__name__}: {error}"
        raise UsageError(Diagnostic("AS707", message, help="import it with Python to see more")) from error
    known = registry.registered(kind)
    if known is None or known.layer is not layer:  # else its module has registered it, with rules of its own perhaps
        _refuse_form(kind, points[0].value)
        registry.add(_entry(kind, layer, None, {}, None))
    return registry.registered(kind)


@functools.cache
def _offered() -> Mapping[str, tuple[EntryPoint, ...]]:
    """What all installed packages offer. Read once: a spec may name many kinds that nobody has."""
    from importlib import metadata  # slow to import, and needed for unknown kinds only

    found: dict[str, dict[str, EntryPoint]] = {}
    for point in metadata.entry_points(group=ENTRY_POINTS):
        found.setdefault(point.name, {})[point.value] = point  # one package may be found in two places
    return {name: tuple(points.values()) for name, points in found.items()}


registry.add_finder(_installed)


def load_plugin(path: str) -> None:
    """Run a Python file of the caller's, which registers layers. This is what `--plugin FILE` does.

    Raises:
        UsageError: AS707, there is no such file, or it fails.
    """
    import runpy

    try:
        runpy.run_path(path, run_name=f"archspec_plugin:{path}")
    except UsageError:
        raise
    except Exception as error:
        where = f" (line {line})" if (line := _line_in(path, error)) else ""
        message = f"the plug-in `{path}` fails{where}: {type(error).__name__}: {error}"
        raise UsageError(Diagnostic("AS707", message, help="run it with Python to see more")) from error


def _line_in(path: str, error: BaseException) -> int | None:
    found, at = None, error.__traceback__
    while at is not None:
        if at.tb_frame.f_code.co_filename == path:
            found = at.tb_lineno
        at = at.tb_next
    return found
