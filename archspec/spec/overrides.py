"""`--set name=value`: another value for a variable, the input, or anything in the `train` section."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from archspec.errors import Diagnostic, Edit, Span, SpecError, clip
from archspec.records import record
from archspec.source.tree import Mapping, Node, Scalar
from archspec.spec.read_parameters import is_type
from archspec.spec.recipe import Recipe
from archspec.suggest import nearest

_OF_TRAIN = {each.name for each in fields(Recipe)} - {"spans"}


@record
class Override:
    """One setting: the dotted path as written, its place, and the value."""

    path: str
    span: Span
    value: Node


def apply_overrides(tree: Mapping, overrides: Sequence[Override]) -> Mapping:
    """The tree with every override in place.

    Raises:
        SpecError: AS109, an override names nothing that can be set.
    """
    faults: list[Diagnostic] = []
    for override in overrides:
        head, *rest = override.path.split(".")
        if head == "train" and (rest or isinstance(override.value, Mapping)):
            tree = _set(tree, [head, *rest], override)
        elif head == "vars" and len(rest) == 1 and _is_variable(tree, rest[0]):
            tree = _set_variable(tree, rest[0], override)
        elif not rest and _is_variable(tree, head):
            tree = _set_variable(tree, head, override)
        elif not rest and head == "input" and tree.get("inputs") is None:
            tree = _set_input(tree, override)
        elif not rest and head == "name":
            tree = _set(tree, [head], override)
        else:
            faults.append(_unknown(tree, override))
    if faults:
        raise SpecError(faults)
    return tree


def _variables(tree: Mapping) -> list[str]:
    declared = tree.get("vars")
    return [str(key.value) for key, _ in declared] if isinstance(declared, Mapping) else []


def _is_variable(tree: Mapping, name: str) -> bool:
    return name in _variables(tree)


def _set_variable(tree: Mapping, name: str, override: Override) -> Mapping:
    """The tree with another value for a variable, whose declared type stays."""
    declared = tree.get("vars")
    old = declared.get(name) if isinstance(declared, Mapping) else None
    value, text = override.value, Scalar("str", override.span)
    if isinstance(old, Mapping) and old.get("type") is not None:
        return _set(tree, ["vars", name, "default"], override)
    if old is not None and is_type(old):
        value = _typed(old, override)
    elif isinstance(value, Scalar) and is_type(value):  # the word itself, and no declaration
        value = _typed(text, override)
    return _set(tree, ["vars", name], Override(override.path, override.span, value))


def _typed(type_: Node, override: Override) -> Mapping:
    pairs = ((Scalar("type", override.span), type_), (Scalar("default", override.span), override.value))
    return Mapping(pairs, override.span)


def _set_input(tree: Mapping, override: Override) -> Mapping:
    """The tree with another input; a bare shape leaves the element type as it is."""
    old = tree.get("input")
    long_form = isinstance(old, Mapping) and not isinstance(override.value, Mapping)
    return _set(tree, ["input", "shape"] if long_form else ["input"], override)


def _set(tree: Mapping, path: Sequence[str], override: Override) -> Mapping:
    """A copy of the tree in which the value at `path` is another; what is missing on the way is added."""
    head, *rest = path
    old = tree.get(head)
    if rest:
        inner = old if isinstance(old, Mapping) else Mapping((), override.span)
        new: Node = _set(inner, rest, override)
    else:
        new = override.value
    if old is None:
        key = Scalar(head, override.span)
        return Mapping((*tree.entries, (key, new)), tree.span)
    return Mapping(tuple((key, new if key.value == head else value) for key, value in tree), tree.span)


def _unknown(tree: Mapping, override: Override) -> Diagnostic:
    known = [*_variables(tree), *(["input", "name"] if tree.get("inputs") is None else ["name"])]
    guess = nearest(override.path, known)
    if override.path.partition(".")[0] in _OF_TRAIN:
        guess = [f"train.{override.path}"]
    if guess:
        help, edit = f"did you mean `{guess[0]}`?", Edit(override.span, guess[0])
    else:
        listed = ", ".join(f"`{name}`" for name in known)
        help, edit = f"what can be set: {listed}, and everything in `train`, e.g. `train.epochs=3`", None
    message = f"the spec has no variable `{clip(override.path)}`"
    return Diagnostic("AS109", message, override.span, help=help, edit=edit)
