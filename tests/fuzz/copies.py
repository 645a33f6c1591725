"""Repeats as the interpreter runs them: chained copies, in a container of their own or in the list around them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from torch import Tensor

from tests.fuzz.layers import primary_of
from tests.fuzz.scope import Bound, Names, Refused, Scope, evaluate
from tests.fuzz.several import function_primary, is_function
from tests.fuzz.written import as_mapping

if TYPE_CHECKING:
    from tests.fuzz.interpret import Interpreter


def of_as_many(first: list[Tensor], again: Callable[[list[Tensor]], Bound]) -> Callable[[list[Tensor]], Bound]:
    """A further call, which takes as many inputs as the first one."""

    def call(inputs: list[Tensor]) -> Bound:
        if len(inputs) != len(first):
            raise Refused("another number of inputs")
        return again(inputs)

    return call


def checked_counts(repeat: Any) -> list[int]:
    counts = repeat if isinstance(repeat, list) else [repeat]
    if not counts or not all(isinstance(count, int) and count > 0 for count in counts):
        raise Refused("a repeat is a positive number")
    return counts


def place_inline(interpreter: Interpreter, scope: Scope, kind: str, arguments: Any, modifiers: dict[str, Any]) -> None:
    """Copies without a container: they, or the entries of a repeated sequence, are numbered on in the list."""
    counts = checked_counts(evaluate(modifiers["repeat"], scope.names, scope))
    for position, (stage, index) in enumerate((s, i) for s, count in enumerate(counts) for i in range(count)):
        place = {"stage": stage, "stages": len(counts), "total": sum(counts)}
        here = scope.names | place | {"index": index, "count": counts[stage], "position": position}
        offset = scope.offset + len(scope.bound)
        around = Scope(scope.path, {}, here, scope, previous=scope.previous, listed=True, offset=offset)
        if kind == "layers":
            interpreter.sequence(around, arguments)
        elif "when" not in modifiers or interpreter.condition(modifiers["when"], here, around):
            given = overridden(interpreter, around, here, kind, arguments, modifiers, counts, {})
            path = f"{scope.path}.{around.number}".lstrip(".")
            made = interpreter.one(around, here, path, kind, given, modifiers, around.previous)
            if not made.is_absent:
                interpreter.bind(around, around.number, made)
        scope.bound |= around.bound
        scope.previous = around.previous


def place_copies(
    interpreter: Interpreter,
    scope: Scope,
    name: str,
    kind: str,
    arguments: Any,
    modifiers: dict[str, Any],
    inputs: list[Tensor],
    moving: list[Any],
) -> None:
    """Chained copies; each stage is a list of its own, or an entry of its own where the name says `stage`."""

    seen = scope.as_now()

    def again(other: list[Tensor]) -> Bound:
        around = Scope(scope.path, {}, scope.names, seen, previous=other)
        with interpreter.further(calls):
            place_copies(interpreter, around, name, kind, arguments, modifiers, other, moving)
        return around.bound[name]

    start = len(interpreter.log)
    repeat = evaluate(modifiers["repeat"], scope.names, scope)
    own_names = repeat if isinstance(repeat, dict) else {}
    if own_names:
        repeat = len(own_names)
    counts = checked_counts(repeat)
    stages: dict[str, Bound] = {}
    value, named = inputs[0], "$" in name
    for stage, count in enumerate(counts):
        place = {"stage": stage, "stages": len(counts), "total": sum(counts)}
        own = str(evaluate(name, scope.names | place)) if named else name
        at = own if named or not isinstance(repeat, list) else f"{own}.{len(stages)}"
        done: dict[str, Bound] = {}
        for index in range(count):
            position = sum(counts[:stage]) + index
            here = scope.names | place | {"index": index, "count": count, "position": position}
            if "when" in modifiers and not interpreter.condition(modifiers["when"], here, scope):
                continue
            child = list(own_names)[index] if own_names else str(len(done))
            if "names" in modifiers:
                child = str(evaluate(modifiers["names"], here, scope))
            given = overridden(interpreter, scope, here, kind, arguments, modifiers, counts, own_names.get(child) or {})
            path = f"{scope.path}.{at}.{child}".lstrip(".")
            chain = [value, *inputs[1:]]
            around = Scope(scope.path, {}, here, scope, previous=chain)
            chosen = [interpreter.reference(around, reference, here) for reference in moving]
            copy = interpreter.one(scope, here, path, kind, given, modifiers, [*chain, *chosen])
            if copy.is_absent:
                continue
            if child in done:
                raise Refused("two copies of one name")
            done[child] = copy
            value = copy.first
        if done:
            stages[own if named else str(len(stages))] = Bound({"output": value}, done)
        elif named:
            stages[own] = Bound({"output": value})
    if named:
        if set(stages) & set(scope.bound):
            raise Refused("two entries of one name")
        scope.bound |= stages
        scope.previous = [value]
    elif not stages:
        interpreter.absent(scope, name, None, inputs)
    else:
        inner = stages if isinstance(repeat, list) else stages["0"].inner
        calls = interpreter.log[start:]
        path = f"{scope.path}.{name}".lstrip(".")
        interpreter.bind(scope, name, Bound({"output": value}, inner, again=of_as_many(inputs, again), path=path))


def overridden(
    interpreter: Interpreter,
    scope: Scope,
    here: Names,
    kind: str,
    arguments: Any,
    modifiers: dict[str, Any],
    counts: list[int],
    own: dict[str, Any],
) -> Any:
    """The arguments of one copy: later settings win."""
    changes: dict[str, Any] = {}
    lengths = {"per_stage": ("stage", [len(counts)]), "per_repeat": ("index", counts)}
    for modifier, (place, lengths_of) in lengths.items():
        for argument, written in modifiers.get(modifier, {}).items():
            values = evaluate(written, here, scope)
            if not isinstance(values, list) or len(values) != max(lengths_of):
                raise Refused(f"`{modifier}` has another number of values")
            changes[argument] = values[here[place]]
    if here["index"] == 0:
        changes |= modifiers.get("first", {})
    if here["index"] == here["count"] - 1:
        changes |= modifiers.get("last", {})
    changes |= own
    if not changes:
        return arguments
    if kind == "layers":
        raise Refused("a sequence has no arguments")
    if kind in interpreter.spec.get("blocks", {}):
        primary = next(iter(interpreter.spec["blocks"][kind].get("params", {})), None)
    else:
        primary = function_primary(kind) if is_function(kind) else primary_of(kind)
    return as_mapping(arguments, primary) | changes
