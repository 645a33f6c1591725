"""A glob that matches no name, and what was meant: `conv1` as `conv1.*`, or the nearest beginning of a name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archspec.errors import Diagnostic, Edit, Span, clip
from archspec.suggest import nearest


def matches_nothing(code: str, written: str, span: Span | None, names: Sequence[str]) -> Diagnostic:
    """The fault.

    Args:
        code: what it is called here.
        written: the glob.
        span: where it stands.
        names: what it could have matched.
    """
    guess = next(_meant(written, names), None)
    message = f"`{clip(written)}` matches no parameter of the model"
    if guess is None:
        shown = ", ".join(f"`{name}`" for name in names[:3])
        help = f"names are like in the state dict: {shown}" if shown else "the model has no parameters"
        return Diagnostic(code, message, span, help=help)
    edit = None if span is None else Edit(span, _spelt(guess, span))
    return Diagnostic(code, message, span, help=f"did you mean `{guess}`?", edit=edit)


def _spelt(glob: str, span: Span) -> str:
    """In quotes where the old one has them, or has to have them."""
    return f'"{glob}"' if span.text[:1] in ("'", '"') or "*" in glob else glob


def _meant(written: str, names: Sequence[str]) -> Iterator[str]:
    stem = written.removesuffix("*").removesuffix(".")
    if any(name.startswith(f"{stem}.") for name in names):
        yield f"{stem}.*"
    prefixes = dict.fromkeys(prefix for name in names for prefix in _beginnings(name))
    for near in nearest(stem, prefixes):
        yield near if near in names else f"{near}.*"


def _beginnings(name: str) -> Iterator[str]:
    parts = name.split(".")
    for length in range(1, len(parts) + 1):
        yield ".".join(parts[:length])
