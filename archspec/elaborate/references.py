"""References: names of earlier values, dotted to go inward."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from archspec.elaborate.context import Context
from archspec.elaborate.cycles import cycle
from archspec.elaborate.environment import LOST, NOWHERE, Binding, Environment, Names, Value
from archspec.elaborate.expressions import UNKNOWN
from archspec.elaborate.values import evaluate
from archspec.errors import Diagnostic, Edit, Span, clip
from archspec.source.tree import Node, Scalar, Sequence, describe
from archspec.suggest import nearest

LONGEST_CYCLE = 12
EVERY = "*"
_OTHER_PORTS = {
    **dict.fromkeys(("hidden", "state", "h_n", "hn", "hx"), ("h",)),
    **dict.fromkeys(("cell", "c_n", "cn"), ("c",)),
    **dict.fromkeys(("out", "y", "sequence"), ("output",)),
    **dict.fromkeys(("attn", "attention", "attn_weights", "scores"), ("weights",)),
}
"""What people call the ports of layers."""


def resolve_all(context: Context, node: Node, environment: Environment, entry: str | None) -> tuple[Value, ...]:
    """The values that `from: a`, `from: [a, b]` or `from: a.*` means. `entry` is the name of the one that asks."""
    nodes = node.items if isinstance(node, Sequence) else (node,)
    context.spend(len(nodes), node.span)
    return tuple(value for item in nodes for value in _values(context, item, environment, entry))


def _values(context: Context, node: Node, environment: Environment, entry: str | None) -> tuple[Value, ...]:
    """What one reference means; with `*` in it, the values of all copies, branches or children that are there."""
    if not isinstance(node, Scalar) or EVERY not in str(node.value):
        return (resolve(context, node, environment, entry),)
    text = _text(context, node, environment)
    names = [] if text is None else _expanded(context, text.split("."), node.span, environment, entry)
    found = []
    for name in names:
        binding = _find(context, name, node.span, environment, entry)
        if binding is None:
            break  # one of them tells what all lack
        found.append(binding.first)
    return tuple(found) if found and len(found) == len(names) else (NOWHERE,)


def _expanded(context: Context, parts: list[str], span: Span, environment: Environment, entry: str | None) -> list[str]:
    """The reference once for each name that its `*` stand for; none after a fault."""
    if EVERY not in parts[1:]:
        return [".".join(parts)]
    at = parts.index(EVERY, 1)
    around = ".".join(parts[:at])
    binding = _find(context, around, span, environment, entry)
    if binding is None:
        return []
    inside = [name for name, inner in binding.inner.items() if not inner.absent]
    context.spend(len(inside), span)
    if not inside and (binding.first.type is not None or binding.closed is not None):
        _nothing_inside(context, binding, around, EVERY, span)
    return [
        name
        for child in inside
        for name in _expanded(context, [*parts[:at], child, *parts[at + 1 :]], span, environment, entry)
    ]


def resolve(context: Context, node: Node, environment: Environment, entry: str | None = None) -> Value:
    """The value that a reference means; `NOWHERE` after a fault."""
    binding = find_binding(context, node, environment, entry)
    return NOWHERE if binding is None else binding.first


class Later(NamedTuple):
    """What is said of a name that comes later, where it is no value that is taken."""

    reason: str
    help: str


def find_binding(
    context: Context, node: Node, environment: Environment, entry: str | None, later: Later | None = None
) -> Binding | None:
    """All that a reference means; None after a fault."""
    text = _text(context, node, environment)
    return None if text is None else _find(context, text, node.span, environment, entry, later)


def _text(context: Context, node: Node, environment: Environment) -> str | None:
    if not isinstance(node, Scalar):
        help = "write the name of an earlier entry, or `input`"
        context.fault(Diagnostic("AS205", f"a reference is a name, found {describe(node)}", node.span, help=help))
        return None
    if isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
        written = node.span.text  # `0` and `0.1` name numbered layers
        head = written.partition(".")[0]
        if environment.find(head) is not None or environment.declaring(head) is not None:
            return written
        context.fault(_counted(node, environment))
        return None
    value = evaluate(context, node, Names(environment))
    if value is UNKNOWN:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)  # a computed `0` names a numbered layer, as a written one does
    if not isinstance(value, str):
        help = "write the name of an earlier entry, or `input`"
        context.fault(Diagnostic("AS205", f"a reference is a name, found {describe(node)}", node.span, help=help))
        return None
    return value


def _counted(node: Scalar, environment: Environment) -> Diagnostic:
    """A row number, as in lists of layers that count backwards."""
    before = next((list(scope.bindings) for scope in environment.outward() if scope.declared), [])
    back = node.value if isinstance(node.value, int) and node.value < 0 else None
    message = f"a reference is a name, found {describe(node)}: layers are not counted"
    help, edit = "write the name of an earlier entry, or `previous` for the one before", None
    if back is None:
        help += f"; a number to compute with is the argument: `{{mul: {node.span.text}, from: a}}`"
    if back is not None and -back <= len(before):
        name = "previous" if back == -1 else before[back]
        help, edit = f"write `{name}`", Edit(node.span, name)
    elif back is not None:
        message += f", and only {_entries(len(before))} before this one"
    return Diagnostic("AS205", message, node.span, help=help, edit=edit)


def _entries(count: int) -> str:
    return "1 entry stands" if count == 1 else f"{count} entries stand"


def _find(
    context: Context, text: str, span: Span, environment: Environment, entry: str | None, later: Later | None = None
) -> Binding | None:
    head, *rest = text.split(".")
    whole = environment.find(text) if rest else None
    if whole is not None:
        return whole  # a layer whose name has a `.` in it, which is its fault
    binding = environment.find(head)
    if binding is None:
        _unknown(context, head, span, environment, entry, later)
        return None
    reached = head
    for part in rest:
        inward = _inward(binding, part)
        if inward is None:
            _nothing_inside(context, binding, reached, part, span)
            return None
        binding, reached = inward, f"{reached}.{part}"
    return binding


def _inward(binding: Binding, part: str) -> Binding | None:
    if part in binding.inner:
        return binding.inner[part]
    if part in binding.ports:
        return Binding({part: binding.ports[part]})
    return None


def _unknown(
    context: Context, name: str, span: Span, environment: Environment, entry: str | None, later: Later | None
) -> None:
    scope = environment.declaring(name)
    same = ("AS205", name, None if scope is None else scope.declared[name].span)
    if context.told_before(same, span):
        return
    removed = environment.removal(name)
    if removed is not None and scope is None:
        message = f"`{clip(name)}` is not there any more: it is removed in {removed.line_seen_from(span)}"
        help = "lay an entry over this one that takes something else by `from`, or keep what it takes"
        diagnostic = Diagnostic("AS205", message, span, help=help)
    elif scope is not None and name in (entry, scope.placing):
        message, help = f"`{name}` refers to itself", "refer to an earlier entry, or to `input`"
        diagnostic = Diagnostic("AS205", message, span, help=help)
    elif scope is not None:
        diagnostic = _later(name, span, scope, later)
    elif environment.beyond is not None and environment.beyond.find(name) is not None:
        message = f"`{clip(name)}` is not there yet: what a buffer holds is computed once, before there is an input"
        help = "compute it by an entry of its own, or begin with `arange` or `new_ones`; sizes of it can be asked for"
        diagnostic = Diagnostic("AS236", message, span, help=help)
    elif any(outside.find(name) is not None for outside in context.outside[-1:]):
        message = f"`{clip(name)}` is outside: a block sees its inputs only"
        help = f"add `{name}` to the `inputs` of `{context.open_blocks[-1]}`, and give it by `from` where it is used"
        diagnostic = Diagnostic("AS205", message, span, help=help)
    else:
        diagnostic = _nowhere(name, span, environment)
    context.fault(diagnostic, same=same, sure=not name.isdecimal())


def _later(name: str, span: Span, scope: Environment, later: Later | None) -> Diagnostic:
    line = scope.declared[name].place.line_seen_from(span)
    if later is not None:
        return Diagnostic("AS205", f"`{clip(name)}` comes later ({line}): {later.reason}", span, help=later.help)
    path = cycle(scope, name)
    if path is None:
        message = f"`{clip(name)}` comes later ({line}): a reference names something earlier"
        return Diagnostic("AS205", message, span, help=f"move `{clip(name)}` up, or this entry down")
    shown = [f"`{clip(step)}`" for step in path]
    if len(shown) > LONGEST_CYCLE:
        shown = [*shown[: LONGEST_CYCLE - 2], "…", shown[-1]]
    return Diagnostic(
        "AS225",
        f"these entries take each other's output: {' → '.join(shown)}",
        span,
        notes=(f"`{clip(name)}` stands in {line}",),
        help="let one of them take something that does not depend on it, such as `input`",
    )


def _nowhere(name: str, span: Span, environment: Environment) -> Diagnostic:
    known = environment.names_in_sight()
    guess = nearest(name, known)
    if guess:
        exact = span.text == name
        edit = Edit(span, guess[0]) if exact else None
        return Diagnostic(
            "AS205", f"nothing here is called `{clip(name)}`", span, help=f"did you mean `{guess[0]}`?", edit=edit
        )
    shown = ", ".join(f"`{other}`" for other in known[:8])
    help, edit = f"names in sight: {shown}", None
    inside = [each for each in known if name in _inner(environment, each)]
    if len(inside) == 1 and not name.isdecimal():
        help = f"it is inside `{inside[0]}`: write `{inside[0]}.{name}`"
        edit = Edit(span, f"{inside[0]}.{name}") if span.text == name else None
    return Diagnostic("AS205", f"nothing here is called `{clip(name)}`", span, help=help, edit=edit)


def _inner(environment: Environment, name: str) -> Mapping[str, Binding]:
    """What can be reached inside an entry in sight."""
    binding = environment.find(name)
    return {} if binding is None or binding.closed is not None else binding.inner


def _nothing_inside(context: Context, binding: Binding, reached: str, part: str, span: Span) -> None:
    if binding is LOST:
        return  # its fault is reported where it was made
    help, edit = None, None
    if part == EVERY and binding.inner:
        message = f"`{reached}.{EVERY}` is all that `{reached}` has inside, where one value is asked for"
        help = (
            f"choose one, `{reached}.{next(iter(binding.inner))}`, or merge them first: `{{concat: {reached}.{EVERY}}}`"
        )
    elif part == EVERY and binding.closed is None:
        message = f"`{reached}` has nothing inside that `{EVERY}` could stand for"
        help = f"`{EVERY}` stands for the copies of a repeat, the branches, or the entries of a sequence"
    elif binding.closed is not None:
        message = f"`{reached}` is a `{binding.closed}`: a reference cannot go into a block"
        help = f"name `{part}` in the `outputs` of `{binding.closed}`"
    else:
        inside = [*binding.inner, *(binding.ports if len(binding.ports) > 1 or not binding.inner else ())]
        message = f"`{reached}` has no `{clip(part)}` inside"
        guess = nearest(part, inside) or [each for each in _OTHER_PORTS.get(part, ()) if each in inside]
        if guess:
            help = f"did you mean `{reached}.{guess[0]}`?"
            edit = Edit(span, f"{reached}.{guess[0]}") if span.text == f"{reached}.{part}" else None
        elif not binding.inner and len(binding.ports) == 1:
            help, edit = f"write `{reached}`", Edit(span, reached) if span.text == f"{reached}.{part}" else None
        elif (copies := _copies_with(binding, part)) and span.text == f"{reached}.{part}":
            last = f"{reached}.{copies[-1]}.{part}"
            message = f"`{reached}` is {len(binding.inner)} copies, and each has a `{clip(part)}`"
            help = f"write `{last}` for the last one's, or `{reached}.*.{part}` for all, where several are taken"
            edit = Edit(span, last)
        else:
            help = "it has " + ", ".join(f"`{name}`" for name in inside[:8])
    context.fault(Diagnostic("AS205", message, span, help=help, edit=edit))


def _copies_with(binding: Binding, part: str) -> list[str]:
    """The copies of a repeat that have something of that name inside, if all have."""
    having = [name for name, inner in binding.inner.items() if part in inner.inner]
    return having if len(having) == len(binding.inner) else []
