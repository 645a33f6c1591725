"""Keys whose colon is not there, or touches what follows it."""

from __future__ import annotations

import re

from archspec.errors import Diagnostic, Edit, clip
from archspec.source.yaml_brackets import unclosed_bracket
from archspec.source.yaml_fault import YamlFault

GLUED = re.compile(r"\s*(?:-\s+)*([A-Za-z_][\w.-]*):(?=[^\s/:])")
_GLUED_INSIDE = re.compile(r"([A-Za-z_][\w.-]*):(?=[\[{])")
_NAME = re.compile(r"([A-Za-z_][\w.-]*)(?:\Z| +(?=[\[{\d]))")
_BRACED = re.compile(r"(\s*(?:-\s+)*)[A-Za-z_][\w.-]* +\{.*\}\s*(?: #.*)?")
_ODD_SPACE = re.compile(r":([\u00a0\u2000-\u200a\u202f\u3000])")
_FEW_LINES = 50
_LONGEST_LINE = 1_000
"""Longer ones are no slip of a writer's, and searching them takes too long."""


def colon_fault(fault: YamlFault) -> Diagnostic | None:
    """`conv1 {Conv2d: {…}}`, whose braces are none to YAML, and `{Conv2d:{…}}`."""
    line = fault.line
    if len(line) > _LONGEST_LINE:
        return None
    for glued in _GLUED_INSIDE.finditer(line):
        if fault.line_start + glued.end(1) == fault.at:
            return no_space(fault, fault.line_start, glued)
    braced = _BRACED.fullmatch(line)
    if braced is None or unclosed_bracket(fault.text, fault.line_start) is not None:
        return None
    return no_colon(fault, fault.line_start + braced.end(1), line[braced.end(1) :])


def no_space(fault: YamlFault, start: int, glued: re.Match[str]) -> Diagnostic:
    """`lr:0.1`, in the line that begins at `start`."""
    colon = start + glued.end(1)
    return fault.told(
        "AS025",
        f"`{clip(glued.group(1))}:` has no space after its colon",
        colon,
        colon + 1,
        help=f"write `{clip(glued.group(1))}: …`",
        edit=Edit(fault.span(colon, colon + 1), ": ", safe=True),
    )


def no_colon(fault: YamlFault, start: int, line: str) -> Diagnostic:
    """`input [3, 32, 32]`, which begins at `start`."""
    odd = _ODD_SPACE.search(line)
    if odd is not None:
        return _no_plain_space(fault, start + odd.start(1), odd[1])
    words = line.split(" #")[0].strip()
    begin = start + len(line) - len(line.lstrip())
    help, edit = f"write `{clip(words)}: …`, or remove it", None
    name = _NAME.match(words)
    if name is not None and (name.end() < len(words) or _has_more_below(fault.text, begin)):
        help = f"write `{clip(f'{name[1]}:{words[name.end(1) :]}')}`"
        edit = Edit(fault.span(begin + name.end(1), begin + name.end(1)), ":")
    elif name is not None and _is_below_item(fault.text, begin):
        help = f"write `- {clip(words)}`, as the entries above it"
        edit = Edit(fault.span(begin, begin), "- ")
    message = f"`{clip(words)}` is neither a key nor a value: it has no colon"
    return fault.told("AS028", message, begin, begin + len(words), help, edit)


def _no_plain_space(fault: YamlFault, at: int, space: str) -> Diagnostic:
    message = f"U+{ord(space):04X} only looks like a space: to YAML the colon before it has none after it"
    return fault.told("AS025", message, at, at + 1, "write a plain space", Edit(fault.span(at, at + 1), " ", safe=True))


def _has_more_below(text: str, at: int) -> bool:
    """Whether the line after this one is indented further, as what belongs to a key is."""
    line, _, rest = text[text.rfind("\n", 0, at) + 1 :].partition("\n")
    below = rest.partition("\n")[0]
    return len(below) - len(below.lstrip(" ")) > len(line) - len(line.lstrip(" "))


def _is_below_item(text: str, at: int) -> bool:
    """Whether the nearest line above that is indented no further is an item of a list."""
    start = text.rfind("\n", 0, at) + 1
    for line in reversed(text[:start].splitlines()[-_FEW_LINES:]):
        indent = len(line) - len(line.lstrip(" "))
        if line.strip() and indent <= at - start:
            return indent == at - start and line.lstrip().startswith("- ")
    return False
