"""Which parameters each group of a recipe has, and groups that have none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from archspec import globs
from archspec.elaborate.unmatched import matches_nothing
from archspec.elaborate.weights import MOST_MATCHES
from archspec.errors import Diagnostic
from archspec.spec.recipe import ParamGroup


def group_of(groups: Sequence[ParamGroup], names: Iterable[str]) -> int | None:
    """The last group that matches one of a parameter's names (a shared one has several); None: the rest."""
    names = tuple(names)
    fitting = (index for index in reversed(range(len(groups))) if _fits(groups[index], names))
    return next(fitting, None)


def check_param_groups(groups: Sequence[ParamGroup], names: Sequence[str], frozen: Collection[str]) -> list[Diagnostic]:
    """A fault for each glob that matches nothing, and a warning for each group that is left with nothing.

    Args:
        groups: of the recipe.
        names: of all parameters of the model.
        frozen: those of them that are not trained.
    """
    if not groups:
        return []
    count = sum(len(group.match) for group in groups)
    if count * sum(map(globs.cost, names)) > MOST_MATCHES:
        message = f"{count:,} globs of `param_groups` for so many parameters are too many to try"
        return [Diagnostic("AS701", message, groups[0].span, help="join them by a wider glob")]
    faults = [
        matches_nothing("AS510", glob, span, names)
        for group in groups
        for glob, span in zip(group.match, group.globs or [None] * len(group.match), strict=True)
        if not any(globs.matches(glob, name) for name in names)
    ]
    taken = {name: group_of(groups, [name]) for name in names}
    owned: dict[int | None, list[str]] = defaultdict(list)
    for name, index in taken.items():
        owned[index].append(name)
    for index, group in enumerate(groups):
        own = owned[index]
        if any(name not in frozen for name in own) or not _matched(group, names):
            continue
        why = "is frozen" if own else "is in a later group, which wins"
        help = "leave the group out, or do not freeze its parameters" if own else "put it behind the wider group"
        message = f"this parameter group is left with nothing: all that it matches {why}"
        faults.append(Diagnostic("AS530", message, group.span, help=help, severity="warning"))
    return faults


def _matched(group: ParamGroup, names: Iterable[str]) -> bool:
    return any(_fits(group, [name]) for name in names)


def _fits(group: ParamGroup, names: Sequence[str]) -> bool:
    return any(globs.matches(glob, name) for glob in group.match for name in names)
