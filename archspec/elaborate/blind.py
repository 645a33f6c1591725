"""Names without values, for what is checked whatever the values are. Views: there may be one for every entry."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import Any, TypeVar

_T = TypeVar("_T")


class AllAlike(Mapping[str, _T]):
    """Every name of some collections, each with the same value."""

    __slots__ = ("_names", "_value")

    def __init__(self, value: _T, *names: Collection[str]) -> None:
        self._value = value
        self._names = names

    def __getitem__(self, name: str) -> _T:
        if any(name in some for some in self._names):
            return self._value
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name for some in self._names for name in some))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        return any(self._names)


class Order:
    """Which place each name of a growing mapping has in it."""

    __slots__ = ("_names", "_places")

    def __init__(self, names: Mapping[str, Any]) -> None:
        self._names = names
        self._places: dict[str, int] = {}

    def has(self, name: str, count: int) -> bool:
        """Whether a name is among the first so many."""
        if len(self._places) != len(self._names):
            self._places = {each: place for place, each in enumerate(self._names)}
        return self._places.get(name, count) < count

    def first(self, count: int) -> Iterator[str]:
        """So many names."""
        return islice(self._names, count)


class Then(Collection[str]):
    """The names that a growing mapping has at this moment."""

    __slots__ = ("_count", "_order")

    def __init__(self, order: Order, count: int) -> None:
        self._order = order
        self._count = count

    def __contains__(self, name: object) -> bool:
        return self._order.has(str(name), self._count)

    def __iter__(self) -> Iterator[str]:
        return self._order.first(self._count)

    def __len__(self) -> int:
        return self._count
