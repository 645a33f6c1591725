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
        """Record that the base has nothing of that name, with the nearest one that it has."""
        known, name = list(known), str(at.value)
        guess = nearest(name, known)
        stages = [other for other in known if "$" in other]
        if guess:
            edit = None if at.quoted or at.span.text != name else Edit(at.span, guess[0])
            help = f"did you mean `{guess[0]}`?"
        else:
            edit, help = None, "it has " + (", ".join(f"`{other}`" for other in known[:12]) or "none")
        if stages and not guess:
            help += f"; the stages of `{stages[0]}` go by that name, as it is written"
        self.fault(f"the spec that this extends has {what} `{clip(name)}`", at, help, edit)


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
