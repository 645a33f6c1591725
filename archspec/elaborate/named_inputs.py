"""`from: {query: x, attn_mask: mask}`: inputs by the names that the layer or block has for them."""

from __future__ import annotations

from collections.abc import Sequence as Names
from typing import TypeAlias

from archspec.elaborate.context import Context
from archspec.elaborate.environment import NOWHERE, Environment, Value
from archspec.errors import Diagnostic, Edit, clip
from archspec.ops.entry import Op
from archspec.ops.registry import find
from archspec.source.tree import Mapping, Node, Scalar, Sequence
from archspec.spec.document import Entry, KindUse
from archspec.suggest import nearest

Values: TypeAlias = tuple[Value, ...]


def given_keywords(op: Op, entry: Entry) -> tuple[str, ...]:
    """Those among the op's keywords that `from` gives, in the op's order: they are the entry's last inputs."""
    node = entry.modifiers.from_
    if not op.keywords or not isinstance(node, Mapping):
        return ()
    given = _meant(node, (*op.inputs, *op.keywords))
    return tuple(name for name in op.keywords if name in given)


def told_apart(context: Context, op: Op, entry: Entry, shown: str, around: Environment, inputs: Values) -> Values:
    """The inputs; where the first entry of a scope of several does not say which one it takes, which is a fault, an
    unknown one."""
    unsaid = entry.modifiers.from_ is None and len(inputs) > 1 and inputs == around.previous
    if not unsaid or op.variadic or op.bare or len(inputs) <= len(op.inputs):
        return inputs
    names = next((tuple(scope.inputs) for scope in around.outward() if scope.inputs), ())
    if len(names) != len(inputs):
        return inputs
    assert isinstance(entry.body, KindUse)
    wants = "one input" if len(op.inputs) == 1 else f"{len(op.inputs)} inputs"
    listed = ", ".join(f"`{name}`" for name in names)
    message = f"`{shown}` takes {wants}, and does not say which of {listed}"
    help = f"write `from: {names[0]}` beside `{entry.body.kind.value}`, or merge them first"
    context.fault(Diagnostic("AS308", message, entry.body.kind.span, help=help))
    return (NOWHERE,) * len(op.inputs)


def in_order(context: Context, entry: Entry, node: Mapping) -> Sequence | None:
    """The inputs as a list in the order of the layer, function or block; None after a fault that hides one."""
    names = _names(context, entry)
    if names is None and _is_unknown(context, entry):
        return None  # reported by the check of kinds
    if names is None:
        message = "inputs are given by name to a layer, function or block that has names for them"
        help = "list them, `from: [a, b]`, or write the names inside, where the layer stands"
        context.fault(Diagnostic("AS205", message, node.span, help=help))
        return None
    positional, known = names
    for key, _ in node:
        if str(key.value) not in known:
            _unknown(context, entry, key, known)
    given = _meant(node, known)
    count = sum(name in given for name in positional)
    missing = next((name for name in positional[: max(count, 1)] if name not in given), None)
    if missing is None or len(given) < len(node):
        return Sequence(tuple(given[name] for name in known if name in given), node.span) if missing is None else None
    message = f"{_shown(entry)} needs `{missing}`, and `from` does not name it"
    help = f"write `{missing}: name`, or `{missing}: previous` for the entry before"
    context.fault(Diagnostic("AS308", message, node.span, help=help))
    return None


def _meant(node: Mapping, known: Names[str]) -> dict[str, Node]:
    """The references by the names that are meant; a misspelt one is the one that it comes nearest to."""
    given = {str(key.value): value for key, value in node if str(key.value) in known}
    for key, value in node:
        for guess in nearest(str(key.value), known) if str(key.value) not in known else ():
            given.setdefault(guess, value)
    return given


def _is_unknown(context: Context, entry: Entry) -> bool:
    if not isinstance(entry.body, KindUse):
        return False
    kind = str(entry.body.kind.value)
    return kind not in context.blocks and find(kind) is None


def _names(context: Context, entry: Entry) -> tuple[Names[str], Names[str]] | None:
    """The names of the inputs that have a place in a list, and those of all inputs."""
    if not isinstance(entry.body, KindUse):
        return None
    kind = str(entry.body.kind.value)
    block = context.blocks.get(kind)
    if block is not None:
        inputs = [str(name.value) for name in block.inputs] or ["input"]
        return inputs, inputs
    op = find(kind)
    return None if op is None or op.variadic or op.bare else (op.inputs, (*op.inputs, *op.keywords))


def _unknown(context: Context, entry: Entry, key: Scalar, known: Names[str]) -> None:
    word = str(key.value)
    guess = nearest(word, known)
    message = f"{_shown(entry)} has no input `{clip(word)}`"
    if guess:
        context.fault(
            Diagnostic("AS202", message, key.span, help=f"did you mean `{guess[0]}`?", edit=Edit(key.span, guess[0]))
        )
    else:
        listed = ", ".join(f"`{name}`" for name in known)
        context.fault(Diagnostic("AS202", message, key.span, help=f"it takes {listed}"))


def _shown(entry: Entry) -> str:
    assert isinstance(entry.body, KindUse)
    return f"`{entry.body.kind.value}`"
