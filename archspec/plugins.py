"""Layers of a caller's own: registered from Python, offered by an installed package, or given as `--plugin FILE`.

A spec can name them and nothing more: no file can bring one in by itself.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, overload

from archspec.errors import Diagnostic, UsageError, clip
from archspec.ops import registry
from archspec.ops.entry import Op
from archspec.ops.offered import add_dataset
from archspec.ops.signatures import signatures
from archspec.registered import ShapeRule, entry_of, source_of

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

Layer = TypeVar("Layer", bound=type[Any])
Make = Callable[..., Any]

ENTRY_POINTS = "archspec.layers"


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
    registry.add(entry_of(kind, layer, shape, dict(infer or {}), check))
    return layer


def _refuse_form(kind: str, source: str) -> None:
    if not kind.isidentifier() or not kind[0].isupper():
        message = f"`{clip(kind)}` ({source}) cannot be a kind: a layer's kind starts with a capital letter"
        raise UsageError(Diagnostic("AS706", message, help='give one that does, `register(…, name="MyLayer")`'))


def _refuse_name(kind: str, layer: type[Any]) -> None:
    source = source_of(layer)
    _refuse_form(kind, source)
    other = registry.CATALOGUE.get(kind)
    taken = other.target if other is not None else None
    known = registry.registered(kind)
    if known is not None and source_of(known.layer) != source:  # the same class again is a reloaded module
        taken = source_of(known.layer)
    taken = taken or _installed_beside(kind, layer)
    if taken is not None:
        message = f"`{kind}` is {taken} already, so {source} cannot have that name"
        raise UsageError(Diagnostic("AS706", message, help='give it another one, `register(…, name="MyLayer")`'))


def _installed_beside(kind: str, layer: type[Any]) -> str | None:
    """Where another installed package has a layer of that name."""
    package = layer.__module__.partition(".")[0]
    others = (point.value for point in _offered().get(kind, ()) if re.split("[.:]", point.value)[0] != package)
    return next((f"{value} of an installed package" for value in others), None)


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
        registry.add(entry_of(kind, layer, None, {}, None))
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
