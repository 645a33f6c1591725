"""Strings between double quotes, as formatters write them."""

from __future__ import annotations

import io
import tokenize


def double_quoted(text: str) -> str:
    """Python source whose plain strings stand between double quotes, but for those that hold one or a backslash."""
    lines = text.splitlines(keepends=True)
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    for token in reversed([token for token in tokens if token.type == tokenize.STRING]):
        inner = token.string[1:-1]
        if token.string[0] == "'" and not token.string.startswith("'''") and not {'"', "\\"} & set(inner):
            line, start = token.start
            lines[line - 1] = f'{lines[line - 1][:start]}"{inner}"{lines[line - 1][token.end[1] :]}'
    return "".join(lines)
