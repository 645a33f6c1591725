"""`branches`: the same input into each of several entries, and their results merged."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from archspec.elaborate.arguments import Given
from archspec.elaborate.call import apply_op
from archspec.elaborate.context import Context
from archspec.elaborate.environment import Binding, Environment, Names, Value, absent
from archspec.elaborate.expressions import UNKNOWN
from archspec.elaborate.scope import NOTHING, OpenScope, Placed, join, open_scope
from archspec.elaborate.values import evaluate
from archspec.errors import Diagnostic, Edit, Span
from archspec.graph.nodes import Node
from archspec.ops.entry import Op
from archspec.ops.registry import find
from archspec.source.tree import Mapping, Scalar, describe
from archspec.source.tree import Node as TreeNode
from archspec.spec.document import Branches, Entry
from archspec.suggest import nearest

_OPS = {"concat": "concat", "add": "add", "mul": "mul", "mean": "mean_of"}
MERGES = (*_OPS, "none")
_OTHER_WORDS = {"cat": "concat", "sum": "add", "plus": "add", "product": "mul", "avg": "mean", "average": "mean"}


class _Merge(NamedTuple):
    """How the branches are merged. `op` None: not at all, they stay several outputs."""

    op: Op | None
    given: dict[str, Given]
    span: Span


def place_branches(
    context: Context,
    entry: Entry,
    body: Branches,
    environment: Environment,
    inputs: tuple[Value, ...],
    name: str,
    path: str,
) -> Placed:
    """The scope of all branches, and behind it their merge, which the name then means."""
    merge = _read_merge(context, entry, environment)
    scope = open_scope(context, name, path, "branches", entry.place, inputs)
    nodes, inner = _fill(context, body, environment, scope)
    if merge is None:
        return NOTHING
    made = {child: binding.first for child, (binding, dropped) in inner.items() if not dropped}
    if not made:
        return Placed((), absent(inputs[0]), dropped=True)
    bindings = {child: binding for child, (binding, _) in inner.items()}
    placed = scope.close(nodes, made, inner=bindings, keyed=not body.entries.numbered)
    if merge.op is None or len(made) == 1:
        return placed
    values = tuple(made.values())
    words = f"the merge of `{name}`"
    merged = apply_op(context, merge.op, merge.given, values, f"{name}-merge", f"{path}-merge", words, merge.span)
    return Placed((*placed.nodes, *merged.nodes), replace(placed.binding, ports=merged.binding.ports))


def _fill(
    context: Context, body: Branches, environment: Environment, scope: OpenScope
) -> tuple[list[Node], dict[str, tuple[Binding, bool]]]:
    """The nodes of all branches, and what each became; with whether it is not there, its `when` being false."""
    inside = environment.child(previous=tuple(scope.values().values()))
    nodes: list[Node] = []
    inner: dict[str, tuple[Binding, bool]] = {}
    number = 0
    for item in body.entries.items:
        child = str(number) if item.name is None else str(item.name.value)
        if "$" in child:
            _no_template(context, item)
            continue
        placed = context.place(context, item, inside, child, join(scope.path, child), None)
        if not placed.dropped:
            nodes += placed.nodes
            number += 1
        if not placed.dropped or item.name is not None:
            inner[child] = (_stands_for_input(placed) if placed.dropped else placed.binding, placed.dropped)
    return nodes, inner


def _stands_for_input(placed: Placed) -> Binding:
    """What the name of a branch means that is not there. The scope does not keep the node that stands for it."""
    if not placed.nodes:
        return placed.binding
    (node,) = placed.nodes
    return absent(Value(node.inputs[0], node.outputs[0]))


def _no_template(context: Context, item: Entry) -> None:
    assert item.name is not None
    message = f"a branch has a plain name, found `{item.name.value}`"
    help = "write the branches out one by one; for stages that follow each other, use `repeat`"
    context.fault(Diagnostic("AS106", message, item.name.span, help=help))


def _read_merge(context: Context, entry: Entry, environment: Environment) -> _Merge | None:
    """The `merge` beside the branches, a word or `{word: {argument: value}}`; None after a fault."""
    node = entry.modifiers.merge
    if node is None:
        message = "`branches` need `merge`, which says what becomes of their results"
        help = "write `merge: concat` beside them, or " + ", ".join(f"`{word}`" for word in MERGES[1:])
        context.fault(Diagnostic("AS103", message, entry.place, help=help))
        return None
    word, arguments = _parts(context, node, environment)
    if word is None:
        return None
    op = find(_OPS[word]) if word != "none" else None
    given = _given(context, op, word, arguments, environment)
    align = entry.modifiers.align
    if given is not None and align is not None:
        if op is None or op.arg("align") is None or "align" in given:
            key = entry.modifiers.keys["align"]
            message = f"`align` says nothing here: `merge: {word}` has none, or it stands in `merge` too"
            context.fault(Diagnostic("AS105", message, key.span, help="remove `align`"))
            return None
        given["align"] = Given(evaluate(context, align, Names(environment)), align, entry.modifiers.keys["align"])
    return None if given is None else _Merge(op, given, node.span)


def _parts(context: Context, node: TreeNode, environment: Environment) -> tuple[str | None, TreeNode | None]:
    arguments: TreeNode | None = None
    word: object
    if isinstance(node, Mapping) and len(node) == 1:
        key, arguments = node.entries[0]
        at: TreeNode = key
        word = key.value
    else:
        at = node
        word = evaluate(context, node, Names(environment)) if isinstance(node, Scalar) else None
    if word is UNKNOWN:
        return None, None
    if isinstance(word, str) and word in MERGES:
        return word, arguments
    guess = nearest(str(at.value), MERGES) if isinstance(at, Scalar) else []
    guess = guess or [_OTHER_WORDS[word] for word in (str(word),) if word in _OTHER_WORDS]
    words = ", ".join(f"`{merge}`" for merge in MERGES)
    message = f"`merge` is one of {words}, or `{{concat: {{dim: 1}}}}`, found {describe(at)}"
    help = f"did you mean `{guess[0]}`?" if guess else "write e.g. `merge: concat`"
    context.fault(Diagnostic("AS101", message, at.span, help=help, edit=Edit(at.span, guess[0]) if guess else None))
    return None, None


def _given(
    context: Context, op: Op | None, word: str, arguments: TreeNode | None, environment: Environment
) -> dict[str, Given] | None:
    if arguments is None or (isinstance(arguments, Scalar) and arguments.value is None):
        return {}
    if op is None or not isinstance(arguments, Mapping):
        wanted = "takes no arguments" if op is None else "takes a mapping of arguments"
        message = f"`merge: {word}` {wanted}, found {describe(arguments)}"
        help = f"write `merge: {word}`" + ("" if op is None else f", or `merge: {{{word}: {{argument: value}}}}`")
        context.fault(Diagnostic("AS204", message, arguments.span, help=help))
        return None
    names = Names(environment)
    good = True
    for key, _ in arguments:
        if op.arg(str(key.value)) is None:
            known = [arg.name for arg in op.args]
            guess = nearest(str(key.value), known)
            message = f"`{word}` has no argument `{key.value}`"
            help = f"did you mean `{guess[0]}`?" if guess else "it has " + ", ".join(f"`{name}`" for name in known)
            edit = Edit(key.span, guess[0]) if guess else None
            context.fault(Diagnostic("AS202", message, key.span, help=help, edit=edit))
            good = False
    if not good:
        return None
    return {str(key.value): Given(evaluate(context, value, names), value, key) for key, value in arguments}
