"""What laying one spec over another needs everywhere: collected faults, and mappings that merge key by key."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from archspec.errors import Diagnostic, Edit, clip
from archspec.source.tree import Mapping, Node, Scalar, is_null
from archspec.suggest import nearest


class Laying:
    """Collects what of an overlay does not fit its base."""

    def __init__(self) -> None:
        self.faults: list[Diagnostic] = []

    def fault(self, message: str, at: Scalar, help: str, edit: Edit | None = None) -> None:
        """Record that an overlay asks for what its base does not allow."""
        self.faults.append(Diagnostic("AS244", message, at.span, help=help, edit=edit))

    def not_there(self, at: Scalar, what: str, known: Iterable[str]) -> None:
        """Record that the base has nothing of that name, with the one that was probably meant."""
        known, name = list(known), str(at.value)
        meant, edit = probably(name, known), None
        if meant is None:
            help = "it has " + (", ".join(f"`{other}`" for other in known[:12]) or "none")
        elif "$" in meant and "$" not in name:
            help = f"`{clip(name)}` is one of the stages that `{meant}` makes: name that entry, as it is written"
        else:
            edit = Edit(at.span, meant) if at.span.text == name else None
            help = f"did you mean `{meant}`?"
        self.fault(f"the spec that this extends has {what} `{clip(name)}`", at, help, edit)


def probably(name: str, known: Iterable[str]) -> str | None:
    """The name that was probably meant: the entry that makes a stage of that name, or the nearest."""
    known = list(known)
    starts = ((other.partition("$(")[0], other) for other in known if "$(" in other)
    near = nearest(name, known)
    return next((other for start, other in starts if start and name.startswith(start)), near[0] if near else None)


Inner: TypeAlias = Callable[[Laying, Node, Node], Node]


def by_key(laying: Laying, base: Node, overlay: Node, missing: str | None, inner: Inner | None = None) -> Node:
    """Two mappings merged: a key's value replaces the old one in place, or by the rule `inner`; `null` removes it.

    Args:
        laying: collects the faults.
        base: the old value; where it or the overlay is no mapping, the overlay replaces it.
        overlay: the new one.
        missing: what is said of a `null` that has nothing to remove, such as "no block"; None keeps it as a value.
        inner: lays a value over the one of the same key.
    """
    if not isinstance(base, Mapping) or not isinstance(overlay, Mapping):
        return overlay
    values = {str(key.value): (key, value) for key, value in base}
    for key, value in overlay:
        name = str(key.value)
        old = values.get(name)
        if is_null(value) and old is not None:
            del values[name]
        elif is_null(value) and missing is not None:
            laying.not_there(key, missing, values)
        elif old is not None and inner is not None:
            values[name] = (key, inner(laying, old[1], value))
        else:
            values[name] = (key, value)
    removed = (*base.removed, *(key for key, value in overlay if is_null(value)))
    return Mapping(tuple(values.values()), overlay.span, removed)
