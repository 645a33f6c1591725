"""How much all expressions of a spec together have made."""

from __future__ import annotations

from typing import Any

from archspec.errors import Diagnostic, Span, SpecError

MOST_WRITTEN = 4 * 2**20
"""Characters and list elements that all expressions of a spec together may make."""


class Written:
    """Counts what expressions make, so that values which repeat each other cannot grow without bounds."""

    def __init__(self) -> None:
        self._total = 0

    def add(self, value: Any, span: Span) -> None:
        """Count a string or list that the expression at `span` has made.

        Raises:
            SpecError: all expressions together have made too much.
        """
        self._total += _size(value, MOST_WRITTEN - self._total)
        if self._total > MOST_WRITTEN:
            message = f"the expressions of this spec make more than {MOST_WRITTEN:,} characters and list elements"
            raise SpecError([Diagnostic("AS219", message, span, help="use shorter strings and lists")])


def _size(value: Any, most: int) -> int:
    """Characters of a string, elements of a list and of the lists in it; more than `most` is not counted to its end."""
    size, waiting = 0, [value]
    while waiting and size <= most:
        item = waiting.pop()
        size += len(item) if isinstance(item, str) else 1
        if isinstance(item, list):
            waiting.extend(item)
    return size
