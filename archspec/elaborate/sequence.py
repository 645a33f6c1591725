"""Sequences: entries placed one after the other, named or numbered."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.elaborate.context import Context
from archspec.elaborate.copies import has_too_many_stages
from archspec.elaborate.environment import LOST, Environment, Names, Value
from archspec.elaborate.expressions import UNKNOWN
from archspec.elaborate.inline import is_inline, place_inline
from archspec.elaborate.scope import Placed, join, last_binding, open_scope
from archspec.elaborate.skip import Skip, projected
from archspec.elaborate.values import evaluate
from archspec.errors import Diagnostic, clip
from archspec.graph.nodes import Node
from archspec.source.tree import Scalar
from archspec.spec.document import Branches, Entries, Entry, Held, KindUse, Use
from archspec.spec.names import layer_name_fault


def fill(context: Context, entries: Entries, environment: Environment, path: str) -> list[Node]:
    """The nodes of all entries. Each entry is bound in `environment` and becomes what the next one takes."""
    return _fill(context, entries, environment, path, 0)[0]


def _fill(
    context: Context, entries: Entries, environment: Environment, path: str, number: int
) -> tuple[list[Node], int]:
    """The nodes of all entries, numbered from `number` on, and the next number."""
    names = [str(at) if item.name is None else str(item.name.value) for at, item in enumerate(entries.items)]
    environment.declared.update(zip(names, entries.items, strict=True))
    environment.removed.update({str(name.value): name.span for name in entries.removed})
    nodes: list[Node] = []
    is_certain = True
    for environment.placing, entry in zip(names, entries.items, strict=True):
        if is_inline(entry):
            made, number = place_inline(context, entry, environment, path, number, _fill)
            nodes += made
            continue
        result: Value | None = None
        for name, stage in _names(context, entry, environment, number):
            placed = context.place(context, entry, environment, name, join(path, name), stage, result)
            if placed.lost and all(value.type is not None for value in environment.previous):
                context.lose(name, join(path, name), _kind(entry), entry.span.line)
            nodes.extend(placed.nodes)
            if placed.dropped and entry.name is None:
                continue  # as if it were not in the list: the next one takes its number
            number += entry.name is None
            is_certain = is_certain and (entry.name is not None or not _may_be_absent(entry, placed))
            environment.bindings[name] = placed.binding if is_certain else LOST
            result = placed.binding.first
        if result is not None:  # `previous` is one thing to all stages
            environment.previous = (result,)
    return nodes, number


def _kind(entry: Entry) -> str:
    """What the entry would have become."""
    if isinstance(entry.body, KindUse):
        return str(entry.body.kind.value)
    if isinstance(entry.body, Held):
        return str(entry.body.reference.value)
    return {Branches: "branches", Use: "use"}.get(type(entry.body), "Sequential")


def _may_be_absent(entry: Entry, placed: Placed) -> bool:
    """Whether a fault hides if an entry is there, and with it the numbers of all that follow it in a list."""
    return entry.modifiers.when is not None and placed.lost


def _names(context: Context, entry: Entry, environment: Environment, number: int) -> Iterator[tuple[str, int | None]]:
    """What an entry is called, and with an expression in its name, each stage's name and number."""
    if entry.name is None:
        yield str(number), None
    elif "$" not in str(entry.name.value):
        plain = str(entry.name.value)
        if plain in environment.bindings:
            context.fault(_stage_again(entry.name, environment))
        else:
            yield plain, None
    else:
        stages = _stages(context, entry, environment)
        for stage in range(stages):
            name = _stage_name(context, entry, environment, stage, stages)
            if name is not None:
                yield name, stage


def _stage_again(name: Scalar, environment: Environment) -> Diagnostic:
    """A name that a stage has already; whoever extends a spec may mean that stage."""
    plain = clip(str(name.value))
    several = [made.name for made in environment.declared.values() if made.name is not None]
    staged = [key for key in several if "$" in str(key.value) and key.span.source is not name.span.source]
    message = f"a layer cannot be called `{plain}`: a stage of an entry before it has that name"
    help = "choose another name"
    if len(staged) == 1:
        entry = clip(str(staged[0].value))
        help = f"to change that stage, write what is to change under `{entry}`, the entry; for a new layer, {help}"
    return Diagnostic("AS106", message, name.span, help=help)


def _stages(context: Context, entry: Entry, environment: Environment) -> int:
    repeat = entry.modifiers.repeat
    assert entry.name is not None
    counts = None if repeat is None else evaluate(context, repeat, Names(environment))
    if counts is UNKNOWN:
        return 0
    if not isinstance(counts, list):
        context.fault(
            Diagnostic(
                "AS106",
                f"a layer cannot be called `{clip(str(entry.name.value))}`: only an entry with a list of stages, "
                "such as `repeat: [3, 4, 6, 3]`, has an expression in its name",
                entry.name.span,
                help="write the name out, or add `repeat: […]`",
            )
        )
        return 0
    assert repeat is not None
    if has_too_many_stages(context, repeat, counts):
        return 0
    if not counts:
        message = "`repeat` needs at least one stage, found an empty list"
        context.fault(Diagnostic("AS230", message, repeat.span, help="to leave an entry out, write `when: false`"))
    return len(counts)


def _stage_name(context: Context, entry: Entry, environment: Environment, stage: int, stages: int) -> str | None:
    assert entry.name is not None
    variables = {"stage": stage, "stages": stages}
    name = evaluate(context, entry.name, Names(environment.child(variables=variables)))
    if name is UNKNOWN:
        return None
    fault = layer_name_fault(str(name))
    if fault is None and str(name) in environment.bindings:
        fault = "another entry has that name"
    if fault is not None:
        message = f"stage {stage} would be called `{clip(str(name))}`: {fault}"
        context.fault(Diagnostic("AS106", message, entry.name.span, help="use `$(stage)` in the name"))
        return None
    return str(name)


def place_sequence(
    context: Context,
    entry: Entry,
    entries: Entries,
    environment: Environment,
    inputs: tuple[Value, ...],
    name: str,
    path: str,
    skip: Skip | None,
) -> Placed:
    """A scope that holds the entries. Its children can be referred to from outside."""
    scope = open_scope(context, name, path, "sequence", entry.place, inputs)
    values = scope.values()
    inside = environment.child(inputs=values, previous=tuple(values.values()), forward=path)
    nodes = fill(context, entries, inside, path)
    result = last_binding(inside)
    if skip is not None:
        return projected(context, scope, nodes, inside, result.ports, skip)
    return scope.close(nodes, result.ports, inner=inside.bindings)
