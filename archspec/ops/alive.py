"""A tally of tensors that come and go, for the rules of what is alive at once."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Alive:
    """Sizes by name, and the most that they have been together."""

    peak: int = 0
    _now: int = 0
    _sizes: dict[str, int] = field(default_factory=dict)

    def make(self, **sizes: int) -> None:
        """One after the other, these are made."""
        for name, size in sizes.items():
            self._now += size - self._sizes.get(name, 0)
            self._sizes[name] = size
            self.peak = max(self.peak, self._now)

    def drop(self, *names: str) -> None:
        """These go, those of them that are there."""
        for name in names:
            self._now -= self._sizes.pop(name, 0)

    def rename(self, name: str, new: str) -> None:
        """A tensor takes the place of the one that is called `new`."""
        self.drop(new)
        self._sizes[new] = self._sizes.pop(name)
