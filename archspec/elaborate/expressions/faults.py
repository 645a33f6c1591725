"""How the language says no: with offsets into the expression's text, which become a span at the end."""

from __future__ import annotations


class Fault(Exception):
    """An expression is wrong.

    Attributes:
        code: the diagnostic's code.
        message: what is wrong, in one sentence.
        start: the first wrong character of the text.
        end: the one after the last.
        help: what to write instead.
        replacement: what to put in place of the wrong piece, where that mends it.
        safe: the replacement can only be what was meant.
    """

    def __init__(
        self,
        code: str,
        message: str,
        start: int,
        end: int,
        help: str | None = None,
        replacement: str | None = None,
        *,
        safe: bool = False,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.start = start
        self.end = end
        self.help = help
        self.replacement = replacement
        self.safe = safe
