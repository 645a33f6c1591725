"""Characters that nobody can see, or that look like others: refused where they would make a text lie."""

from __future__ import annotations

import unicodedata

from archspec.errors import Diagnostic, Edit, SourceText, Span, SpecError, clip

_CONTROLS = frozenset(map(chr, (*range(0x20), *range(0x7F, 0xA0)))) - frozenset("\t\n\r\x85")
_BIDI = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
_INVISIBLE = frozenset(
    "\u00ad\u034f\u061c\u115f\u1160\u180e\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064"
)
_BREAKS = "\x85\u2028\u2029"
BYTE_ORDER_MARK = "\ufeff"
_NOWHERE = frozenset("\ufeff\ufffe\uffff")

# Cyrillic and Greek letters that most fonts draw exactly as an ASCII letter (a part of Unicode's confusables.txt).
_LOOKALIKES = dict(
    zip(
        "аеорсхуіјѕһԁԛԝАВЕКМНОРСТУХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧοϲϳӏ",
        "aeopcxyijshdqwABEKMHOPCTYXIJSABEZHIKMNOPTYXocjl",
        strict=True,
    )
)


def check_text(source: SourceText) -> None:
    """Refuses what may stand nowhere in a spec: control characters, lone surrogates, bidi controls.

    A byte order mark at the start is none of them.

    Raises:
        SpecError: with the code point and the position of the first of them.
    """
    text = source.text.removeprefix(BYTE_ORDER_MARK)
    used = set(text)
    wrong = {character for character in used if character in _CONTROLS or character in _BIDI or _is_stray(character)}
    if not wrong:
        return
    skipped = len(source.text) - len(text)
    at = skipped + min(text.find(character) for character in wrong)
    raise SpecError([_told(source.text[at], Span(source, at, at + 1))])


def character_fault(text: str, span: Span, *, is_key: bool) -> Diagnostic | None:
    """What is wrong with the characters of a key or a value, after its escapes have been read."""
    for character in text:
        if character in _CONTROLS or character in _BIDI or _is_stray(character):
            return _told(character, _within(span, character))
    if text.isascii():
        return None
    identifier = is_key or not any(character.isspace() for character in text)
    if not identifier:
        return None
    return _invisible(text, span, is_key) or _lookalike(text, span, is_key)


def hidden_breaks(text: str) -> list[int]:
    """Where there are characters that end a line for some readers and not for others."""
    if text.isascii() or not any(sign in text for sign in _BREAKS):
        return []
    return [at for at, sign in enumerate(text) if sign in _BREAKS]


def hidden_break_fault(span: Span) -> Diagnostic:
    """Such a character outside of every value: what follows it in a comment would be read, unseen."""
    point = code_point(span.text)
    message = f"{point} ({_name(span.text)}) between the values ends a line for some readers and not for others"
    return Diagnostic("AS006", message, span, help="break the line here", edit=Edit(span, "\n"))


def _is_stray(character: str) -> bool:
    return character in _NOWHERE or "\ud800" <= character <= "\udfff"


def code_point(character: str) -> str:
    """`U+0441`."""
    return f"U+{ord(character):04X}"


def _told(character: str, span: Span) -> Diagnostic:
    point = code_point(character)
    if character in _BIDI:
        message = f"{point} ({_name(character)}) makes the text read otherwise than it is shown"
        return Diagnostic("AS007", message, span, help="remove it")
    kind = "a lone surrogate" if "\ud800" <= character <= "\udfff" else _name(character)
    line, column = span.line, span.column
    message = f"{point} ({kind}) at line {line}, column {column} may not stand in a spec"
    edit = Edit(span, "", safe=True) if span.text == character else None
    return Diagnostic("AS006", message, span, help="remove it", edit=edit)


def _name(character: str) -> str:
    default = "a control character" if character < "\xa0" else "no character's code"
    return unicodedata.name(character, default).lower()


def _within(span: Span, character: str) -> Span:
    """The character itself where the text has it as such, the whole scalar where it is written as an escape."""
    at = span.text.find(character)
    return span if at < 0 else Span(span.source, span.start + at, span.start + at + 1)


def _invisible(text: str, span: Span, is_key: bool) -> Diagnostic | None:
    hidden = next((character for character in text if character in _INVISIBLE), None)
    if hidden is None:
        return None
    visible = "".join(character for character in text if character not in _INVISIBLE)
    if not is_key and not visible.isascii():
        return None
    message = f"`{clip(text)}` contains {code_point(hidden)} ({_name(hidden)}), which cannot be seen"
    return Diagnostic(
        "AS007", message, _within(span, hidden), help=f"write `{clip(visible)}`", edit=_edit(span, text, visible)
    )


def _lookalike(text: str, span: Span, is_key: bool) -> Diagnostic | None:
    """A name that would be read as another, plainer one."""
    plain = "".join(_LOOKALIKES.get(character, character) for character in text)
    if is_key:
        plain = unicodedata.normalize("NFKC", plain)
    elif plain == text or not any(character.isascii() and character.isalpha() for character in text):
        return None
    if not plain.isascii():
        return None
    strange = next(character for character in text if not character.isascii())
    return Diagnostic(
        "AS008",
        f"`{clip(text)}` contains {code_point(strange)} ({_name(strange)}); looks like `{clip(plain)}`",
        _within(span, strange),
        help=f"write `{clip(plain)}`",
        edit=_edit(span, text, plain),
    )


def _edit(span: Span, text: str, replacement: str) -> Edit | None:
    """A replacement of the whole scalar, where it stands in the text as it is."""
    written = span.text
    if text not in written:
        return None
    return Edit(span, written.replace(text, replacement, 1), safe=True)
