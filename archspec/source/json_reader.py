"""JSON (RFC 8259) to the located tree, by a parser of our own: the standard one knows no positions of values."""

from __future__ import annotations

import re

from archspec.errors import Diagnostic, Edit, SourceText, Span, SpecError
from archspec.source.builder import TreeBuilder
from archspec.source.json_faults import (
    after_value,
    bad_escape,
    bad_key,
    bad_value,
    lone_surrogate,
    trailing_comma,
    unclosed,
    unclosed_string,
)
from archspec.source.limits import A_TEXT, MAX_SCALAR
from archspec.source.scalars import ScalarFault, bounded, finite
from archspec.source.tree import Node, Plain, Scalar

_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?(?![\w.+-])", re.ASCII)
_CHUNK = re.compile(r'[^"\\\x00-\x1f]*')
_PLAIN = re.compile(r'"[^"\\\x00-\x1f]*"')
_HEX = re.compile(r"[0-9a-fA-F]{4}")
_LITERAL = re.compile(r"(?:true|false|null)(?!\w)")
_LITERALS: dict[str, Plain] = {"true": True, "false": False, "null": None}
_LITERAL_STARTS = frozenset("tfn")
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_LONGEST_INTEGER = 24


def read_json(source: SourceText, start: int = 0) -> Node | None:
    """The tree of a source's JSON text from `start` on, or None where there is nothing in it.

    Raises:
        SpecError: a syntax fault (one diagnostic), or every fault of numbers, strings and keys.
    """
    return _JsonReader(source, start).read()


class _JsonReader:
    def __init__(self, source: SourceText, start: int) -> None:
        self._source = source
        self._text = source.text
        self._at = start
        self._build = TreeBuilder(source)

    def read(self) -> Node | None:
        """Value after value, without recursion: the builder holds what is open."""
        self._skip()
        if self._at == len(self._text):
            return None
        while True:
            if self._build.wants_key:
                self._key()
            if self._value() and self._finish_value():
                return self._build.finish()

    def _skip(self) -> str:
        """Past white space; the character that comes next, nothing at the end."""
        sign = self._text[self._at : self._at + 1]
        if sign > " ":
            return sign
        match = _SPACE.match(self._text, self._at)
        assert match is not None
        self._at = match.end()
        return self._text[self._at : self._at + 1]

    def _value(self) -> bool:
        """Reads a value, or the start of one. False where a list or mapping has been opened and has content."""
        sign = self._skip()
        if sign in ("{", "["):
            self._build.open(sign == "{", self._at)
            self._at += 1
            if self._skip() != ("}" if sign == "{" else "]"):
                return False
            self._at += 1
            self._build.close(self._at)
            return True
        if sign == '"':
            self._build.scalar(self._string())
        else:
            self._build.scalar(self._word())
        return True

    def _finish_value(self) -> bool:
        """What follows a value: a comma, the ends of what is open, or the end of the text (True)."""
        while self._build.depth:
            sign = self._skip()
            closer = "}" if self._build.in_mapping else "]"
            if sign == ",":
                comma = self._at
                self._at += 1
                if self._skip() == closer:
                    raise trailing_comma(self._source, comma, closer)
                return False
            if sign != closer:
                if not sign:
                    raise unclosed(self._source, self._build.openers[-1])
                raise after_value(self._source, self._at, self._build.openers)
            self._at += 1
            self._build.close(self._at)
        if self._skip():
            raise after_value(self._source, self._at, [])
        return True

    def _key(self) -> None:
        if self._skip() != '"':
            if self._at == len(self._text):
                raise unclosed(self._source, self._build.openers[-1])
            raise bad_key(self._source, self._at)
        key = self._string()
        self._build.key(key)
        if self._skip() != ":":
            span = Span(self._source, self._at, self._at + 1)
            if self._at == len(self._text):
                raise unclosed(self._source, self._build.openers[-1])
            edit = Edit(Span(self._source, key.span.end, key.span.end), ":")
            raise SpecError(
                [Diagnostic("AS050", "a colon is missing after this key", key.span, help="write `: ` here", edit=edit)]
                if self._text[self._at] != "="
                else [
                    Diagnostic("AS050", "`=` where a colon was expected", span, help="write `:`", edit=Edit(span, ":"))
                ]
            )
        self._at += 1

    def _word(self) -> Scalar:
        """A number or a literal."""
        start = self._at
        literal = _LITERAL.match(self._text, start) if self._text[start : start + 1] in _LITERAL_STARTS else None
        if literal is not None:
            self._at = literal.end()
            return Scalar(_LITERALS[literal.group()], self._span(start))
        number = _NUMBER.match(self._text, start)
        if number is None:
            if start == len(self._text):
                raise unclosed(self._source, self._build.openers[-1])
            raise bad_value(self._source, start)
        self._at = number.end()
        span = self._span(start)
        try:
            return Scalar(_number(number), span)
        except ScalarFault as fault:
            self._build.scalar_fault(fault, span)
            return Scalar(None, span)

    def _span(self, start: int) -> Span:
        return Span(self._source, start, self._at)

    def _string(self) -> Scalar:
        start, text = self._at, self._text
        plain = _PLAIN.match(text, start)
        if plain is not None:
            self._at = plain.end()
            return Scalar(text[start + 1 : self._at - 1], self._span(start), quoted=True)
        at = start + 1
        parts: list[str] = []
        length = 0
        while True:
            chunk = _CHUNK.match(text, at)
            assert chunk is not None
            parts.append(chunk.group())
            at = chunk.end()
            sign = text[at : at + 1]
            if sign == '"':
                break
            if sign != "\\":
                raise unclosed_string(self._source, start, at)
            piece, at = self._escape(at)
            parts.append(piece)
            length += len(chunk.group()) + 1
            if length > MAX_SCALAR:
                message = f"a value of more than {MAX_SCALAR:,} characters"
                raise SpecError([Diagnostic("AS013", message, Span(self._source, start, at), help=A_TEXT)])
        self._at = at + 1
        return Scalar("".join(parts), self._span(start), quoted=True)

    def _escape(self, at: int) -> tuple[str, int]:
        """The character that an escape at `at` stands for, and where it ends."""
        kind = self._text[at + 1 : at + 2]
        if kind != "u":
            if kind not in _ESCAPES:
                raise bad_escape(self._source, at)
            return _ESCAPES[kind], at + 2
        code = self._code(at)
        if 0xD800 <= code < 0xDC00 and self._text.startswith("\\u", at + 6):
            low = self._code(at + 6)
            if 0xDC00 <= low < 0xE000:
                return chr(0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)), at + 12
        if 0xD800 <= code < 0xE000:
            raise lone_surrogate(self._source, at)
        return chr(code), at + 6

    def _code(self, at: int) -> int:
        digits = _HEX.match(self._text, at + 2)
        if digits is None:
            raise bad_escape(self._source, at)
        return int(digits.group(), 16)


def _number(match: re.Match[str]) -> int | float:
    text = match.group()
    if match.group(1) is not None or match.group(2) is not None:
        return finite(text)
    if len(text) > _LONGEST_INTEGER:
        return bounded(10**_LONGEST_INTEGER)
    return bounded(int(text))
