"""Diagnostics on a stream: coloured in a terminal, plain in a pipe."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TextIO

from archspec.errors import Diagnostic


def print_diagnostics(diagnostics: Iterable[Diagnostic], stream: TextIO) -> None:
    """Each in its rendered form, with an empty line between."""
    colour = stream.isatty() and not os.environ.get("NO_COLOR")
    texts = [diagnostic.render(colour=colour) for diagnostic in diagnostics]
    if texts:
        encoding = getattr(stream, "encoding", None) or "utf-8"
        joined = "\n\n".join(texts) + "\n"
        stream.write(joined.encode(encoding, "backslashreplace").decode(encoding))
