"""How much all expressions of a spec together have made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archspec.elaborate.expressions import whole_names
from archspec.errors import Diagnostic, Span, SpecError

MOST_WRITTEN = 4 * 2**20
"""Characters and list elements that all expressions of a spec together may make or go through."""

_SHORT = 32
"""Characters of an expression up to which many copies may have one; what is longer counts more."""


class Written:
    """Counts what expressions make, so that values which repeat each other cannot grow without bounds."""

    def __init__(self) -> None:
        self._total = 0

    def add(self, value: Any, span: Span) -> None:
        """Count a string or list that the expression at `span` has made.

        Raises:
            SpecError: all expressions together have made too much.
        """
        self._count(_size(value, MOST_WRITTEN - self._total), span)

    def read(self, text: str, names: Mapping[str, Any], span: Span) -> None:
        """Count the text of an expression that is about to be evaluated, and the lists that it goes through.

        Raises:
            SpecError: as `add`.
        """
        self._count(len(text) // 2 + 2 * max(0, len(text) - _SHORT), span)
        for name in whole_names(text):
            value = names.get(name)
            if isinstance(value, (list, tuple)):
                self._count(_size(value, MOST_WRITTEN - self._total), span)

    def _count(self, size: int, span: Span) -> None:
        self._total += size
        if self._total > MOST_WRITTEN:
            most = f"{MOST_WRITTEN:,} characters and list elements"
            message = f"the expressions of this spec make or go through more than {most}"
            raise SpecError([Diagnostic("AS219", message, span, help="use shorter strings and lists")])


def _size(value: Any, most: int) -> int:
    """Characters of a string, elements of a list and of the lists in it; more than `most` is not counted to its end."""
    size, waiting = 0, [value]
    while waiting and size <= most:
        item = waiting.pop()
        size += len(item) if isinstance(item, str) else 1
        if isinstance(item, (list, tuple)):
            waiting.extend(item)
    return size
