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
from archspec.source.zoo_index import SUFFIX, zoo_data, zoo_files, zoo_folder, zoo_names
from archspec.suggest import nearest


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
        for name, each in zoo_data("figures.json").items()
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


def _unknown(word: str, known: list[str], span: Span | None) -> SpecError:
    bare = word.removesuffix(SUFFIX)
    guess = [bare] if bare in known else nearest(bare, known, limit=3)
    if guess:
        *others, last = (f"`{ZOO}{name}`" for name in guess)
        help = f"did you mean {', '.join(others)}{' or ' if others else ''}{last}?"
    else:
        help = "`archspec list` shows what it has"
    return SpecError([Diagnostic("AS245", f"the zoo has no `{clip(word)}`", span, help=help)])
