"""Where in a spec's expansion a fault shows: the instances and copies around it, and in how many more places."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from archspec.errors import Span, plural

MOST_LINES = 6


class Frame(NamedTuple):
    """A place that is being elaborated: an instance of a block, a copy of a repeat, the use of a held layer, or what
    is inside of a module's `further` call."""

    what: str
    path: str
    span: Span
    copy: int | str | None = None
    further: bool = False

    def said(self, at: Span | None) -> str:
        """The note on a fault that stands at `at`."""
        return f"in {self.what}, {self._copy_words()}, {self.span.line_seen_from(at)}"

    def _copy_words(self) -> str:
        if self.copy is None:
            return f"which is `{self.path}`"
        copy = f"`{self.copy}`" if isinstance(self.copy, str) else self.copy
        return f"copy {copy} of `{self.path.rpartition('.')[0]}`"


@dataclass(slots=True)
class Repeats:
    """In how many more places a fault shows, and the first of their lines where they are others than its own."""

    count: int = 0
    lines: list[int] = field(default_factory=list)

    def add(self, first: Span | None, span: Span | None) -> None:
        """One more place."""
        self.count += 1
        if first is None or span is None or span.start == first.start or len(self.lines) > MOST_LINES:
            return
        if span.line not in self.lines:
            self.lines.append(span.line)

    def __str__(self) -> str:
        words = f"and in {plural(self.count, 'more place')}"
        if not self.lines:
            return words
        shown = ", ".join(map(str, self.lines[:MOST_LINES])) + (", …" if len(self.lines) > MOST_LINES else "")
        return f"{words}: line {shown}" if len(self.lines) == 1 else f"{words}: lines {shown}"
