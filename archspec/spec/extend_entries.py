"""Layers over layers: replaced, removed, put in by name; sequences inside them where the overlay goes into one."""

from __future__ import annotations

from dataclasses import replace

from archspec.errors import Edit, clip
from archspec.source.tree import Mapping, Node, Scalar, Sequence, is_null
from archspec.spec.chain import Chain
from archspec.spec.document import PLACEMENT
from archspec.spec.laying import Laying, probably

_INSIDE = ("layers", "branches")


def laid_entries(laying: Laying, base: Node, overlay: Node) -> Node:
    """`layers` over `layers`: a mapping goes in by name, or by number into a list; a list replaces all."""
    if not isinstance(overlay, Mapping):
        return overlay
    if isinstance(base, Sequence):
        return _numbered(laying, base, overlay)
    return _Named(laying, base).laid(overlay) if isinstance(base, Mapping) else overlay


def _entry(laying: Laying, base: Node, overlay: Node) -> Node:
    """One entry over another: it replaces it, but `{layers: {…}}` goes into the sequence that is there."""
    if not isinstance(overlay, Mapping):
        return overlay
    if isinstance(base, Sequence):
        base = Mapping(((Scalar("layers", base.span), base),), base.span)
    word = next((word for word in _INSIDE if isinstance(overlay.get(word), Mapping)), None)
    if word is None or not isinstance(base, Mapping) or not isinstance(base.get(word), (Mapping, Sequence)):
        return overlay
    values = {str(key.value): (key, value) for key, value in base}
    for key, value in overlay:
        name = str(key.value)
        if is_null(value):
            values.pop(name, None)
        elif name == word:
            values[name] = (values[name][0], laid_entries(laying, values[name][1], value))
        else:
            values[name] = (key, value)
    return Mapping(tuple(values.values()), overlay.span)


class _Named:
    """Named entries, among which an overlay's are put."""

    def __init__(self, laying: Laying, base: Mapping) -> None:
        self._laying = laying
        self._base = base
        self._entries = {str(key.value): (key, value) for key, value in base}
        self._order = Chain(self._entries)
        self._last_after: dict[str, str] = {}

    def laid(self, overlay: Mapping) -> Mapping:
        removed = list(self._base.removed)
        for key, value in overlay:
            if is_null(value):
                removed += self._remove(key)
            else:
                self._put(key, value)
        gone = tuple(key for key in removed if key.value not in self._entries)
        return Mapping(tuple(self._entries[name] for name in self._order), overlay.span, gone)

    def _remove(self, key: Scalar) -> list[Scalar]:
        if self._entries.pop(str(key.value), None) is not None:
            self._order.remove(str(key.value))
            return [key]
        if self._is_inside(key):
            return []
        self._laying.not_there(key, "no entry", self._entries)
        return []

    def _put(self, key: Scalar, value: Node) -> None:
        name = str(key.value)
        places, value = _without_placement(value)
        old = self._entries.get(name)
        if old is not None:
            value = _entry(self._laying, old[1], value)
        elif self._is_inside(key):
            return
        target = self._target(name, places)
        self._entries[name] = (key, value)
        if target is not None:
            if old is not None:
                self._order.remove(name)
            self._insert(name, *target)
        elif old is None:
            self._order.put_before(name, None)

    def _is_inside(self, key: Scalar) -> bool:
        """Whether a name is one inside an entry that is there, `features.0`; a fault is recorded."""
        outer, dot, inner = str(key.value).partition(".")
        if not dot or outer not in self._entries:
            return False
        path = "".join(f"{{layers: {{{part}: " for part in inner.split("."))
        help = f"write `{clip(outer)}: {clip(path, 80)}…{'}}' * (inner.count('.') + 1)}`"
        self._laying.fault(f"`{clip(str(key.value))}` is inside `{clip(outer)}`, and is laid over there", key, help)
        return True

    def _target(self, name: str, places: list[tuple[Scalar, Node]]) -> tuple[str, str] | None:
        """`after` or `before`, and the name of what; None without a place, or after a fault."""
        if not places:
            return None
        word, at = places[0]
        if len(places) > 1:
            message = f"`{clip(name)}` goes `after` something or `before` something, not both"
            self._laying.fault(message, places[1][0], "keep one of them")
        elif not isinstance(at, Scalar) or not isinstance(at.value, (str, int)) or isinstance(at.value, bool):
            self._laying.fault(f"`{word.value}` wants the name of an entry", word, f"write e.g. `{word.value}: fc`")
        elif str(at.value) == name:
            self._laying.fault(f"`{clip(name)}` cannot go {word.value} itself", at, "name another entry")
        elif str(at.value) not in self._entries:
            self._laying.not_there(at, "no entry", self._entries)
            meant = probably(str(at.value), self._entries)  # there, so that one mistake is one fault
            return None if meant is None else (str(word.value), meant)
        else:
            return str(word.value), str(at.value)
        return None

    def _insert(self, name: str, word: str, target: str) -> None:
        """Puts an entry beside another; several after the same one keep their order."""
        if word == "before":
            self._order.put_before(name, target)
            return
        self._order.put_after(name, self._last_after.get(target, target))
        self._last_after[target] = name


def _without_placement(entry: Node) -> tuple[list[tuple[Scalar, Node]], Node]:
    if not isinstance(entry, Mapping):
        return [], entry
    places = [pair for pair in entry if pair[0].value in PLACEMENT]
    if not places:
        return [], entry
    return places, replace(entry, entries=tuple(pair for pair in entry if pair not in places))


def _numbered(laying: Laying, base: Sequence, overlay: Mapping) -> Sequence:
    """Into a list by number, as the base counts: replaced, removed (those behind it move up), or put at its end."""
    items: list[Node | None] = list(base.items)
    for key, value in overlay:
        name, (places, entry) = str(key.value), _without_placement(value)
        number = int(name) if name.isascii() and name.isdecimal() and str(int(name)) == name else None
        if places:
            help = "give the layers names in the spec that this extends, or write the list out"
            laying.fault("entries of a list have numbers: nothing can be put between them", places[0][0], help)
        elif number is not None and number < len(base):
            items[number] = None if is_null(entry) else _entry(laying, base.items[number], entry)
        elif number == len(items) and not is_null(entry):
            items.append(entry)
        else:
            _no_number(laying, key, len(base), len(items))
    return Sequence(tuple(item for item in items if item is not None), overlay.span)


def _no_number(laying: Laying, key: Scalar, count: int, next_: int) -> None:
    message = f"the list that this goes into has no entry `{clip(str(key.value))}`: its entries are 0 to {count - 1}"
    edit = None if key.quoted else Edit(key.span, str(next_))
    laying.fault(message, key, f"to put a new one at its end, call it `{next_}`", edit)
