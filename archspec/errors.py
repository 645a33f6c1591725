"""What a user's mistake becomes: a place in a text, a `Diagnostic`, and its rendered form."""

from __future__ import annotations

import bisect
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from archspec.records import record

Severity = Literal["error", "warning"]

_WIDEST_EXCERPT = 160
_LONGEST_SENTENCE = 1_000
_TAB = "    "
_LINE_END = re.compile(r"\r\n|\r|\n")
_COLOURS = {"error": "\033[1;31m", "warning": "\033[1;33m", "mark": "\033[1;34m", "help": "\033[1;32m"}
_BOLD, _RESET = "\033[1m", "\033[0m"


@record
class SourceText:
    """A text that diagnostics point into: a file's, or one made from an argument.

    Attributes:
        name: what is printed before the line number, e.g. `specs/net.yaml`.
        text: the whole decoded text.
        included: where another spec names this one; None for the one that the caller named.
    """

    name: str
    text: str
    included: Span | None = None
    _starts: list[int] = field(default_factory=list, repr=False)

    def line_starts(self) -> list[int]:
        """Offsets at which lines start; lines end with LF, CRLF or CR."""
        if not self._starts:
            self._starts.extend((0, *(match.end() for match in _LINE_END.finditer(self.text))))
        return self._starts

    def position(self, offset: int) -> tuple[int, int]:
        """The 1-based line and column of a character offset."""
        starts = self.line_starts()
        line = bisect.bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a 1-based line, without its line break."""
        starts = self.line_starts()
        end = starts[number] if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end].rstrip("\r\n")


@dataclass(frozen=True, slots=True)
class Span:
    """The characters `start` up to (not including) `end` of a source text."""

    source: SourceText
    start: int
    end: int

    @property
    def line(self) -> int:
        return self.source.position(self.start)[0]

    @property
    def column(self) -> int:
        return self.source.position(self.start)[1]

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    def line_seen_from(self, other: Span | None) -> str:
        """`line 5`, or `line 5 of base.yaml` where the other span is in another file."""
        words = f"line {self.line}"
        return words if other is None or other.source is self.source else f"{words} of {self.source.name}"


@dataclass(frozen=True, slots=True)
class Edit:
    """A replacement of a span's text which makes a fault go away.

    Attributes:
        span: what is replaced; empty where something is only added.
        text: what it is replaced with.
        safe: it can only be what was meant, so `archspec check --fix` applies it. Others are good guesses.
    """

    span: Span
    text: str
    safe: bool = False


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One fault that a user caused, or one thing worth a warning.

    Attributes:
        code: the stable code, `AS` and three digits; `docs/errors.md` has a heading for each.
        message: what is wrong, in the spec's own terms, in one sentence.
        span: the smallest piece of text that is wrong; None where there is no text (a missing file).
        label: a few words to stand beside the caret.
        notes: where the numbers come from; which copy or instance it happened in.
        help: what to write instead.
        edit: the same as data, where it can be applied as it stands.
    """

    code: str
    message: str
    span: Span | None = None
    label: str = ""
    notes: tuple[str, ...] = ()
    help: str | None = None
    edit: Edit | None = None
    severity: Severity = "error"

    def sort_key(self) -> tuple[str, int, str]:
        """File order: by file, then by place in it."""
        return ("", -1, self.code) if self.span is None else (self.span.source.name, self.span.start, self.code)

    def all_notes(self) -> tuple[str, ...]:
        """The notes, and by which files the one with the fault is included."""
        included = None if self.span is None else self.span.source.included
        steps: list[str] = []
        while included is not None:
            steps.append(f"included from {included.source.name}:{included.line}")
            included = included.source.included
        return (*self.notes, *steps)

    def as_data(self) -> dict[str, Any]:
        """The same as plain data, for `--json`; docs/diagnostics.md describes it."""
        where: dict[str, Any] = {"file": None, "line": None, "column": None, "end_line": None, "end_column": None}
        if self.span is not None:
            where = _place(self.span)
        edit = None if self.edit is None else _edit_data(self.edit)
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            **where,
            "notes": list(self.all_notes()),
            "help": self.help,
            "edit": edit,
        }

    def render(self, *, colour: bool = False) -> str:
        """The form that people read: a heading, the line with a caret under the fault, notes and help."""
        paint = _painter(colour)
        head = paint(self.severity, f"{self.severity}[{self.code}]") + paint("bold", f": {_sentence(self.message)}")
        lines = [head]
        margin = ""
        if self.span is not None:
            excerpt, margin = _excerpt(self.span, self.label, self.severity, paint)
            lines += excerpt
        for note in self.all_notes():
            lines.append(f"{margin}   {paint('mark', 'note')}: {_sentence(note)}")
        if self.help is not None:
            lines.append(f"{margin}   {paint('help', 'help')}: {_sentence(self.help)}")
        return "\n".join(lines)


class SpecError(ValueError):
    """A spec is wrong. `diagnostics` holds every independent fault, in file order."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics: tuple[Diagnostic, ...] = tuple(diagnostics)
        super().__init__(self.diagnostics)

    def __str__(self) -> str:  # when it is asked for: most are caught, and a copy of a repeat may raise one each
        return "\n\n".join(diagnostic.render() for diagnostic in self.diagnostics)

    def __reduce__(self) -> tuple[type[SpecError], tuple[tuple[Diagnostic, ...]]]:
        return type(self), (self.diagnostics,)


class UsageError(Exception):
    """The request itself is wrong, whatever the spec says: a missing file, an unwritable output, no such device."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        self.diagnostic = diagnostic
        super().__init__(diagnostic.render())

    def __reduce__(self) -> tuple[type[UsageError], tuple[Diagnostic]]:
        return type(self), (self.diagnostic,)


def printable(text: str) -> str:
    """The text with control, bidi and other invisible characters escaped, so that it shows what is there."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def clip(text: str, limit: int = 60) -> str:
    """The text, or its beginning and an ellipsis where it is longer than `limit` characters."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _sentence(text: str) -> str:
    return printable(clip(text, _LONGEST_SENTENCE))


def plural(count: int, noun: str) -> str:
    """`1 layer`, `2 layers`."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def _shown(character: str) -> str:
    if character in "\n\t":
        return character
    if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
        return f"\\u{ord(character):04x}" if ord(character) < 0x10000 else f"\\U{ord(character):08x}"
    return character


def _edit_data(edit: Edit) -> dict[str, Any]:
    span = edit.span
    return {**_place(span), "start": span.start, "end": span.end, "text": edit.text, "safe": edit.safe}


def _place(span: Span) -> dict[str, Any]:
    line, column = span.source.position(span.start)
    end_line, end_column = span.source.position(span.end)
    return {
        "file": span.source.name,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
    }


class _Paint:
    def __call__(self, style: str, text: str) -> str:
        return text


class _Colour(_Paint):
    def __call__(self, style: str, text: str) -> str:
        return f"{_BOLD if style == 'bold' else _COLOURS[style]}{text}{_RESET}"


def _painter(colour: bool) -> _Paint:
    return _Colour() if colour else _Paint()


def _excerpt(span: Span, label: str, severity: Severity, paint: _Paint) -> tuple[list[str], str]:
    line_number, column = span.source.position(span.start)
    text = span.source.line(line_number)
    begin = column - 1
    end = min(len(text), begin + max(1, span.end - span.start))
    # A line may have four million characters: what cannot be shown is cut off before it is made printable.
    before, marked, after = text[max(0, begin - _WIDEST_EXCERPT) : begin], text[begin:end], text[end:]
    marked, after = marked[: _WIDEST_EXCERPT + 1], after[:_WIDEST_EXCERPT]
    before, marked, after = (printable(part).replace("\t", _TAB) for part in (before, marked, after))
    if len(before) + len(marked) + len(after) > _WIDEST_EXCERPT:
        before, marked, after = _narrowed(before, marked, after)
    width = max(1, _columns(marked))
    number = str(line_number)
    margin = " " * len(number)
    caret = " " * _columns(before) + paint(severity, "^" * width + (f" {label}" if label else ""))
    return [
        f"{margin} {paint('mark', '-->')} {printable(span.source.name)}:{line_number}:{column}",
        f"{margin} {paint('mark', '|')}",
        f"{paint('mark', number + ' |')} {before}{marked}{after}".rstrip(),
        f"{margin} {paint('mark', '|')} {caret}",
    ], margin


def _narrowed(before: str, marked: str, after: str) -> tuple[str, str, str]:
    if len(before) > 60:
        before = "…" + before[-59:]
    marked = clip(marked, 80)
    return before, marked, clip(after, 40) if after else after


def _columns(text: str) -> int:
    """Terminal columns: wide East Asian characters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def in_file_order(diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Sorted by file and place; equal places keep the order in which they were found."""
    return sorted(diagnostics, key=Diagnostic.sort_key)
