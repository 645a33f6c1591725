"""The zoo: the specs that ship with archspec, by name."""

from __future__ import annotations

import os

from archspec.errors import Diagnostic, SourceText, Span, SpecError, clip
from archspec.source.files import load_file
from archspec.source.home import ZOO, Home
from archspec.suggest import nearest

_SUFFIX = ".yaml"


def zoo_folder() -> str:
    """Where the specs are: in the installed package, or beside it in a checkout."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    inside = os.path.join(package, "zoo")
    return os.path.realpath(inside if os.path.isdir(inside) else os.path.join(os.path.dirname(package), "specs"))


def zoo_files() -> dict[str, str]:
    """The path of each spec by its name, which is unique whatever folder of the zoo it lies in."""
    return {
        name.removesuffix(_SUFFIX): os.path.join(folder, name)
        for folder, _, names in os.walk(zoo_folder())
        for name in sorted(names)
        if name.endswith(_SUFFIX)
    }


def load_zoo(name: str, span: Span | None = None) -> SourceText:
    """The text of `zoo:resnet34`.

    Args:
        name: with its `zoo:`.
        span: where a spec names it; None if the caller does.

    Raises:
        SpecError: AS245, the zoo has no spec of that name.
    """
    return SourceText(name, load_file(_path(name, span)).text, included=span)


def zoo_home(name: str) -> Home:
    """What the paths in `zoo:resnet34` mean."""
    folder = os.path.dirname(zoo_files().get(name.removeprefix(ZOO), ""))
    return Home(folder, folder, (zoo_folder(),), name)


def _path(name: str, span: Span | None) -> str:
    word, files = name.removeprefix(ZOO), zoo_files()
    if word in files:
        return files[word]
    bare = word.removesuffix(_SUFFIX)
    guess = [bare] if bare in files else nearest(bare, files)
    help = (
        f"did you mean `{ZOO}{guess[0]}`?" if guess else "it has " + ", ".join(f"`{other}`" for other in sorted(files))
    )
    raise SpecError([Diagnostic("AS245", f"the zoo has no `{clip(word)}`", span, help=help)])
