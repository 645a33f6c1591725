"""Faults of indentation: tabs, levels that do not exist, list items and keys in each other's place."""

from __future__ import annotations

import re

from archspec.errors import Diagnostic, Edit
from archspec.source.yaml_fault import YamlFault


def tab_fault(fault: YamlFault) -> Diagnostic | None:
    """A tab where spaces were expected."""
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


def item_fault(fault: YamlFault) -> Diagnostic | None:
    """`a: - b`."""
    if "sequence entries are not allowed" not in fault.problem:
        return None
    return fault.told(
        "AS023",
        "a list item cannot stand on its key's line",
        fault.at,
        fault.at + 1,
        help="start the list on a new line, or write it as `[…, …]`",
    )


def indentation_fault(fault: YamlFault) -> Diagnostic | None:
    """A line whose indentation, or kind, fits nothing above it."""
    if not fault.is_unexpected:
        return None
    indent = len(fault.line) - len(fault.line.lstrip(" "))
    if fault.at - fault.line_start != indent:
        return None
    end = fault.at + len(fault.line.strip())
    if fault.character == "-" and "mapping" in fault.context:
        message = "a list item where a key was expected: a mapping and a list cannot be mixed"
        return fault.told("AS023", message, fault.at, fault.at + 1, help="indent the list under a key of its own")
    if fault.character == ":":
        return fault.told("AS031", "there is no key before the colon", fault.at, fault.at + 1, "write a name before it")
    if "collection" in fault.context or "sequence" in fault.context:
        column = fault.opened - (fault.text.rfind("\n", 0, fault.opened) + 1)
        if indent > column:
            return _beside_item(fault, indent, column)
        began = fault.line_number(fault.opened)
        message = f"a key where a list item was expected; the list starts at line {began}"
        return fault.told("AS023", message, fault.at, end, help="write `- ` before it, or indent it differently")
    return _no_such_level(fault, indent)


def _beside_item(fault: YamlFault, indent: int, column: int) -> Diagnostic:
    """A key of a list item that does not stand under the item's first key."""
    item = re.compile(rf"^ {{{column}}}-( +)", re.MULTILINE)
    dashes = [match.group(1) for match in item.finditer(fault.text, 0, fault.line_start)]
    wanted = column + 1 + len(dashes[-1] if dashes else " ")
    start = fault.line_start
    return fault.told(
        "AS023",
        f"indented by {_spaces(indent)}, but the item's first key by {wanted}",
        fault.at,
        fault.at + len(fault.line.strip().split(": ")[0].rstrip(":")),
        help=f"indent it by {wanted}",
        edit=Edit(fault.span(start, start + indent), " " * wanted),
    )


def _spaces(count: int) -> str:
    return f"{count} space" + ("" if count == 1 else "s")


def _no_such_level(fault: YamlFault, indent: int) -> Diagnostic:
    levels = sorted(_levels(fault))
    shown = ", ".join(map(str, levels)) or "0"
    nearest = min(levels, key=lambda level: abs(level - indent), default=0)
    start = fault.line_start
    return fault.told(
        "AS023",
        f"indented by {_spaces(indent)}, which is none of the levels above it ({shown})",
        fault.at,
        fault.at + len(fault.line.strip().split(": ")[0].rstrip(":")),
        help=f"indent it by {nearest}",
        edit=Edit(fault.span(start, start + indent), " " * nearest),
    )


def _levels(fault: YamlFault) -> set[int]:
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
