"""What a YAML syntax fault means in its writer's terms, with the smallest wrong piece of text."""

from __future__ import annotations

import re
from typing import Any

from archspec.errors import Diagnostic, Edit, SourceText, Span, clip

_CLOSERS = {"[": "]", "{": "}"}
_RESERVED = "%@`"
_KEY = re.compile(r"""\s*(?:-\s+)*([^\s#"'\[\]{},&*!|>%@`-][^#"'\[\]{}]*?):(?:\s|$)""")
_GLUED = re.compile(r"\s*(?:-\s+)*([A-Za-z_][\w.-]*):(?=[^\s/:])")


class _Fault:
    """A parser's complaint and the text around it."""

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


def explain(error: Any, source: SourceText, text: str, base: int, last_scalar: int | None) -> Diagnostic:
    """The one diagnostic for a syntax fault.

    Args:
        error: the parser's `MarkedYAMLError`.
        source: what spans point into.
        text: what was parsed.
        base: where in the source that starts.
        last_scalar: where the last scalar before the fault starts.
    """
    fault = _Fault(error, source, text, base, last_scalar)
    for rule in _RULES:
        found = rule(fault)
        if found is not None:
            return found
    at = fault.at
    return fault.told("AS020", f"this is not YAML: {_plain_words(fault)}", at, at + 1)


def _plain_words(fault: _Fault) -> str:
    return f"{fault.problem} {fault.context}".strip()


def _tab(fault: _Fault) -> Diagnostic | None:
    line = fault.line
    indent = line[: len(line) - len(line.lstrip(" \t"))]
    if "\t" not in indent or fault.at - fault.line_start > len(indent):
        return None
    if not (fault.character == "\t" or "tab" in fault.problem):
        return None
    start = fault.line_start
    return fault.told(
        "AS024",
        "a tab in the indentation; YAML indents with spaces only",
        start + indent.index("\t"),
        start + indent.rindex("\t") + 1,
        help="replace each tab with spaces",
        edit=Edit(fault.span(start, start + len(indent)), indent.replace("\t", "  ")),
    )


def _mapping_value(fault: _Fault) -> Diagnostic | None:
    if "mapping values are not allowed" not in fault.problem:
        return None
    before = fault.text[fault.line_start : fault.at]
    key = _KEY.match(before + " ")
    if key is not None and key.end() <= len(before):
        return _second_colon(fault, key.end())
    if fault.last_scalar is not None and fault.last_scalar < fault.line_start:
        return _continued(fault)
    return _second_colon(fault, None)


def _second_colon(fault: _Fault, value_at: int | None) -> Diagnostic:
    """`a: b: c`."""
    help, edit = "quote the string", None
    if value_at is not None:
        line = fault.line
        rest = line[value_at:]
        start = value_at + len(rest) - len(rest.lstrip())
        value = line[start:].split(" #")[0].rstrip()
        if not set(value) & set("\"'\\"):
            help = f'quote the string: `"{clip(value)}"`'
            begin = fault.line_start + start
            edit = Edit(fault.span(begin, begin + len(value)), f'"{value}"')
    message = "mapping value not allowed here; quote the string"
    return fault.told("AS021", message, fault.at, fault.at + 1, help, edit)


def _continued(fault: _Fault) -> Diagnostic:
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


def _no_space(fault: _Fault, start: int, glued: re.Match[str]) -> Diagnostic:
    colon = start + glued.end(1)
    return fault.told(
        "AS025",
        f"`{clip(glued.group(1))}:` has no space after its colon",
        colon,
        colon + 1,
        help=f"write `{clip(glued.group(1))}: …`",
        edit=Edit(fault.span(colon, colon + 1), ": "),
    )


def _no_colon(fault: _Fault, start: int, line: str) -> Diagnostic:
    words = line.split(" #")[0].strip()
    begin = start + len(line) - len(line.lstrip())
    return fault.told(
        "AS028",
        f"`{clip(words)}` is neither a key nor a value: it has no colon",
        begin,
        begin + len(words),
        help=f"write `{clip(words)}: …`, or remove it",
    )


def _simple_key(fault: _Fault) -> Diagnostic | None:
    """A line of a mapping without a colon (or with one that touches its value)."""
    if "could not find expected ':'" not in fault.problem:
        return None
    start = fault.text.rfind("\n", 0, fault.opened) + 1
    end = fault.text.find("\n", start)
    line = fault.text[start : end if end >= 0 else len(fault.text)].rstrip("\r")
    glued = _GLUED.match(line)
    if glued is not None and start + glued.start(1) == fault.opened:
        return _no_space(fault, start, glued)
    return _no_colon(fault, fault.opened, line[fault.opened - start :])


def _bracket(fault: _Fault) -> Diagnostic | None:
    if "flow" not in fault.context and fault.character not in ("]", "}"):
        return None
    opened = _unclosed(fault.text, fault.at)
    if fault.character in ("]", "}") and fault.character:
        return _wrong_closer(fault, opened)
    closed_later = opened is not None and _closes(fault.text, opened)
    if opened is None or (closed_later and fault.character):
        return _in_brackets(fault)
    bracket = fault.text[opened]
    return fault.told(
        "AS022", f"`{bracket}` is never closed", opened, opened + 1, help=f"add `{_CLOSERS[bracket]}` where it ends"
    )


def _wrong_closer(fault: _Fault, opened: int | None) -> Diagnostic:
    found = fault.character
    if opened is None:
        edit = Edit(fault.span(fault.at, fault.at + 1), "")
        message = f"`{found}` closes nothing"
        return fault.told("AS022", message, fault.at, fault.at + 1, help="remove it", edit=edit)
    bracket = fault.text[opened]
    wanted = _CLOSERS[bracket]
    line = fault.line_number(opened)
    if wanted == found:
        return fault.told("AS020", f"a value is missing before `{found}`", fault.at, fault.at + 1)
    return fault.told(
        "AS022",
        f"`{bracket}` of line {line} is closed by `{found}`",
        fault.at,
        fault.at + 1,
        help=f"write `{wanted}`",
        edit=Edit(fault.span(fault.at, fault.at + 1), wanted),
    )


def _in_brackets(fault: _Fault) -> Diagnostic:
    message = "a comma is missing before this, or a string with a colon is not quoted"
    if fault.character == ",":
        return fault.told("AS020", "a value is missing before this comma", fault.at, fault.at + 1, help="remove it")
    return fault.told(
        "AS021",
        message,
        fault.at,
        fault.at + 1,
        help="separate the entries of `[…]` and `{…}` with commas; quote a string with `: ` in it",
    )


def _quote(fault: _Fault) -> Diagnostic | None:
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


def _escape(fault: _Fault) -> Diagnostic:
    at = fault.text.rfind("\\", fault.opened, fault.at + 1)
    at = fault.at if at < 0 else at
    kind = fault.text[at + 1 : at + 2]
    length = {"x": 4, "u": 6, "U": 10}.get(kind, 2)
    written = fault.text[at : at + length]
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


def _start_character(fault: _Fault) -> Diagnostic | None:
    """`@x`, `%x`, `*.weight`, `&`: characters that mean something else to YAML at the start of a value."""
    sign, at = fault.character, fault.at
    if "cannot start any token" in fault.problem and sign and sign in _RESERVED:
        return _quote_it(fault, at, f"a value cannot start with `{sign}` unless it is quoted")
    if "alphabetic or numeric" in fault.problem and fault.opened < len(fault.text):
        sign = fault.text[fault.opened]
        means = {"*": "an alias", "&": "an anchor"}.get(sign, "a name")
        return _quote_it(fault, fault.opened, f"`{sign}` at the start of a value means {means} to YAML")
    if "directive" in fault.context:
        return _quote_it(fault, fault.opened, "a line cannot start with `%` unless it is quoted")
    if "tag" in fault.context or "tag" in fault.problem:
        return _quote_it(fault, fault.opened, "`!` at the start of a value means a tag to YAML", code="AS032")
    return None


def _quote_it(fault: _Fault, at: int, message: str, code: str = "AS026") -> Diagnostic:
    match = re.compile(r"[^\s,\[\]{}:]+").match(fault.text, at)
    word = match.group() if match is not None else fault.text[at : at + 1]
    usable = not set(word) & set("\"\\'")
    help = f'write `"{clip(word)}"`' if usable else "quote the string"
    edit = Edit(fault.span(at, at + len(word)), f'"{word}"') if usable else None
    return fault.told(code, message, at, at + 1, help, edit)


def _list_item(fault: _Fault) -> Diagnostic | None:
    if "block sequence entries are not allowed" not in fault.problem:
        return None
    return fault.told(
        "AS023",
        "a list item cannot stand on its key's line",
        fault.at,
        fault.at + 1,
        help="start the list on a new line, or write it as `[…, …]`",
    )


def _indentation(fault: _Fault) -> Diagnostic | None:
    """What follows a value, or a line whose indentation fits nothing above it."""
    expected = ("did not find expected key", "did not find expected '-'", "expected <document start>", "<block end>")
    if not any(words in fault.problem for words in expected):
        return None
    indent = len(fault.line) - len(fault.line.lstrip(" "))
    if fault.at - fault.line_start != indent:
        return _after_value(fault)
    end = fault.at + len(fault.line.strip())
    if fault.character == "-" and "mapping" in fault.context:
        message = "a list item where a key was expected: a mapping and a list cannot be mixed"
        return fault.told("AS023", message, fault.at, fault.at + 1, help="indent the list under a key of its own")
    if "collection" in fault.context or "sequence" in fault.context:
        began = fault.line_number(fault.opened)
        message = f"a key where a list item was expected; the list starts at line {began}"
        return fault.told("AS023", message, fault.at, end, help="write `- ` before it, or indent it differently")
    return _no_such_level(fault, indent)


def _no_such_level(fault: _Fault, indent: int) -> Diagnostic:
    levels = sorted(_levels(fault))
    shown = ", ".join(map(str, levels)) or "0"
    spaces = f"{indent} space{'' if indent == 1 else 's'}"
    nearest = min(levels, key=lambda level: abs(level - indent), default=0)
    start = fault.line_start
    return fault.told(
        "AS023",
        f"indented by {spaces}, which is none of the levels above it ({shown})",
        fault.at,
        fault.at + len(fault.line.strip().split(": ")[0].rstrip(":")),
        help=f"indent it by {nearest}",
        edit=Edit(fault.span(start, start + indent), " " * nearest),
    )


def _levels(fault: _Fault) -> set[int]:
    """The indentations that are open above the faulty line: those of the lines before it, each less than the last."""
    levels: set[int] = set()
    lowest, start = 10**6, fault.line_start
    while start > 0 and lowest > 0:
        end = start
        start = fault.text.rfind("\n", 0, end - 1) + 1
        line = fault.text[start:end].rstrip()
        content = line.lstrip(" ")
        if content and not content.startswith("#") and len(line) - len(content) < lowest:
            lowest = len(line) - len(content)
            levels.add(lowest)
    return levels


def _after_value(fault: _Fault) -> Diagnostic:
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


def _unclosed(text: str, end: int) -> int | None:
    """The innermost bracket that is open at `end`."""
    stack = _open_brackets(text, end)
    return stack[-1] if stack else None


def _closes(text: str, opened: int) -> bool:
    """Whether some bracket closes the one at `opened`."""
    return opened not in _open_brackets(text, len(text))


def _open_brackets(text: str, end: int) -> list[int]:
    stack: list[int] = []
    for token in _BRACKETS.finditer(text, 0, end):
        sign = token.group("bracket")
        if sign is None:
            continue
        if sign in _CLOSERS:
            if stack or _starts_value(text, token.start()):
                stack.append(token.start())
        elif stack and _CLOSERS[text[stack[-1]]] == sign:
            stack.pop()
    return stack


def _starts_value(text: str, at: int) -> bool:
    before = text[max(0, at - 200) : at].rstrip(" ")
    return not before or before[-1] in ":-\n\r" or before.rstrip().endswith(":")


_BRACKETS = re.compile(
    r"""(?<![^\s,\[{:])"(?:[^"\\]|\\.)*"|(?<![^\s,\[{:])'(?:[^']|'')*'|(?<!\S)\#[^\n]*|(?P<bracket>[\[\]{}])""",
    re.DOTALL,
)

_RULES = (
    _tab,
    _quote,
    _start_character,
    _mapping_value,
    _simple_key,
    _list_item,
    _bracket,
    _indentation,
)
