"""An order of names into which others are put at any place, each at the same cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


class Chain:
    """Names in a row. Each knows its neighbours; None stands before the first and behind the last."""

    def __init__(self, names: Iterable[str]) -> None:
        self._next: dict[str | None, str | None] = {None: None}
        self._previous: dict[str | None, str | None] = {None: None}
        for name in names:
            self.put_before(name, None)

    def __iter__(self) -> Iterator[str]:
        name = self._next[None]
        while name is not None:
            yield name
            name = self._next[name]

    def put_before(self, name: str, other: str | None) -> None:
        """Put a new name before one that is there, or behind all."""
        self._link(self._previous[other], name)
        self._link(name, other)

    def put_after(self, name: str, other: str) -> None:
        """Put a new name after one that is there."""
        self.put_before(name, self._next[other])

    def remove(self, name: str) -> None:
        """Take a name out that is there."""
        self._link(self._previous.pop(name), self._next.pop(name))

    def _link(self, first: str | None, second: str | None) -> None:
        self._next[first] = second
        self._previous[second] = first
