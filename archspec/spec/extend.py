"""`extends`: one spec laid over another, name by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from archspec.source.tree import Mapping, Node, Scalar, is_null
from archspec.spec.document import REUSE
from archspec.spec.extend_entries import laid_entries
from archspec.spec.extend_inputs import keep_first_inputs, laid_inputs
from archspec.spec.laying import Laying, by_key
from archspec.spec.read_parameters import is_type

_Section: TypeAlias = Callable[[Laying, Node, Node], Node]


def extended(laying: Laying, base: Mapping, overlay: Mapping) -> Mapping:
    """The base with the overlay laid over it; what of the overlay does not fit is kept in `laying.faults`.

    Args:
        laying: collects the faults.
        base: a whole spec, which itself extends and imports nothing any more.
        overlay: a spec; its `extends` and `import` are left out.
    """
    with_inputs = laid_inputs(laying, base, overlay)
    rest = tuple((key, value) for key, value in overlay if key.value not in (*REUSE, "input", "inputs"))
    merged = _sections(laying, with_inputs, Mapping(rest, overlay.span), _SECTIONS)
    return keep_first_inputs(base, merged)


def _sections(laying: Laying, base: Mapping, overlay: Mapping, sections: dict[str, _Section]) -> Mapping:
    """Key by key: a section by its rule, everything else whole; `null` removes it."""
    values = {str(key.value): (key, value) for key, value in base}
    for key, value in overlay:
        name = str(key.value)
        old = values.get(name)
        if is_null(value):
            values.pop(name, None)
        elif old is not None and name in sections:
            values[name] = (old[0], sections[name](laying, old[1], value))
        else:
            values[name] = (key, value)
    return Mapping(tuple(values.values()), overlay.span)


def _blocks(laying: Laying, base: Node, overlay: Node) -> Node:
    return by_key(laying, base, overlay, "no block", _block)


def _block(laying: Laying, base: Node, overlay: Node) -> Node:
    """One block over another: its parameters, defaults and layers name by name, everything else whole."""
    if not isinstance(base, Mapping) or not isinstance(overlay, Mapping):
        return overlay
    return _sections(laying, base, overlay, _OF_BLOCKS)


def _variables(laying: Laying, base: Node, overlay: Node) -> Node:
    """Variable by variable; a bare value keeps the declared type. `null` is a value."""
    if not isinstance(base, Mapping) or not isinstance(overlay, Mapping):
        return overlay
    values = {str(key.value): (key, value) for key, value in base}
    for key, value in overlay:
        old = values.get(str(key.value))
        values[str(key.value)] = (key, value) if old is None else _declared(old[0], old[1], key, value)
    return Mapping(tuple(values.values()), overlay.span)


def _declared(name: Scalar, old: Node, key: Scalar, new: Node) -> tuple[Scalar, Node]:
    if is_type(new) or (isinstance(new, Mapping) and new.get("type") is not None):
        return key, new
    if isinstance(old, Mapping) and old.get("type") is not None:
        kept = tuple((inner, value) for inner, value in old if inner.value != "default")
    elif is_type(old):
        kept = ((Scalar("type", old.span), old),)
    else:
        return key, new
    return name, Mapping((*kept, (Scalar("default", key.span), new)), new.span)


def _outputs(laying: Laying, base: Node, overlay: Node) -> Node:
    return by_key(laying, base, overlay, "no output")


def _init(laying: Laying, base: Node, overlay: Node) -> Node:
    return by_key(laying, base, overlay, "no rule")


def _defaults(laying: Laying, base: Node, overlay: Node) -> Node:
    """Kind by kind, and argument by argument; `null` removes a default, and is a value where there is none."""
    return by_key(laying, base, overlay, "no defaults of", _arguments)


def _arguments(laying: Laying, base: Node, overlay: Node) -> Node:
    return by_key(laying, base, overlay, None)


def _train(laying: Laying, base: Node, overlay: Node) -> Node:
    return by_key(laying, base, overlay, None)


_OF_BLOCKS: dict[str, _Section] = {"params": _variables, "defaults": _defaults, "layers": laid_entries}
_SECTIONS: dict[str, _Section] = {
    "layers": laid_entries,
    "blocks": _blocks,
    "vars": _variables,
    "defaults": _defaults,
    "outputs": _outputs,
    "init": _init,
    "train": _train,
}
