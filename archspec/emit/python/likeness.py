"""Which instances one class can make: by the same lines, but for values of arguments and the classes of layers."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from archspec.emit.python.construct import Argument, Group, Instance, Layer, Tensor, Tree
from archspec.emit.python.parameters import Class
from archspec.emit.python.runs import common, ends_of

_SIMPLE, _GROUP = "simple", "group"


def shape_of(tree: Tree | None, class_of: Mapping[int, Class]) -> Hashable:
    """What of a tree is no argument's value. A layer that needs none, an activation say, is told with those it has."""
    if tree is None:
        return None
    if isinstance(tree, Instance):
        return class_of[tree.scope.id].name
    if isinstance(tree, Group):
        shapes = tuple(shape_of(child, class_of) for child in tree.children)
        is_run = tree.kind == "ModuleList" and len(set(shapes)) == 1
        return _GROUP, tree.kind, tree.names, ends_of(tree) if is_run else tree.keys, shapes
    if isinstance(tree, Tensor):
        return tree.kind, tree.made, tree.fill is None, tuple(argument.name for argument in tree.arguments)
    if is_simple(tree):
        return _SIMPLE, tree.target, tuple((argument.name, repr(argument.value)) for argument in said(tree))
    return tree.target, tuple(argument.name for argument in tree.arguments)


def are_alike(first: Hashable, second: Hashable) -> bool:
    """Whether one line makes both: simple layers of two classes have the same arguments, and their class is one."""
    if first == second:
        return True
    if not isinstance(first, tuple) or not isinstance(second, tuple) or len(first) != len(second):
        return False
    if first[0] == second[0] == _GROUP:
        return _are_groups_alike(first, second)
    if first[0] == second[0] == _SIMPLE:
        return bool(first[1] == second[1] or first[2] == second[2])
    return all(are_alike(mine, other) for mine, other in zip(first, second, strict=True))


def is_run(shape: Hashable) -> bool:
    """Whether something is a list of copies of one shape."""
    return isinstance(shape, tuple) and shape[:3] == (_GROUP, "ModuleList", None) and isinstance(shape[3], frozenset)


def are_runs(shapes: Collection[Hashable]) -> bool:
    """Whether lists of copies, each of copies of one shape, are written as one whatever their lengths."""
    runs = [shape for shape in shapes if isinstance(shape, tuple) and is_run(shape)]
    alike = len(runs) == len(shapes) and all(are_alike(run[4][0], runs[0][4][0]) for run in runs)
    return alike and common(run[3] for run in runs) is not None


def _are_groups_alike(first: tuple[Any, ...], second: tuple[Any, ...]) -> bool:
    """Whether two groups hold the same, or two sequences have some entries of one list of the spec."""
    (_, *mine, keys, children), (_, *others, other_keys, other_children) = first, second
    if mine != others and not (mine[0] == others[0] == "Sequential" and mine[1] is others[1] is None):
        return False
    if len(children) == len(other_children) and all(map(are_alike, children, other_children)):
        return True
    if mine[1] is not None or not (is_listed(keys) and is_listed(other_keys)) or set(keys).isdisjoint(other_keys):
        return False
    known = dict(zip(keys, children, strict=True))
    return all(
        are_alike(known[key], child) for key, child in zip(other_keys, other_children, strict=True) if key in known
    )


def is_listed(keys: Sequence[Any]) -> bool:
    """Whether entries stand one after the other in one file, and each in one place."""
    return len({source for source, _ in keys}) == 1 and all(a < b for (_, a), (_, b) in pairwise(keys))


def is_simple(layer: Layer) -> bool:
    """Whether a layer can be made without any argument."""
    return not any(argument.required for argument in layer.arguments)


def said(layer: Layer) -> list[Argument]:
    """The arguments that have other values than by themselves."""
    return [argument for argument in layer.arguments if argument.value != argument.default]
