"""How many copies a `repeat` makes, where each stands, and what each is called."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import field
from itertools import accumulate
from typing import Any

from archspec.elaborate.context import Context
from archspec.elaborate.environment import Environment, Names
from archspec.elaborate.expressions import UNKNOWN
from archspec.elaborate.values import evaluate
from archspec.errors import Diagnostic, Edit, Span, clip
from archspec.records import record
from archspec.source.tree import Mapping as TreeMapping
from archspec.source.tree import Node as TreeNode
from archspec.source.tree import Scalar, Sequence, describe
from archspec.spec.document import Entry
from archspec.spec.names import layer_name_fault

MOST_COPIES = 100_000
MOST_STAGES = 1_024


@record
class Position:
    """Where a copy stands: in its stage and among all."""

    index: int
    count: int
    stage: int
    stages: int
    position: int
    total: int

    def variables(self) -> dict[str, int]:
        """The names that expressions in a copy may use."""
        return {
            "index": self.index,
            "count": self.count,
            "stage": self.stage,
            "stages": self.stages,
            "position": self.position,
            "total": self.total,
        }


@record
class Plan:
    """The counts of a repeat.

    Attributes:
        counts: one, or one per stage.
        named: the copies' names where it says them itself, each with the arguments that it overrides.
        before: how many copies stand before each stage, and at the end, how many there are.
    """

    counts: tuple[int, ...]
    staged: bool
    named: tuple[tuple[Scalar, TreeNode], ...] = ()
    before: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.before = tuple(accumulate(self.counts, initial=0))  # type: ignore[misc]  # once

    def position(self, stage: int, index: int) -> Position:
        """The place of copy `index` of a stage."""
        before, total = self.before[stage], self.before[-1]
        return Position(index, self.counts[stage], stage, len(self.counts), before + index, total)

    def positions(self) -> Iterator[Position]:
        """The places of all copies, in order."""
        for stage, count in enumerate(self.counts):
            yield from (self.position(stage, index) for index in range(count))


def plan(context: Context, entry: Entry, environment: Environment) -> Plan | None:
    """The checked counts; None after a fault."""
    node = entry.modifiers.repeat
    assert node is not None
    if isinstance(node, TreeMapping):
        return _named_plan(context, entry, node)
    value = evaluate(context, node, Names(environment))
    if value is UNKNOWN:
        return None
    counts = value if isinstance(value, list) else [value]
    if has_too_many_stages(context, node, counts):
        return None
    total = 0
    for index, count in enumerate(counts):
        good = isinstance(count, int) and not isinstance(count, bool) and count >= 1
        total += count if good else 0
        if not good or total > MOST_COPIES:
            at = node.items[index] if isinstance(node, Sequence) else node
            _bad_count(context, at, count)
            return None
    if not counts:
        _bad_count(context, node, None)
        return None
    return Plan(tuple(counts), isinstance(value, list))


def has_too_many_stages(context: Context, node: TreeNode, counts: list[Any]) -> bool:
    """Whether a `repeat` has more stages than are accepted; that is then a fault."""
    if len(counts) <= MOST_STAGES:
        return False
    message = f"`repeat` has at most {MOST_STAGES:,} stages, found {len(counts):,}"
    context.fault(Diagnostic("AS230", message, node.span, help="write fewer stages of more copies"))
    return True


def _named_plan(context: Context, entry: Entry, node: TreeMapping) -> Plan | None:
    names = entry.modifiers.keys.get("names")
    if names is not None:
        message = "the copies are named twice: by `names`, and by the keys of `repeat`"
        context.fault(Diagnostic("AS107", message, names.span, help="keep one of them"))
        return None
    if not len(node):
        _bad_count(context, node, None)
        return None
    good = True
    for key, overrides in node:
        good = _check_copy_name(context, str(key.value), key.span, ()) and good
        if not isinstance(overrides, TreeMapping) and not _is_null(overrides):
            message = f"`{key.value}` in `repeat` must be a mapping of arguments, found {describe(overrides)}"
            help = f"write `{key.value}: {{argument: value}}`, or `{key.value}: {{}}` to override nothing"
            context.fault(Diagnostic("AS101", message, overrides.span, help=help))
            good = False
    return Plan((len(node),), staged=False, named=node.entries) if good else None


def _is_null(node: TreeNode) -> bool:
    return isinstance(node, Scalar) and node.value is None


def copy_name(
    context: Context, entry: Entry, inside: Environment, planned: Plan, index: int, taken: Container[str]
) -> str | None:
    """What a copy of a ModuleDict is called; None after a fault."""
    if planned.named:
        return str(planned.named[index][0].value)
    node = entry.modifiers.names
    assert node is not None
    name = evaluate(context, node, Names(inside))
    if name is UNKNOWN:
        return None
    if isinstance(name, bool) or not isinstance(name, (str, int)):
        message = f"`names` must be a string with an expression in it, found {describe(node)}"
        help = "write e.g. `names: block$(index + 1)`"
        context.fault(Diagnostic("AS101", message, node.span, help=help))
        return None
    return str(name) if _check_copy_name(context, str(name), node.span, taken) else None


def _check_copy_name(context: Context, name: str, span: Span, taken: Container[str]) -> bool:
    fault = layer_name_fault(name)
    help = "choose another name"
    if fault is None and name in taken:
        fault, help = "another copy has that name", "use `$(index)` in it"
    if fault is not None:
        message = f"a copy cannot be called `{clip(name)}`: {fault}"
        context.fault(Diagnostic("AS106", message, span, help=help))
    return fault is None


_WHOLE = re.compile(r"(\d{1,9})(?:\.0*)?")


def _bad_count(context: Context, node: TreeNode, value: Any) -> None:
    found = f"{value}" if isinstance(value, (int, float)) else describe(node)
    message = f"`repeat` must be an integer from 1 to {MOST_COPIES:,}, or a list of one per stage, found {found}"
    help, edit = ("to leave an entry out, write `when: false`" if value == 0 else "write e.g. `repeat: 3`"), None
    written = _WHOLE.fullmatch(str(value)) if isinstance(node, Scalar) and "$" not in node.span.text else None
    if written is not None and 1 <= int(written[1]) <= MOST_COPIES and value is not True:
        help, edit = f"write `{int(written[1])}`", Edit(node.span, str(int(written[1])))
    elif written is None and "$" in node.span.text and isinstance(value, float):
        help = "`//` divides without a remainder, and `int(…)` makes a number whole"
    context.fault(Diagnostic("AS230", message, node.span, help=help, edit=edit))
