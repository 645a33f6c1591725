"""The zoo: the specs that ship with archspec, by name.

A name is that of a file, `zoo:resnet34`, or one of names.json, `zoo:resnet101`: a file with other values for its
variables, which is the same as a spec of two lines that extends it.
"""

from __future__ import annotations

import os
from typing import Any

from archspec.errors import Diagnostic, SourceText, Span, SpecError, clip
from archspec.records import record
from archspec.source.files import load_file
from archspec.source.home import ZOO, Home
from archspec.suggest import nearest

_SUFFIX = ".yaml"


@record
class ZooEntry:
    """A network of the zoo.

    Attributes:
        name: as one writes it, `zoo:vgg16`.
        spec: its file in the folder of specs, `classification/vgg.yaml`.
        inputs: the shape of one sample of each input.
        num_params: its parameters.
        macs: multiply-accumulates of one sample.
    """

    name: str
    spec: str
    inputs: dict[str, tuple[int, ...]]
    num_params: int
    macs: int


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


def zoo_names() -> dict[str, tuple[str, dict[str, Any]]]:
    """What names.json has: by name, the file that it means and the values of its variables."""
    return {name: next(iter(meant.items())) for name, meant in _data("names.json").items()}


def list_zoo() -> tuple[ZooEntry, ...]:
    """Every network of the zoo, folder by folder. Nothing is compiled: the figures come with the specs."""
    return tuple(
        ZooEntry(
            ZOO + name,
            each["spec"],
            {word: tuple(shape) for word, shape in each["inputs"].items()},
            each["num_params"],
            each["macs"],
        )
        for name, each in _data("figures.json").items()
    )


def load_zoo(name: str, span: Span | None = None) -> SourceText:
    """The text of `zoo:resnet34`.

    Args:
        name: with its `zoo:`.
        span: where a spec names it; None if the caller does.

    Raises:
        SpecError: AS245, the zoo has no spec of that name.
    """
    word, files = name.removeprefix(ZOO), zoo_files()
    if word in files:
        return SourceText(name, load_file(files[word]).text, included=span)
    names = zoo_names()
    if word not in names:
        raise _unknown(word, [*files, *names], span)
    family, values = names[word]
    settings = "".join(f"  {variable}: {_written(value)}\n" for variable, value in values.items())
    text = f"archspec: 1\nextends: {ZOO}{family}\n" + (f"vars:\n{settings}" if settings else "")
    return SourceText(name, text, included=span)


def zoo_home(name: str) -> Home:
    """What the paths in `zoo:resnet34` mean."""
    folder = os.path.dirname(zoo_files().get(name.removeprefix(ZOO), ""))
    return Home(folder, folder, (zoo_folder(),), name)


def _written(value: Any) -> str:
    """A number, a truth value or a list of them, as YAML has them."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _data(file: str) -> dict[str, Any]:
    import json  # a spec that names a file of the zoo, or none, has no use for it

    with open(os.path.join(zoo_folder(), file), encoding="utf-8") as opened:
        found: dict[str, Any] = json.load(opened)
    return found


def _unknown(word: str, known: list[str], span: Span | None) -> SpecError:
    bare = word.removesuffix(_SUFFIX)
    guess = [bare] if bare in known else nearest(bare, known, limit=3)
    if guess:
        *others, last = (f"`{ZOO}{name}`" for name in guess)
        help = f"did you mean {', '.join(others)}{' or ' if others else ''}{last}?"
    else:
        help = "`archspec list` shows what it has"
    return SpecError([Diagnostic("AS245", f"the zoo has no `{clip(word)}`", span, help=help)])
