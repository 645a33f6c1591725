"""A recipe in a file of its own: what a `train` section says, at the top level."""

from __future__ import annotations

from archspec.errors import SourceText, Span, SpecError
from archspec.source import read
from archspec.source.tree import Mapping, Node, describe
from archspec.spec.overrides import Override
from archspec.spec.read import KEYS, check_version
from archspec.spec.read_recipe import FIELDS
from archspec.spec.reader import Reader

_VERSION = "archspec"


def is_recipe(tree: Node) -> bool:
    """Whether a file says how to train and nothing of a model."""
    if not isinstance(tree, Mapping):
        return False
    words = {key.value for key, _ in tree} - {_VERSION}
    return not words.isdisjoint(FIELDS) and words.isdisjoint(KEYS)


def section_of(reader: Reader, tree: Node) -> Mapping:
    """The `train` section that a recipe file is; what keeps it from being one is recorded."""
    if not isinstance(tree, Mapping):
        help = "write what a `train` section says: `archspec: 1`, `data: …`, `epochs: …`"
        reader.fault("AS101", f"a recipe must be a mapping, found {describe(tree)}", tree.span, help=help)
        return Mapping((), tree.span)
    check_version(reader, tree, "the recipe")
    for key, _ in tree:
        if key.value != _VERSION and key.value in KEYS:
            message = f"a recipe has no key `{key.value}`: that is of a spec"
            help = "write what is in `train` at the top level" if key.value == "train" else "leave it out"
            reader.fault("AS102", message, key.span, help=help)
    said = tuple((key, value) for key, value in tree if key.value not in KEYS)
    return Mapping(said, tree.span)


def recipe_override(text: SourceText) -> Override:
    """A recipe as a setting of the whole `train` section.

    Raises:
        SpecError: it cannot be read, or is no recipe.
    """
    reader = Reader()
    section = section_of(reader, read(text))
    if reader.faults:
        raise SpecError(reader.faults)
    return Override("train", Span(text, 0, 0), section)
