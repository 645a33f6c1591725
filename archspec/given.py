"""A spec in any of the forms in which it can be given: its text, and what the paths in it mean."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

from archspec import source
from archspec.errors import SourceText
from archspec.source.home import ZOO, Home, home_of_file, home_of_text
from archspec.source.zoo import load_zoo, zoo_home
from archspec.spec.overrides import Override
from archspec.spec.recipe_file import recipe_override
from archspec.spec.settings import override_from_text, overrides_from_values

Path = str | os.PathLike[str]
Spec = Path | Mapping[str, Any] | BinaryIO | SourceText


def text_of(spec: Spec) -> SourceText:
    """The text of a spec, whatever form it is given in.

    Raises:
        SpecError: there is no such file, or it cannot be read as text; or the dict holds more than plain data.
    """
    if isinstance(spec, Mapping):
        return source.from_data(spec)
    if isinstance(spec, SourceText):
        return spec
    if isinstance(spec, str) and "\n" in spec:
        return SourceText("<text>", spec)
    if isinstance(spec, str) and spec.startswith(ZOO):
        return load_zoo(spec)
    if isinstance(spec, (str, os.PathLike)):
        return source.load_file(spec)
    if hasattr(spec, "read"):
        return source.load_stream(spec)
    raise TypeError(f"a spec is a path, a text, a dict or an open binary file, not {type(spec).__name__}")


def home_of(spec: Spec, allow_roots: Sequence[Path] = ()) -> Home:
    """What the paths in a spec mean, whatever form it is given in."""
    if isinstance(spec, SourceText) and not spec.name.startswith("<"):
        spec = spec.name
    if isinstance(spec, str) and spec.startswith(ZOO) and "\n" not in spec:
        return zoo_home(spec)
    if isinstance(spec, os.PathLike) or (isinstance(spec, str) and "\n" not in spec):
        return home_of_file(spec, allow_roots)
    return home_of_text(allow_roots)


def overrides_of(set: Sequence[str], recipe: Spec | None, variables: Mapping[str, Any]) -> tuple[Override, ...]:
    """All that a caller sets, in the order in which it is: the recipe first."""
    whole = () if recipe is None else (recipe_override(text_of(recipe)),)
    return (*whole, *map(override_from_text, set), *overrides_from_values(variables))
