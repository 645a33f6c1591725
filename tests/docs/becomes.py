"""Parts of an exported file, by name."""

from __future__ import annotations

import ast
from collections.abc import Sequence

Definition = ast.ClassDef | ast.FunctionDef


def part(text: str, names: Sequence[str]) -> str:
    """The classes and functions of a file, or those named; `Name.forward` is one method of a class."""
    tree = ast.parse(text)
    if not names:
        return "\n\n\n".join(_text(text, node) for node in tree.body if isinstance(node, Definition)) + "\n"
    return "\n\n\n".join(_text(text, _find(tree.body, name)) for name in names) + "\n"


def _find(body: Sequence[ast.stmt], name: str) -> Definition:
    first, _, rest = name.partition(".")
    found = next(node for node in body if isinstance(node, Definition) and node.name == first)
    return _find(found.body, rest) if rest else found


def _text(text: str, node: Definition) -> str:
    lines = text.splitlines()[node.lineno - 1 : node.end_lineno]
    return "\n".join(line[node.col_offset :] for line in lines)
