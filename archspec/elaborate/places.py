"""Where a fault is found: in which file, in which instance or copy, and in how many more of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from archspec.errors import Span, plural

_MOST_LINES = 6


class Where(NamedTuple):
    """A place in a file."""

    source: int
    start: int


def where(span: Span) -> Where:
    """The place where a span begins."""
    return Where(id(span.source), span.start)


def holds_anyway(code: str) -> bool:
    """Whether a fault with this code is one of form, kinds or single arguments, which no value can undo.

    References, and what `use` and `tie` refer to, need the entries that are there.
    """
    return code == "AS401" or (code[2] in "012" and code not in ("AS205", "AS233", "AS235"))


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


class OpenFrame:
    """A frame that is open while a `with` statement runs. There is one for every copy: it has to be quick."""

    __slots__ = ("_frame", "_frames")

    def __init__(self, frames: list[Frame], frame: Frame) -> None:
        self._frames = frames
        self._frame = frame

    def __enter__(self) -> None:
        self._frames.append(self._frame)

    def __exit__(self, *_: object) -> None:
        self._frames.pop()


@dataclass(slots=True)
class Repeats:
    """In how many more places a fault shows, and the first of their lines where they are others than its own."""

    count: int = 0
    lines: list[int] = field(default_factory=list)
    spans: set[Span] = field(default_factory=set)

    def add(self, first: Span | None, span: Span | None) -> None:
        """One more place."""
        self.count += 1
        if first is None or span is None or span.start == first.start:
            return
        self.spans.add(span)
        if len(self.lines) > _MOST_LINES:
            return
        if span.line not in self.lines:
            self.lines.append(span.line)

    def __str__(self) -> str:
        words = f"and in {plural(self.count, 'more place')}"
        if not self.lines:
            return words
        shown = ", ".join(map(str, self.lines[:_MOST_LINES])) + (", …" if len(self.lines) > _MOST_LINES else "")
        return f"{words}: line {shown}" if len(self.lines) == 1 else f"{words}: lines {shown}"
