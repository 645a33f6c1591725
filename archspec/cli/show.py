"""Diagnostics on a stream: coloured in a terminal, plain in a pipe."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TextIO

from archspec.errors import Diagnostic

_NOT_A_SPEC = frozenset({"AS001", "AS002", "AS004", "AS016", "AS245"})
"""Nothing was read. A path within a spec has a span, and is that spec's fault."""


def is_coloured(stream: TextIO) -> bool:
    """Whether to colour: `NO_COLOR` says no, `FORCE_COLOR` yes, otherwise a terminal that is not dumb."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def print_diagnostics(diagnostics: Iterable[Diagnostic], stream: TextIO) -> None:
    """Each in its rendered form, with an empty line between."""
    colour = is_coloured(stream)
    texts = [diagnostic.render(colour=colour) for diagnostic in diagnostics]
    if texts:
        write("\n\n".join(texts) + "\n", stream)


def write(text: str, stream: TextIO) -> None:
    """Write, with escapes for what the stream's encoding does not have."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


def exit_status(diagnostics: Iterable[Diagnostic]) -> int:
    """0 without errors, 1 where a spec is wrong, 2 where nothing was but the paths that the caller gave."""
    errors = [diagnostic for diagnostic in diagnostics if diagnostic.severity == "error"]
    if all(error.code in _NOT_A_SPEC and error.span is None for error in errors):
        return 2 if errors else 0
    return 1
