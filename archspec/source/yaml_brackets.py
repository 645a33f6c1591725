"""Brackets and commas of YAML's flow style: which one is missing, and which one is too many."""

from __future__ import annotations

import re

from archspec.errors import Diagnostic, Edit, clip
from archspec.source.limits import MAX_DEPTH, NESTED
from archspec.source.yaml_fault import YamlFault

_CLOSERS = {"[": "]", "{": "}"}
A_VALUE = "write it, or take out the sign before it"
_TOKEN = re.compile(
    r"""(?<![^\s,\[{:])"[^"\\]*(?:\\.[^"\\]*)*"|(?<![^\s,\[{:])'[^']*'|(?<!\S)\#[^\n]*|(?P<bracket>[\[\]{}])""",
    re.DOTALL,
)


_INDEXED = re.compile(r"(?<![\w\"'(])(\$[A-Za-z_]\w*)(\[[\w +*/%().-]{1,60}\])")
"""`$channels[index]`."""
_ASSIGNED = re.compile(r"\s*(?:- )?([\w-]+)(\s*=)\s*[{\[]")
"""`conv = {…}`."""


def depth_fault(fault: YamlFault) -> Diagnostic | None:
    """More brackets than may be open: the parser looks ahead, and may stop before it tells of any of them."""
    opened = _open_brackets(fault.text, fault.at)
    if len(opened) <= MAX_DEPTH:
        return None
    return fault.told("AS011", f"nested more than {MAX_DEPTH} levels deep", opened[-1], opened[-1] + 1, NESTED)


def bracket_fault(fault: YamlFault) -> Diagnostic | None:
    """A bracket that is not closed, closed by another, or closes nothing; a comma too few or too many."""
    if "flow" not in fault.context and fault.character not in ("]", "}"):
        return None
    opened = unclosed_bracket(fault.text, fault.at)
    if fault.character in ("]", "}") and fault.character:
        return _wrong_closer(fault, opened)
    closed_later = opened is not None and _closes(fault.text, opened)
    if opened is None or (closed_later and fault.character):
        return _in_brackets(fault)
    bracket = fault.text[opened]
    return fault.told(
        "AS022", f"`{bracket}` is never closed", opened, opened + 1, help=f"add `{_CLOSERS[bracket]}` where it ends"
    )


def _wrong_closer(fault: YamlFault, opened: int | None) -> Diagnostic:
    found = fault.character
    if opened is None:
        assigned = _ASSIGNED.match(fault.line)
        if assigned is not None:
            start = fault.line_start + assigned.start(1)
            return fault.told(
                "AS025",
                f"`{clip(assigned[1])}` is followed by `=`: a key has a colon",
                start,
                fault.line_start + assigned.end(2),
                help=f"write `{clip(assigned[1])}: …`",
                edit=Edit(fault.span(fault.line_start + assigned.end(1), fault.line_start + assigned.end(2)), ":"),
            )
        edit = Edit(fault.span(fault.at, fault.at + 1), "")
        message = f"`{found}` closes nothing"
        return fault.told("AS022", message, fault.at, fault.at + 1, help="remove it", edit=edit)
    bracket = fault.text[opened]
    wanted = _CLOSERS[bracket]
    if wanted == found:
        return fault.told("AS020", f"a value is missing before `{found}`", fault.at, fault.at + 1, help=A_VALUE)
    outer = [_CLOSERS[fault.text[at]] for at in _open_brackets(fault.text, fault.at)]
    help, end = (f"add `{wanted}` before it", fault.at) if found in outer else (f"write `{wanted}`", fault.at + 1)
    return fault.told(
        "AS022",
        f"`{bracket}` of line {fault.line_number(opened)} is closed by `{found}`",
        fault.at,
        fault.at + 1,
        help=help,
        edit=Edit(fault.span(fault.at, end), wanted),
    )


def _in_brackets(fault: YamlFault) -> Diagnostic:
    indexed = _INDEXED.search(fault.line)
    if indexed is not None and fault.line_start + indexed.end(1) <= fault.at <= fault.line_start + indexed.end():
        start, end = fault.line_start + indexed.start(), fault.line_start + indexed.end()
        meant = f'"$({indexed[1][1:]}{indexed[2]})"'
        message = f"the bracket after `{clip(indexed[1])}` ends a value that is not quoted"
        return fault.told("AS029", message, start, end, f"write `{meant}`", Edit(fault.span(start, end), meant))
    message = "a comma is missing before this, or a string with a colon is not quoted"
    if fault.character == ",":
        return fault.told("AS020", "a value is missing before this comma", fault.at, fault.at + 1, help="remove it")
    if fault.character == ":" and fault.text[: fault.at].rstrip().endswith(("{", "[", ",")):
        return fault.told("AS031", "there is no key before the colon", fault.at, fault.at + 1, "write a name before it")
    return fault.told(
        "AS021",
        message,
        fault.at,
        fault.at + 1,
        help="separate the entries of `[…]` and `{…}` with commas; quote a string with `: ` in it",
    )


def unclosed_bracket(text: str, end: int) -> int | None:
    """The innermost bracket that is open at `end`."""
    stack = _open_brackets(text, end)
    return stack[-1] if stack else None


def _closes(text: str, opened: int) -> bool:
    """Whether some bracket closes the one at `opened`."""
    return opened not in _open_brackets(text, len(text))


def _open_brackets(text: str, end: int) -> list[int]:
    stack: list[int] = []
    for token in _TOKEN.finditer(text, 0, end):
        sign = token.group("bracket")
        if sign is None:
            continue
        if sign in _CLOSERS:
            if stack or _starts_value(text, token.start()):
                stack.append(token.start())
                if len(stack) > MAX_DEPTH:
                    break  # that many are never meant, and there may be millions
        elif stack and _CLOSERS[text[stack[-1]]] == sign:
            stack.pop()
    return stack


def _starts_value(text: str, at: int) -> bool:
    before = text[max(0, at - 200) : at].rstrip(" ")
    return not before or before[-1] in ":-\n\r" or before.rstrip().endswith(":")
