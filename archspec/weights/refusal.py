"""How a checkpoint is refused: at its place in the spec, or, where the caller named it, as a wrong request."""

from __future__ import annotations

from typing import NoReturn

from archspec.errors import Diagnostic, Span, SpecError, UsageError
from archspec.spec.checkpoint import Checkpoint


def refuse(
    checkpoint: Checkpoint,
    code: str,
    message: str,
    *,
    help: str | None = None,
    notes: tuple[str, ...] = (),
    span: Span | None = None,
) -> NoReturn:
    """Raise what was found.

    Raises:
        SpecError: the spec names the file.
        UsageError: the caller did.
    """
    diagnostic = Diagnostic(code, message, span or checkpoint.span, notes=notes, help=help)
    if diagnostic.span is not None:
        raise SpecError([diagnostic])
    raise UsageError(diagnostic)
