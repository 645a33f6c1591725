"""The variables of values that stay inside a container's statements."""

from __future__ import annotations

from dataclasses import dataclass, field

from archspec.emit.names import Names


@dataclass(slots=True)
class Locals:
    """The variables of values that stay inside a container, by their positions in it.

    Those of a loop are dead after it, so that loops which are not inside each other share them.
    """

    names: Names
    shared: dict[tuple[int, str, int], str] = field(default_factory=dict)
    depth: int = 0
    _found: dict[tuple[int, ...], str] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    def at(self, position: tuple[int, ...], wish: str) -> str:
        """The variable of the value at a position."""
        if position not in self._found:
            count = self._counts[wish] = self._counts.get(wish, 0) + 1
            key = (self.depth, wish, count)
            if key not in self.shared:
                self.shared[key] = self.names.allocate(wish)
            self._found[position] = self.shared[key]
        return self._found[position]
