"""What a YAML syntax fault means in its writer's terms, with the smallest wrong piece of text."""

from __future__ import annotations

import re
from typing import Any

from archspec.errors import Diagnostic, Edit, SourceText, clip
from archspec.source.limits import A_KEY, MAX_KEY
from archspec.source.yaml_brackets import bracket_fault, depth_fault, unclosed_bracket
from archspec.source.yaml_fault import YamlFault
from archspec.source.yaml_habits import cut_expression
from archspec.source.yaml_indentation import indentation_fault, item_fault, tab_fault

_RESERVED = "%@`"
_FENCE = "```"
_KEY = re.compile(r"""\s*(?:-\s+)*([^\s#"'\[\]{},&*!|>%@`-][^#"'\[\]{}]*?):(?:\s|$)""")
_SURROGATES = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_TO_LINE_END = re.compile(r"[^\s:]+(?:[ ]+[^\s#:]+)*")
_TO_SEPARATOR = re.compile(r"[^\s,\[\]{}:]+")
_FOREIGN = re.compile(r"\$\{([^{}\n:,\"']+)\}")
_KIND = re.compile(r"[A-Z]\w*: (\{.*\}|\[.*\]|[^\s:]+)")
_NAME = re.compile(r"([A-Za-z_][\w.-]*)(?:\Z| +(?=[\[{\d]))")
_GLUED = re.compile(r"\s*(?:-\s+)*([A-Za-z_][\w.-]*):(?=[^\s/:])")


def explain(error: Any, source: SourceText, text: str, base: int, last_scalar: int | None) -> Diagnostic:
    """The one diagnostic for a syntax fault.

    Args:
        error: the parser's `MarkedYAMLError`.
        source: what spans point into.
        text: what was parsed.
        base: where in the source that starts.
        last_scalar: where the last scalar before the fault starts.
    """
    fault = YamlFault(error, source, text, base, last_scalar)
    for rule in _RULES:
        found = rule(fault)
        if found is not None:
            return found
    at = fault.at
    return fault.told(
        "AS020", f"this is not YAML: {_plain_words(fault)}", at, at + 1, "quote the string if this belongs to one"
    )


def _plain_words(fault: YamlFault) -> str:
    return f"{fault.problem} {fault.context}".strip()


def _mapping_value(fault: YamlFault) -> Diagnostic | None:
    if "mapping values are not allowed" not in fault.problem:
        return None
    before = fault.text[fault.line_start : fault.at]
    key = _KEY.match(before + " ")
    if key is not None and key.end() <= len(before):
        return _second_colon(fault, key.end())
    indent = len(fault.line) - len(fault.line.lstrip())
    if len(before) - indent > MAX_KEY:
        return _long_key(fault, fault.line_start + indent, fault.at)
    if fault.last_scalar is not None and fault.last_scalar < fault.line_start:
        return _continued(fault)
    return _second_colon(fault, None)


def _long_key(fault: YamlFault, start: int, end: int) -> Diagnostic:
    return fault.told("AS013", f"a key of more than {MAX_KEY:,} characters", start, end, A_KEY)


def _second_colon(fault: YamlFault, value_at: int | None) -> Diagnostic:
    """`a: b: c`."""
    help, edit = "quote the string", None
    if value_at is not None:
        line = fault.line
        rest = line[value_at:]
        start = value_at + len(rest) - len(rest.lstrip())
        value = line[start:].split(" #")[0].rstrip()
        if _KIND.fullmatch(value):
            begin = fault.line_start + start
            edit = Edit(fault.span(begin, begin + len(value)), f"{{{value}}}")
            message = "mapping value not allowed here; a mapping within a line stands in braces"
            return fault.told("AS021", message, fault.at, fault.at + 1, f"write `{{{clip(value)}}}`", edit)
        if not set(value) & set("\"'\\"):
            help = f'quote the string: `"{clip(value)}"`'
            begin = fault.line_start + start
            edit = Edit(fault.span(begin, begin + len(value)), f'"{value}"')
    message = "mapping value not allowed here; quote the string"
    return fault.told("AS021", message, fault.at, fault.at + 1, help, edit)


def _continued(fault: YamlFault) -> Diagnostic:
    """The line's key was read as a continuation of a text that an earlier line began."""
    start, previous = fault.previous_line()
    glued = _GLUED.match(previous)
    if glued is not None and _KEY.match(previous) is None:
        return _no_space(fault, start, glued)
    indent = len(fault.line) - len(fault.line.lstrip())
    first = fault.line_start + indent
    key = fault.text[first : fault.at]
    owner = _KEY.match(previous)
    if owner is None:
        return _no_colon(fault, start, previous)
    owner_indent = owner.start(1)
    return fault.told(
        "AS023",
        f"`{clip(key)}` is indented under `{clip(owner.group(1))}`, which has a value already",
        first,
        fault.at,
        help=f"indent it by {owner_indent} spaces, as `{clip(owner.group(1))}`, if they belong together",
        edit=Edit(fault.span(fault.line_start, first), " " * owner_indent),
    )


def _no_space(fault: YamlFault, start: int, glued: re.Match[str]) -> Diagnostic:
    colon = start + glued.end(1)
    return fault.told(
        "AS025",
        f"`{clip(glued.group(1))}:` has no space after its colon",
        colon,
        colon + 1,
        help=f"write `{clip(glued.group(1))}: …`",
        edit=Edit(fault.span(colon, colon + 1), ": ", safe=True),
    )


def _no_colon(fault: YamlFault, start: int, line: str) -> Diagnostic:
    words = line.split(" #")[0].strip()
    begin = start + len(line) - len(line.lstrip())
    help, edit = f"write `{clip(words)}: …`, or remove it", None
    name = _NAME.match(words)
    if name is not None and (name.end() < len(words) or _has_more_below(fault.text, begin)):
        help = f"write `{clip(f'{name[1]}:{words[name.end(1) :]}')}`"
        edit = Edit(fault.span(begin + name.end(1), begin + name.end(1)), ":")
    message = f"`{clip(words)}` is neither a key nor a value: it has no colon"
    return fault.told("AS028", message, begin, begin + len(words), help, edit)


def _has_more_below(text: str, at: int) -> bool:
    """Whether the line after this one is indented further, as what belongs to a key is."""
    line, _, rest = text[text.rfind("\n", 0, at) + 1 :].partition("\n")
    below = rest.partition("\n")[0]
    return len(below) - len(below.lstrip(" ")) > len(line) - len(line.lstrip(" "))


def _simple_key(fault: YamlFault) -> Diagnostic | None:
    """A line of a mapping without a colon (or with one that touches its value)."""
    if "could not find expected ':'" not in fault.problem:
        return None
    start = fault.text.rfind("\n", 0, fault.opened) + 1
    end = fault.text.find("\n", start)
    line = fault.text[start : end if end >= 0 else len(fault.text)].rstrip("\r")
    if len(line) > MAX_KEY:
        return _long_key(fault, fault.opened, start + len(line))
    glued = _GLUED.match(line)
    if glued is not None and start + glued.start(1) == fault.opened:
        return _no_space(fault, start, glued)
    return _no_colon(fault, fault.opened, line[fault.opened - start :])


def _quote(fault: YamlFault) -> Diagnostic | None:
    if "quoted scalar" not in fault.context and "double-quoted" not in fault.context:
        return None
    if "escape" in fault.problem or "hexdecimal" in fault.problem or "hexadecimal" in fault.problem:
        return _escape(fault)
    if "end of stream" not in fault.problem and "document" not in fault.problem:
        return None
    quote = fault.text[fault.opened : fault.opened + 1]
    return fault.told(
        "AS022",
        f"the quote `{quote}` is never closed",
        fault.opened,
        fault.opened + 1,
        help=f"add `{quote}` where the string ends",
    )


def _escape(fault: YamlFault) -> Diagnostic:
    at = fault.text.rfind("\\", fault.opened, fault.at + 1)
    at = fault.at if at < 0 else at
    kind = fault.text[at + 1 : at + 2]
    length = {"x": 4, "u": 6, "U": 10}.get(kind, 2)
    written = fault.text[at : at + length]
    pair = _SURROGATES.match(fault.text, at)
    if pair is not None:
        whole = 0x10000 + ((int(pair.group(1), 16) - 0xD800) << 10) + (int(pair.group(2), 16) - 0xDC00)
        edit = Edit(fault.span(at, at + 12), f"\\U{whole:08X}", safe=True)
        message = "YAML knows no pairs of surrogates"
        return fault.told("AS043", message, at, at + 12, f"write `\\U{whole:08X}`", edit)
    if kind == "u" and re.fullmatch(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}", written):
        message = f"`{written}` is a lone surrogate (U+{written[2:].upper()}), not a character"
        return fault.told("AS006", message, at, at + length, help="write the character itself, or `\\U` and 8 digits")
    if kind in ("x", "u", "U"):
        message = f"`{written}` is not the code of a character"
        return fault.told("AS043", message, at, at + length, help=f"`\\{kind}` takes {length - 2} hexadecimal digits")
    return fault.told(
        "AS043",
        f"`{written}` is no escape that YAML knows",
        at,
        at + length,
        help=f"write `\\{written}` for a backslash, or use single quotes",
        edit=Edit(fault.span(at, at + 1), "\\\\"),
    )


def _start_character(fault: YamlFault) -> Diagnostic | None:
    """`@x`, `*.weight`, `> 5`: characters that mean something else to YAML at the start of a value."""
    sign, at = fault.character, fault.at
    if fault.text.startswith(_FENCE, at) and at == fault.line_start:
        end = at + len(fault.line.rstrip())
        help = f"remove the lines that begin with {_FENCE}"
        return fault.told("AS026", "this line belongs to Markdown, not to the spec in it", at, end, help)
    if "cannot start any token" in fault.problem and sign and sign in _RESERVED:
        return _quote_it(fault, at, f"a value cannot start with `{sign}` unless it is quoted")
    if "alphabetic or numeric" in fault.problem and fault.opened < len(fault.text):
        sign = fault.text[fault.opened]
        means = {"*": "an alias", "&": "an anchor"}.get(sign, "a name")
        return _quote_it(fault, fault.opened, f"`{sign}` at the start of a value means {means} to YAML")
    if "block scalar" in fault.context:
        sign = fault.text[fault.opened]
        return _quote_it(fault, fault.opened, f"`{sign}` at the start of a value means a text on the lines below it")
    if "mapping keys are not allowed" in fault.problem:
        return _quote_it(fault, at, "a value cannot start with `? ` unless it is quoted")
    if "directive" in fault.context:
        return _quote_it(fault, fault.opened, "a line cannot start with `%` unless it is quoted")
    if "tag" in fault.context or "tag" in fault.problem:
        return _quote_it(fault, fault.opened, "`!` at the start of a value means a tag to YAML", code="AS032")
    return None


def _quote_it(fault: YamlFault, at: int, message: str, code: str = "AS026") -> Diagnostic:
    word = _unquoted(fault, at)
    usable = not set(word) & set("\"\\'")
    help = f'write `"{clip(word)}"`' if usable else "quote the string"
    edit = Edit(fault.span(at, at + len(word)), f'"{word}"', safe=code == "AS026") if usable else None
    return fault.told(code, message, at, at + 1, help, edit)


def _unquoted(fault: YamlFault, at: int) -> str:
    """The value that starts at `at`: up to the next separator inside brackets, else up to the line's end."""
    pattern = _TO_LINE_END if unclosed_bracket(fault.text, at) is None else _TO_SEPARATOR
    match = pattern.match(fault.text, at)
    return match.group() if match is not None else fault.text[at : at + 1]


def _after_value(fault: YamlFault) -> Diagnostic | None:
    """Text where a value had ended."""
    if not fault.is_unexpected:
        return None
    end = fault.line_start + len(fault.line.split(" #")[0].rstrip())
    last = fault.last_scalar
    if last is not None and fault.text[last : last + 1] in ("'", '"'):
        quote, line = fault.text[last], fault.line_number(last)
        where = "" if last >= fault.line_start else f" of line {line}"
        help = "end the string after its last word"
        if quote == "'":
            help += "; a `'` inside single quotes is written `''`"
        return fault.told("AS022", f"text after the closing quote of the string{where}", fault.at, end, help=help)
    return fault.told("AS020", "text after the end of a value", fault.at, end, help="remove it, or quote the string")


def _foreign_expression(fault: YamlFault) -> Diagnostic | None:
    """`{Linear: ${n}}`: inside brackets a brace ends the value before it."""
    start = fault.at - 1
    match = _FOREIGN.match(fault.text, start) if start >= 0 else None
    if match is None:
        return None
    meant = f"$({match.group(1)})"
    edit = Edit(fault.span(start, match.end()), meant, safe=True)
    message = "expressions are written `$(…)`, not `${…}`"
    return fault.told("AS222", message, start, match.end(), f"write `{clip(meant)}`", edit)


def _broken_expression(fault: YamlFault) -> Diagnostic | None:
    """`{a: $(x.shape[1])}`, `{a: $(b ? 1 : 2)}`: a bracket or a colon ends the value before it."""
    start = fault.text.rfind("$(", fault.line_start, fault.at)
    inside = fault.text[start : fault.at]
    if start < 0 or inside.count("(") <= inside.count(")") or fault.text[start - 1 : start] in ("'", '"'):
        return None
    return cut_expression(fault.span(start, fault.at))


_RULES = (
    depth_fault,
    _foreign_expression,
    _broken_expression,
    tab_fault,
    _quote,
    _start_character,
    _mapping_value,
    _simple_key,
    item_fault,
    bracket_fault,
    indentation_fault,
    _after_value,
)
