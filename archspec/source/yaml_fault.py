"""A YAML parser's complaint, and the text around it."""

from __future__ import annotations

from typing import Any

from archspec.errors import Diagnostic, Edit, SourceText, Span

_UNEXPECTED = ("did not find expected key", "did not find expected '-'", "document start>", "<block end>")


class YamlFault:
    """Where a parser stopped, and why.

    Attributes:
        text: what was parsed, which starts at `base` of the source.
        problem: the parser's words for what it met.
        context: its words for what it was doing.
        at: where in the text it stopped.
        opened: where what it was doing began.
        last_scalar: where the last scalar before that starts.
    """

    def __init__(self, error: Any, source: SourceText, text: str, base: int, last_scalar: int | None) -> None:
        self.source = source
        self.text = text
        self.base = base
        self.last_scalar = last_scalar
        self.problem: str = error.problem or ""
        self.context: str = error.context or ""
        mark = error.problem_mark or error.context_mark
        self.at: int = min(mark.index if mark is not None else 0, len(text))
        self.opened: int = error.context_mark.index if error.context_mark is not None else self.at

    @property
    def is_unexpected(self) -> bool:
        """Whether something stands where nothing of its kind can."""
        return any(words in self.problem for words in _UNEXPECTED)

    @property
    def character(self) -> str:
        return self.text[self.at : self.at + 1]

    @property
    def line_start(self) -> int:
        return self._line_start(self.at)

    @property
    def line(self) -> str:
        return self._line(self.line_start)

    def _line(self, start: int) -> str:
        end = self.text.find("\n", start)
        return self.text[start : end if end >= 0 else len(self.text)].rstrip("\r")

    def _line_start(self, at: int) -> int:
        return self.text.rfind("\n", 0, at) + 1

    def previous_line(self) -> tuple[int, str]:
        """Start and text of the last line before this one that says something."""
        start = self.line_start
        while start > 0:
            start = self._line_start(start - 1)
            line = self._line(start)
            if line.strip() and not line.lstrip().startswith("#"):
                return start, line
        return 0, ""

    def span(self, start: int, end: int) -> Span:
        return Span(self.source, self.base + start, self.base + min(max(end, start), len(self.text)))

    def line_number(self, at: int) -> int:
        return self.source.position(self.base + at)[0]

    def told(
        self, code: str, message: str, start: int, end: int, help: str | None = None, edit: Edit | None = None
    ) -> Diagnostic:
        return Diagnostic(code, message, self.span(start, end), help=help, edit=edit)
