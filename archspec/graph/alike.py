"""Whether two nodes are calls of one module: built alike, whatever the sizes of what they are given."""

from __future__ import annotations

from archspec.graph.nodes import Absent, Call, Node, Ref, Scope
from archspec.ops.code import BATCH
from archspec.ops.entry import Args
from archspec.tensors import Batch


def difference(first: Node, second: Node) -> str | None:
    """What keeps one module from being both, in words; None where nothing does."""
    return _difference(first, second, {})


def _difference(first: Node, second: Node, same: dict[int, int]) -> str | None:
    """`same` are the ids of the second's values that stand for values of the first, inside the two."""
    same[second.id] = first.id
    if isinstance(first, Call) and isinstance(second, Call):
        return _of_calls(first, second)
    if isinstance(first, Scope) and isinstance(second, Scope):
        return _of_scopes(first, second, same)
    if isinstance(first, Absent) and isinstance(second, Absent):
        return None
    return f"`{first.path}` would be there in one of the calls only"


def _of_calls(first: Call, second: Call) -> str | None:
    if first.op.name != second.op.name:
        return f"`{first.path}` is a `{first.op.name}`, and would be a `{second.op.name}`"
    alike = [state.shape for state in first.state.values()] == [state.shape for state in second.state.values()]
    joined = first.op.join(first.args, second.args)
    names = (name for name in first.args if name not in joined)
    differing = (name for name in names if first.args[name] != second.args.get(name))
    name = next((name for name in differing if not (alike and _only_sizes_state(first, name))), None)
    if name is not None:
        values = f"`{name}: {_shown(first.args, name)}`, and would need {_shown(second.args, name)}"
        return f"`{first.path}` has {values}"
    if len(first.outputs) != len(second.outputs):
        return f"`{first.path}` gives {len(first.outputs)} values, and would give {len(second.outputs)}"
    if not alike:
        return f"the parameters of `{first.path}` would have other shapes"
    if first.value is not None and second.value is not None and _of_scopes(first.value, second.value, {}) is not None:
        return f"`{first.path}` would hold other values"
    return None


def _only_sizes_state(call: Call, name: str) -> bool:
    """Whether an argument only says how large the parameters are, as `num_features` does: without any, no matter."""
    arg = call.op.arg(name)
    return arg is not None and arg.inferred is not None and arg.inferred.fixed


def _shown(args: Args, name: str) -> str:
    value = args.get(name)
    return f"[{', '.join(map(str, value))}]" if isinstance(value, tuple) else str(value)


def _of_scopes(first: Scope, second: Scope, same: dict[int, int]) -> str | None:
    built = (first.kind, first.block, first.copies and len(first.copies), len(first.parameters))
    if built != (second.kind, second.block, second.copies and len(second.copies), len(second.parameters)):
        return f"`{first.path}` would be built otherwise"
    for mine, theirs in zip(first.parameters, second.parameters, strict=True):
        same[theirs.id] = mine.id
    for inner, other in zip(first.body, second.body, strict=False):
        if inner.name != other.name:
            return f"`{inner.path}` would be there in one of the calls only"
        found = _difference(inner, other, same)
        if found is not None:
            return found
        if [_mapped(ref, same) for ref in other.inputs] != list(inner.inputs):
            return f"`{inner.path}` would take something else"
    if len(first.body) != len(second.body):
        return f"`{first.path}` would have another number of layers"
    if [_mapped(ref, same) for ref in second.results] != list(first.results):
        return f"`{first.path}` would give something else"
    if _asks_for_batch(first) and _batch_place(first) != _batch_place(second):
        return f"`{first.path}` would find the batch size in another dimension"
    return None


def _mapped(ref: Ref, same: dict[int, int]) -> Ref:
    return Ref(same.get(ref.id, ref.id), ref.port)


def _asks_for_batch(scope: Scope) -> bool:
    return any(
        isinstance(node, Call)
        and node.op.code is not None
        and BATCH in node.op.code(node.args, ("x",) * len(node.inputs))
        for node in scope.body
    )


def _batch_place(scope: Scope) -> tuple[int, int, int] | None:
    """Where its forward finds the batch size: the argument, its dimension, and how many times the batch that is."""
    places = (
        (index, dim, size.multiple)
        for index, parameter in enumerate(scope.parameters)
        for dim, size in enumerate(parameter.type.shape)
        if isinstance(size, Batch)
    )
    return next(places, None)
