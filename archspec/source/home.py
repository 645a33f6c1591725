"""Where the paths of a spec start from, and which folder trees they may lead into."""

from __future__ import annotations

import os
from collections.abc import Sequence

from archspec.records import record

ZOO = "zoo:"
"""The specs that ship with archspec are called `zoo:resnet34`."""


@record
class Home:
    """What a spec's own paths mean.

    Attributes:
        folder: the real path of the folder that they are relative to; None for a text, which has none.
        shown: how messages call that folder, as the caller wrote it.
        trees: real paths of the folders whose trees may be read.
        file: the spec itself, by a name which is the same by whatever path it is reached.
    """

    folder: str | None
    shown: str
    trees: tuple[str, ...]
    file: str = ""


NOWHERE = Home(None, "", ())
"""No path leads anywhere; the zoo can be reached from everywhere."""


def home_of_file(path: str | os.PathLike[str], allow_roots: Sequence[str | os.PathLike[str]] = ()) -> Home:
    """The home of a spec file: the folder in which the caller named it, and the roots that the caller allows."""
    shown = os.path.dirname(os.fspath(path))
    folder = os.path.realpath(shown or os.curdir)
    return Home(folder, shown, (folder, *_real(allow_roots)), os.path.realpath(os.fspath(path)))


def home_of_text(allow_roots: Sequence[str | os.PathLike[str]] = ()) -> Home:
    """The home of a text or a dict: the first root that the caller allows, or none."""
    if not allow_roots:
        return NOWHERE
    trees = _real(allow_roots)
    return Home(trees[0], os.fspath(allow_roots[0]), trees)


def _real(roots: Sequence[str | os.PathLike[str]]) -> tuple[str, ...]:
    return tuple(os.path.realpath(os.fspath(root)) for root in roots)
