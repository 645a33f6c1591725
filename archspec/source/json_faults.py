"""What a JSON syntax fault means: the habits of other languages, each told as itself."""

from __future__ import annotations

import re

from archspec.errors import Diagnostic, Edit, SourceText, Span, SpecError, clip

_WORD = re.compile(r"[^\s,:\[\]{}\"']+")
_SINGLE = re.compile(r"'((?:[^'\\\n]|\\.)*)'")
_OTHER_WORDS = {"True": "true", "False": "false", "None": "null", "TRUE": "true", "FALSE": "false", "NULL": "null"}
_NOT_FINITE = re.compile(r"[-+]?(?:nan|inf|infinity)", re.IGNORECASE)
_CLOSERS = {"{": "}", "[": "]"}


def trailing_comma(source: SourceText, comma: int, closer: str) -> SpecError:
    """`[1, 2,]`."""
    span = Span(source, comma, comma + 1)
    return _error(
        "AS051", f"a comma before `{closer}`: JSON has no trailing commas", span, "remove it", _sure(span, "")
    )


def unclosed(source: SourceText, opener: int) -> SpecError:
    """The text ends inside a list or mapping."""
    bracket = source.text[opener]
    span = Span(source, opener, opener + 1)
    return _error("AS022", f"`{bracket}` is never closed", span, f"add `{_CLOSERS[bracket]}` where it ends")


def unclosed_string(source: SourceText, start: int, at: int) -> SpecError:
    """A string that the text's end, a line break or a tab interrupts."""
    sign = source.text[at : at + 1]
    if sign == "\t":
        span = Span(source, at, at + 1)
        return _error("AS050", "a tab inside a string", span, "write `\\t`", _sure(span, "\\t"))
    message = 'the quote `"` is never closed'
    if sign:
        message = 'the quote `"` is not closed on its line'
    return _error(
        "AS022", message, Span(source, start, start + 1), 'add `"` where the string ends; a line break is `\\n`'
    )


def bad_escape(source: SourceText, at: int) -> SpecError:
    """A backslash that starts nothing JSON knows."""
    kind = source.text[at + 1 : at + 2]
    if kind == "u":
        span = Span(source, at, at + len(re.match(r"\\u[0-9a-fA-F]{0,3}", source.text[at : at + 6]).group()))  # type: ignore[union-attr]
        return _error(
            "AS043", f"`{span.text}` is not the code of a character", span, "`\\u` takes 4 hexadecimal digits"
        )
    span = Span(source, at, at + 2)
    edit = Edit(Span(source, at, at + 1), "\\\\")
    return _error("AS043", f"`{span.text}` is no escape that JSON knows", span, f"write `\\{span.text}`", edit)


def lone_surrogate(source: SourceText, at: int) -> SpecError:
    """Half of a character beyond U+FFFF."""
    span = Span(source, at, at + 6)
    message = f"`{span.text}` is a lone surrogate (U+{span.text[2:].upper()}), not a character"
    return _error("AS006", message, span, "write the character itself")


def bad_key(source: SourceText, at: int) -> SpecError:
    """Something else than a double quote where a key was expected."""
    text = source.text
    common = _comment(source, at) or _single_quotes(source, at)
    if common is not None:
        return common
    if text[at] == ",":
        span = Span(source, at, at + 1)
        return _error("AS050", "a key is missing before this comma", span, "remove it", Edit(span, ""))
    word = _WORD.match(text, at)
    if word is None:
        return _error(
            "AS050",
            f"`{text[at]}` where a key was expected",
            Span(source, at, at + 1),
            "write a key in double quotes before it, or remove it",
        )
    span = Span(source, at, word.end())
    quoted = f'"{word.group()}"'
    edit = None if "\\" in quoted else _sure(span, quoted)
    return _error("AS055", f"the key `{clip(word.group())}` is not quoted", span, f"write `{clip(quoted)}`", edit)


def bad_value(source: SourceText, at: int) -> SpecError:
    """Something that starts no JSON value."""
    text = source.text
    common = _comment(source, at) or _single_quotes(source, at)
    if common is not None:
        return common
    word = _WORD.match(text, at)
    if word is None:
        message = f"a value is missing before `{text[at]}`"
        return _error("AS050", message, Span(source, at, at + 1), "write it, or take out the sign before it")
    return _bad_word(Span(source, at, word.end()), word.group())


def _bad_word(span: Span, word: str) -> SpecError:
    digits = word.lstrip("-+")
    if word in _OTHER_WORDS:
        meant = _OTHER_WORDS[word]
        return _error("AS054", f"`{word}` is not JSON", span, f"write `{meant}`", _sure(span, meant))
    if _NOT_FINITE.fullmatch(word):
        return _error("AS041", f"`{word}` is not a finite number", span, "write a number, or quote it if it is a text")
    if digits.isdigit() and digits.isascii() and len(digits) > 1 and digits[0] == "0":
        meant = ("-" if word.startswith("-") else "") + (digits.lstrip("0") or "0")
        return _error("AS040", f"leading zero in `{clip(word)}`", span, f"write `{clip(meant)}`", Edit(span, meant))
    if digits[:1].isdigit() or digits[:1] == ".":
        return _error("AS050", f"`{clip(word)}` is not a number as JSON writes them", span, "e.g. `3`, `0.5`, `1e-3`")
    quoted = f'"{word}"'
    edit = None if "\\" in word else _sure(span, quoted)
    return _error("AS055", f"the text `{clip(word)}` is not quoted", span, f"write `{clip(quoted)}`", edit)


def after_value(source: SourceText, at: int, openers: list[int]) -> SpecError:
    """Neither a comma nor the end after a value; `openers` is where the enclosing lists and mappings start."""
    comment = _comment(source, at)
    if comment is not None:
        return comment
    sign, span = source.text[at], Span(source, at, at + 1)
    if not openers:
        if sign in "]}":
            return _error("AS022", f"`{sign}` closes nothing", span, "remove it", Edit(span, ""))
        return _error("AS057", "text after the end of the spec", span, "a spec is one JSON value")
    if sign in "]}":
        return _wrong_closer(source, span, openers)
    if sign == ":":
        return _error("AS050", "a colon after a value that is no key", span, 'write `{"key": value}` for a mapping')
    before = len(source.text[:at].rstrip())
    gap = Span(source, before, before)
    return _error("AS056", "a comma is missing before this", span, "separate entries with commas", Edit(gap, ","))


def _wrong_closer(source: SourceText, span: Span, openers: list[int]) -> SpecError:
    bracket = source.text[openers[-1]]
    wanted = _CLOSERS[bracket]
    message = f"`{bracket}` of line {source.position(openers[-1])[0]} is closed by `{span.text}`"
    if any(_CLOSERS[source.text[opener]] == span.text for opener in openers):
        edit = Edit(Span(source, span.start, span.start), wanted)
        return _error("AS022", message, span, f"add `{wanted}` before it", edit)
    return _error("AS022", message, span, f"write `{wanted}`", Edit(span, wanted))


def _comment(source: SourceText, at: int) -> SpecError | None:
    text = source.text
    if not text.startswith(("//", "/*", "#"), at):
        return None
    end = text.find("*/", at) + 2 if text.startswith("/*", at) else text.find("\n", at)
    span = Span(source, at, end if end > at else len(text))
    return _error("AS053", "JSON has no comments", span, "remove it, or write the spec as YAML", Edit(span, ""))


def _single_quotes(source: SourceText, at: int) -> SpecError | None:
    text = source.text
    if text[at] != "'":
        return None
    match = _SINGLE.match(text, at)
    if match is None or '"' in match.group() or "\\" in match.group():
        return _error("AS052", "JSON strings take double quotes", Span(source, at, at + 1), 'write `"`')
    quoted = f'"{match.group(1)}"'
    span = Span(source, at, match.end())
    return _error("AS052", "JSON strings take double quotes", span, f"write `{clip(quoted)}`", _sure(span, quoted))


def _sure(span: Span, text: str) -> Edit:
    return Edit(span, text, safe=True)


def _error(code: str, message: str, span: Span, help: str | None = None, edit: Edit | None = None) -> SpecError:
    return SpecError([Diagnostic(code, message, span, help=help, edit=edit)])
