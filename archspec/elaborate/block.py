"""An instance of one of the file's blocks."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any, TypeVar

from archspec.elaborate.arguments import Overrides, written
from archspec.elaborate.context import Context
from archspec.elaborate.defaults import Defaults, defaults_in
from archspec.elaborate.environment import Environment, Value, as_data, within
from archspec.elaborate.instances import Inside, copied, key_of, remember
from archspec.elaborate.outputs import block_outputs
from archspec.elaborate.places import Frame
from archspec.elaborate.positional import named, takes_list
from archspec.elaborate.scope import NOTHING, OpenScope, Placed, open_scope
from archspec.elaborate.sequence import fill
from archspec.elaborate.skip import Skip, projected
from archspec.elaborate.variables import block_arguments
from archspec.errors import Diagnostic, SpecError, clip
from archspec.source.tree import Node, Sequence
from archspec.spec.document import Block, Entry, KindUse
from archspec.suggest import is_slip, nearest, respelled

_T = TypeVar("_T")


def place_block(
    context: Context,
    block: Block,
    entry: Entry,
    use: KindUse,
    environment: Environment,
    inputs: tuple[Value, ...],
    name: str,
    path: str,
    overrides: Overrides,
    skip: Skip | None,
) -> Placed:
    """The scope of one instance, with the parameters that it is given."""
    kind = str(block.name.value)
    known = {str(parameter.name.value) for parameter in block.parameters}
    primary = str(block.parameters[0].name.value) if block.parameters else None
    given = written(context, use.kind, _arguments(context, block, use), primary, ())
    if given is None or block.broken:
        return NOTHING
    nodes, overrides = _as_meant(given.nodes, known), _as_meant(overrides, known)
    if not known.issuperset({*nodes, *overrides}):  # reported by the check of kinds
        given.evaluate(context, environment, overrides)
        return NOTHING  # this would be another block
    names_inside = within(context.globals)
    own = defaults_in(context, block, names_inside)
    arguments = block_arguments(context, use.kind, block, nodes, overrides, environment, own)
    names_inside |= arguments
    if context.blind:
        return NOTHING  # what is inside is checked where it is used
    names = [str(scalar.value) for scalar in block.inputs] or ["input"]
    if len(names) != len(inputs):
        _wrong_count(context, kind, names, inputs, entry, use)
        return NOTHING
    _refuse_recursion(context, kind, use)
    shown = {key: as_data(value) for key, value in arguments.items()}
    scope = open_scope(context, name, path, "block", use.kind.span, inputs, names, kind, shown)
    context.open_blocks.append(kind)
    context.used_blocks.add(kind)
    context.outside.append(environment)
    try:
        with context.inside(Frame(f"`{kind}`", path, use.kind.span), use.kind.span):
            return _body(context, block, scope, arguments, names_inside, own, skip)
    finally:
        context.open_blocks.pop()
        context.outside.pop()


def _arguments(context: Context, block: Block, use: KindUse) -> Node | None:
    """The arguments; a list for a parameter that is none, by their places."""
    names = [str(parameter.name.value) for parameter in block.parameters]
    if not isinstance(use.arguments, Sequence) or not names or takes_list(block.parameters[0]):
        return use.arguments
    return named(context, str(use.kind.value), names, use.arguments) or use.arguments


def _as_meant(given: Mapping[str, _T], known: Set[str]) -> Mapping[str, _T]:
    """The arguments with each name that can only be a slip of another, which is reported, as that one."""
    if given.keys() <= known:
        return given
    meant = {name: next(iter(nearest(name, known)), name) for name in given if name not in known}
    return {
        meant[name] if name in meant and meant[name] not in given and is_slip(name, meant[name], known) else name: value
        for name, value in given.items()
    }


def _body(
    context: Context,
    block: Block,
    scope: OpenScope,
    arguments: dict[str, object],
    variables: Mapping[str, Any],
    own: Defaults | None,
    skip: Skip | None,
) -> Placed:
    key = None if skip is not None else key_of(context, block, arguments, scope)
    known = None if key is None else context.instances.get(key)
    copy = None if known is None else copied(context, known, scope)
    if copy is not None:
        scope.order = copy.order
        return scope.close(copy.nodes, copy.results)
    before = context.mark()
    values = scope.values()
    inside = Environment(variables, values, tuple(values.values()), forward=scope.path, defaults=own)
    nodes = fill(context, block.entries, inside, scope.path)
    scope.order = _order(context, block, inside)
    results = block_outputs(context, block.outputs, inside)
    if skip is not None:
        return projected(context, scope, nodes, inside, results, skip)
    if key is not None and known is None:
        remember(context, key, before, scope, Inside(nodes, scope.order, results, arguments))
    return scope.close(nodes, results)


def _order(context: Context, block: Block, inside: Environment) -> tuple[str, ...]:
    """The names in `order`, each that of an entry."""
    for name in block.order:
        if str(name.value) not in inside.bindings:
            guess = nearest(str(name.value), inside.bindings)
            help = f"did you mean `{guess[0]}`?" if guess else "name entries of the block"
            edit = respelled(name.span, str(name.value), guess[0], inside.bindings) if guess else None
            message = f"`{block.name.value}` has no entry `{clip(str(name.value))}` to put in order"
            context.fault(Diagnostic("AS205", message, name.span, help=help, edit=edit))
    return tuple(str(name.value) for name in block.order)


def _wrong_count(
    context: Context, kind: str, names: list[str], inputs: tuple[Value, ...], entry: Entry, use: KindUse
) -> None:
    listed = ", ".join(f"`{name}`" for name in names)
    wants = f"one input, {listed}" if len(names) == 1 else f"{len(names)} inputs, {listed}"
    from_ = entry.modifiers.from_
    context.fault(
        Diagnostic(
            "AS308",
            f"`{kind}` takes {wants}, but receives {len(inputs)}",
            use.kind.span if from_ is None else from_.span,
            help=f"write `from: [{', '.join(names)}]` with a value for each"
            if len(names) > 1
            else "give it one value, or join them first with `concat` or `add`",
        )
    )


def _refuse_recursion(context: Context, kind: str, use: KindUse) -> None:
    if kind in context.open_blocks:
        path = [*context.open_blocks[context.open_blocks.index(kind) :], kind]
        raise SpecError(
            [
                Diagnostic(
                    "AS209",
                    "blocks contain themselves: " + " → ".join(f"`{name}`" for name in path),
                    use.kind.span,
                    help="write the innermost one without the outermost",
                )
            ]
        )
