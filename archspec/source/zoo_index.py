"""Which networks the zoo has, by name. Looked up for a name that is given, and to suggest one that may be meant."""

from __future__ import annotations

import os
from typing import Any

SUFFIX = ".yaml"


def zoo_folder() -> str:
    """Where the specs are: in the installed package, or beside it in a checkout."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    inside = os.path.join(package, "zoo")
    return os.path.realpath(inside if os.path.isdir(inside) else os.path.join(os.path.dirname(package), "specs"))


def zoo_files() -> dict[str, str]:
    """The path of each spec by its name, which is unique whatever folder of the zoo it lies in."""
    return {
        name.removesuffix(SUFFIX): os.path.join(folder, name)
        for folder, _, names in os.walk(zoo_folder())
        for name in sorted(names)
        if name.endswith(SUFFIX)
    }


def zoo_names() -> dict[str, tuple[str, dict[str, Any]]]:
    """What names.json has: by name, the file that it means and the values of its variables."""
    return {name: next(iter(meant.items())) for name, meant in zoo_data("names.json").items()}


def zoo_data(file: str) -> dict[str, Any]:
    """One of the zoo's tables."""
    import json  # a spec that names a file of the zoo, or none, has no use for it

    with open(os.path.join(zoo_folder(), file), encoding="utf-8") as opened:
        found: dict[str, Any] = json.load(opened)
    return found
