"""What YAML accepts and nobody means: valid texts whose value is not what their writer sees."""

from __future__ import annotations

import re

from archspec.errors import Diagnostic, Edit, SourceText, Span, clip
from archspec.source.tree import Scalar

_BRACES = re.compile(r"\{\s*([\w.$-]+(?:\s*,\s*[\w.$-]+)+)\s*,?\s*\}")
_DOUBLED = re.compile(r"\{\{ *([^{}\n:]+?) *\}\}")
_BRACED_KEY = re.compile(r"([A-Za-z_][\w.-]*) +\{ *\w")
_DECIMALS = re.compile(r"(?<![\w.])-?\d+,\Z")
_THOUSANDS = re.compile(r"-?[1-9]\d{0,2},\d{3}")
_NUMBERS = re.compile(r"\(\s*(-?[\d.]+(?:\s*,\s*-?[\d.]+)*)\s*\)")


def habit_fault(value: str, span: Span, *, is_item: bool) -> Diagnostic | None:
    """A plain value that lost its end to a comma, or a list item that swallowed the one on the next line."""
    if "$(" in value and value.count("(") > value.count(")"):
        return cut_expression(span)
    if value.startswith("(") and ")" not in value:
        return _parenthesised_list(span)
    if is_item and " - " in value and "\n" in span.text:
        return _swallowed_item(span)
    return None


def bare_braces(source: SourceText, start: int) -> Diagnostic | None:
    """`{3, 8, 8}`: to YAML the keys of a mapping."""
    found = _BRACES.match(source.text, start)
    if found is None:
        return None
    meant, span = f"[{found[1]}]", Span(source, start, found.end())
    help = f"write `{clip(meant)}`, or `{{name: value}}` for a mapping"
    return Diagnostic("AS026", "a list is written in square brackets", span, help=help, edit=Edit(span, meant))


def doubled_braces(source: SourceText, start: int) -> Diagnostic | None:
    """`{{ n }}`, as templates write it: to YAML a mapping whose key is a mapping."""
    found = _DOUBLED.match(source.text, start)
    if found is None:
        return None
    meant, span = f"$({found[1]})", Span(source, start, found.end())
    message = "expressions are written `$(…)`, not `{{…}}`"
    return Diagnostic("AS222", message, span, help=f"write `{clip(meant)}`", edit=Edit(span, meant, safe=True))


def braced_key(key: Scalar) -> Diagnostic | None:
    """`act {LeakyReLU: 0.1}`: to YAML a key named `act {LeakyReLU` with the value `0.1}`."""
    found = None if key.quoted else _BRACED_KEY.match(str(key.value))
    if found is None:
        return None
    start, source = key.span.start, key.span.source
    end = start + found.end(1)
    help, edit = f"write `{clip(found[1])}: {{…}}`", Edit(Span(source, end, end), ":")
    message = f"`{clip(found[1])}` has no colon before its braces"
    return Diagnostic("AS028", message, Span(source, start, end), help=help, edit=edit)


def _decimal_comma(key: Scalar) -> Diagnostic | None:
    """`{lr: 0,001}`: to YAML `lr: 0`, and a key named `001`."""
    text = key.span.source.text
    before = _DECIMALS.search(text, max(0, key.span.start - 20), key.span.start)
    if before is None or key.quoted or not str(key.value).isdecimal():
        return None
    span = Span(key.span.source, before.start(), key.span.end)
    meant = span.text.replace(",", ".")
    if _THOUSANDS.fullmatch(span.text):
        whole = span.text.replace(",", "")
        return Diagnostic("AS026", "a number has no comma", span, help=f"write `{whole}`, or `{meant}` for decimals")
    return Diagnostic("AS026", "decimals follow a point", span, help=f"write `{meant}`", edit=Edit(span, meant))


def glued_key(key: Scalar) -> Diagnostic | None:
    """`{lr:0.1}`: to YAML a key named `lr:0.1` with no value."""
    decimals = _decimal_comma(key)
    if decimals is not None:
        return decimals
    name, colon, value = str(key.value).partition(":")
    if key.quoted or not colon or not name or not value:
        return None
    return Diagnostic(
        "AS025",
        f"`{clip(str(key.value))}` has no space after its colon",
        Span(key.span.source, key.span.start + len(name), key.span.start + len(name) + 1),
        help=f"write `{clip(name)}: {clip(value)}`",
        edit=Edit(key.span, f"{name}: {value}", safe=True) if key.span.text == key.value else None,
    )


def _parenthesised_list(span: Span) -> Diagnostic | None:
    """`(3, 3)`, which a comma ends after the first number."""
    found = _NUMBERS.match(span.source.text, span.start)
    if found is None:
        return None
    meant = f"[{found.group(1)}]"
    whole = Span(span.source, span.start, found.end())
    message = "a list is written in square brackets"
    return Diagnostic("AS026", message, whole, help=f"write `{clip(meant)}`", edit=Edit(whole, meant, safe=True))


def cut_expression(span: Span) -> Diagnostic | None:
    """An expression that a sign of YAML's ends before its last parenthesis."""
    text = span.source.text
    after = text[span.end : span.end + 80].lstrip(" ")
    if not after.startswith((",", "[", "]", "{", "}", ":", "#")):
        return None
    closed = _closing_parenthesis(text, span.start)
    whole = text[span.start : closed]
    usable = closed > span.end and "\n" not in whole and '"' not in whole and "\\" not in whole
    edit = Edit(Span(span.source, span.start, closed), f'"{whole}"', safe=True) if usable else None
    return Diagnostic(
        "AS029",
        f"the expression is cut off at `{after[0]}`, which ends a value that is not quoted",
        span,
        help=f'quote it: `"{clip(whole)}"`' if usable else 'quote the whole expression: `"$(…)"`',
        edit=edit,
    )


def _closing_parenthesis(text: str, start: int) -> int:
    """Just after the parenthesis that closes the first one after `start`, at most 4,096 characters on."""
    depth = 0
    for at in range(text.find("(", start), min(len(text), start + 4_096)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return at + 1
    return start


def _swallowed_item(span: Span) -> Diagnostic | None:
    offset = 0
    for number, line in enumerate(span.text.splitlines(keepends=True)):
        inner = line.lstrip(" ")
        if number and inner.startswith("- "):
            at = span.start + offset + len(line) - len(inner)
            return Diagnostic(
                "AS023",
                "this item is indented more than the one before, so it is read as a part of that one's text",
                Span(span.source, at, at + 1),
                help="indent it as the item before it",
            )
        offset += len(line)
    return None
