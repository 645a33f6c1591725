"""The zoo: the specs that ship with archspec, by name."""

from __future__ import annotations

import os

from archspec.errors import Diagnostic, SourceText, Span, SpecError, clip
from archspec.source.files import load_file
from archspec.source.home import ZOO, zoo_home
from archspec.suggest import nearest


def zoo_names() -> list[str]:
    """Every name of the zoo, sorted."""
    folder = zoo_home().folder
    assert folder is not None
    try:
        return sorted(name.removesuffix(".yaml") for name in os.listdir(folder) if name.endswith(".yaml"))
    except OSError:
        return []


def load_zoo(name: str, span: Span | None = None) -> SourceText:
    """The text of `zoo:resnet34`.

    Args:
        name: with its `zoo:`.
        span: where a spec names it; None if the caller does.

    Raises:
        SpecError: AS245, the zoo has no spec of that name.
    """
    word, folder = name.removeprefix(ZOO), zoo_home().folder
    known = zoo_names()
    if word not in known or folder is None:
        guess = nearest(word.removesuffix(".yaml"), known) or [word.removesuffix(".yaml")]
        help = f"did you mean `{ZOO}{guess[0]}`?" if guess[0] in known else "it has " + ", ".join(known)
        raise SpecError([Diagnostic("AS245", f"the zoo has no `{clip(word)}`", span, help=help)])
    return SourceText(name, load_file(os.path.join(folder, word + ".yaml")).text, included=span)
