"""The inputs of a spec that extends another: a further one leaves what the first layer takes as it was."""

from __future__ import annotations

from archspec.source.tree import Mapping, Node, Scalar, Sequence, is_null
from archspec.spec.laying import Laying, by_key

_KEYS = ("input", "inputs")


def laid_inputs(laying: Laying, base: Mapping, overlay: Mapping) -> Mapping:
    """The base with the overlay's `input` or `inputs` over its own."""
    given = [(key, value) for key, value in overlay if key.value in _KEYS]
    if not given:
        return base
    merged = [(key, _laid(laying, base, key, value)) for key, value in given if not is_null(value)]
    rest = [pair for pair in base if pair[0].value not in _KEYS]
    at = next((index for index, (key, _) in enumerate(base) if key.value in _KEYS), len(rest))
    return Mapping((*rest[:at], *merged, *rest[at:]), base.span)


def _laid(laying: Laying, base: Mapping, key: Scalar, value: Node) -> Node:
    old = base.get(str(key.value))
    if key.value == "input":
        return value if old is None else _shape(laying, old, value)
    return by_key(laying, _as_several(base) or value, value, "no input", _shape)


def _as_several(base: Mapping) -> Node | None:
    one = base.key("input")
    if one is None:
        return base.get("inputs")
    value = base.get("input")
    assert value is not None
    return Mapping(((one, value),), one.span)


def _shape(laying: Laying, old: Node, new: Node) -> Node:
    """A bare shape leaves the element type as it is."""
    if not isinstance(old, Mapping) or isinstance(new, Mapping):
        return new
    pairs = tuple((key, new if key.value == "shape" else value) for key, value in old)
    return Mapping(pairs, new.span)


def keep_first_inputs(base: Mapping, merged: Mapping) -> Mapping:
    """The merged spec, whose first entry, if it is still the base's and says no `from`, takes what it took there.

    Without this a further input would go into the first layer too.
    """
    names = _input_names(base)
    if not names or set(names) == set(_input_names(merged)) or not set(names) <= set(_input_names(merged)):
        return merged
    layers, old = merged.get("layers"), base.get("layers")
    if not isinstance(layers, (Mapping, Sequence)) or not isinstance(old, (Mapping, Sequence)):
        return merged
    if not len(layers) or not len(old) or _first(layers) is not _first(old):
        return merged
    kept = _from(_first(layers), names)
    pinned: Node
    if isinstance(layers, Mapping):
        pinned = Mapping(((layers.entries[0][0], kept), *layers.entries[1:]), layers.span, layers.removed)
    else:
        pinned = Sequence((kept, *layers.items[1:]), layers.span)
    pairs = tuple((key, pinned if key.value == "layers" else value) for key, value in merged)
    return Mapping(pairs, merged.span, merged.removed)


def _input_names(tree: Mapping) -> list[str]:
    several = _as_several(tree)
    return [str(key.value) for key, _ in several] if isinstance(several, Mapping) else []


def _first(layers: Mapping | Sequence) -> Node:
    return layers.items[0] if isinstance(layers, Sequence) else layers.entries[0][1]


def _from(entry: Node, names: list[str]) -> Node:
    """The entry with `from`, unless it says itself what it takes."""
    span = entry.span
    words = [Scalar(name, span) for name in names]
    from_ = (Scalar("from", span), words[0] if len(words) == 1 else Sequence(tuple(words), span))
    if isinstance(entry, Scalar):
        return Mapping(((entry, Scalar(None, span)), from_), span)
    if isinstance(entry, Sequence):
        return Mapping(((Scalar("layers", span), entry), from_), span)
    if entry.get("from") is not None or any(_names_inputs(value, names) for _, value in entry):
        return entry
    return Mapping((*entry.entries, from_), span)


def _names_inputs(value: Node, names: list[str]) -> bool:
    """`{add: [a, b]}` says what it takes."""
    return (
        isinstance(value, Sequence)
        and len(value) > 0
        and all(isinstance(item, Scalar) and item.value in names for item in value)
    )
