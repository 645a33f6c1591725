"""Specs with one random fault of form, or none: the fault may happen to be another good spec."""

from __future__ import annotations

import copy
import random
from typing import Any

from archspec.ops.registry import find, kinds
from archspec.spec.document import BODIES, MODIFIERS
from tests.fuzz.mutate import misspelt
from tests.fuzz.shrink import Where, at, places, replaced

Spec = dict[str, Any]

_VALUES: tuple[Any, ...] = (
    *(None, True, False, "64", "yes", "word", "input", "Conv2d", "$nope", "$(1 + 1)", "same", ""),
    *(0, -1, -3, 1, 2, 2.5, 0.1, 64.0, 1.5e-3, 10**7),
    *([], [1, 2, 3], [1, "a"], [[1]], ["input", "input"], [0, 1], [0.5], ["input"], ["N", -1], [0], [3, 3]),
    *({}, {"a": 1}, {"ReLU": None}, {"Conv2d": {"out_channels": 4, "kernel_size": 3}}, {"weight": "ones"}),
)
_KEYS = (
    *MODIFIERS,
    *BODIES,
    "stride",
    "extra",
    "Conv2d",
    "padding",
    "description",
    "type",
    "shape",
    "input",
    "vars",
    "defaults",
)


def mutated(spec: Spec, draw: random.Random) -> Spec | None:
    """The spec with one change at a random place; None where the change that was drawn finds nothing to do there."""
    where = draw.choice(list(places(spec)))
    return draw.choice((_misspell_key, _change_value, _change_type, _change_type, _delete, _add))(spec, where, draw)


def _misspell_key(spec: Spec, where: Where, draw: random.Random) -> Spec | None:
    if not isinstance(where[-1], str) or not where[-1]:
        return None
    word = misspelt(where[-1], draw)
    made = copy.deepcopy(spec)
    holder = at(made, where[:-1])
    items = [(word if key == where[-1] else key, value) for key, value in holder.items()]
    holder.clear()
    holder.update(items)
    return made


def _change_value(spec: Spec, where: Where, draw: random.Random) -> Spec | None:
    value = at(spec, where)
    if isinstance(value, str) and value:
        return replaced(spec, where, misspelt(value, draw))
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return replaced(spec, where, draw.choice([0, -1, value + 1, -value, value * 1000, str(value)]))
    return replaced(spec, where, not value) if isinstance(value, bool) else None


def _change_type(spec: Spec, where: Where, draw: random.Random) -> Spec | None:
    return replaced(spec, where, draw.choice(_VALUES))


def _delete(spec: Spec, where: Where, draw: random.Random) -> Spec | None:
    made = copy.deepcopy(spec)
    del at(made, where[:-1])[where[-1]]
    return made


def _add(spec: Spec, where: Where, draw: random.Random) -> Spec | None:
    made = copy.deepcopy(spec)
    holder = at(made, where)
    if not isinstance(holder, dict):
        return None
    holder[draw.choice(_KEYS)] = draw.choice(_VALUES)
    return made


def of_each_kind() -> list[Spec]:
    """One small spec per kind of the catalogue, with all that the kind needs. Its input may not fit."""
    made: list[Spec] = []
    for op in map(find, kinds()):
        assert op is not None
        arguments = {arg.name: _as_data(arg.example) for arg in op.args if arg.is_required}
        inputs = {"from": ["input"] * len(op.inputs)} if len(op.inputs) > 1 else {}
        layers = {"first": {op.name: arguments, **inputs}}
        made.append({"archspec": 1, "input": [8, 8, 8], "layers": layers})
    return made


def _as_data(value: Any) -> Any:
    return [_as_data(item) for item in value] if isinstance(value, (tuple, list)) else value
