"""One fault put into a good spec, and what the checker has to make of it."""

from __future__ import annotations

import copy
import difflib
import random
from dataclasses import dataclass
from typing import Any

import yaml

import archspec
from archspec.errors import Diagnostic
from archspec.ops.registry import CATALOGUE
from tests.fuzz.judge import Disagreement, judge
from tests.fuzz.shrink import Where, at, places, replaced
from tests.fuzz.written import MODIFIERS

TYPO_KINDS = ("kind", "argument", "variable", "reference")
"""Faults that are one error each, at their own place."""
NUMBERS = ("size", "zero")
"""Faults, if they are any, of what a spec means and not of its form: what is refused has to fail in torch."""


@dataclass(frozen=True)
class Mutant:
    """A spec with one fault in it.

    Attributes:
        sort: what was done to it.
        spec: the faulty spec.
        line: the 1-based line of its text that was changed; None for a deletion.
    """

    sort: str
    spec: dict[str, Any]
    line: int | None

    @property
    def text(self) -> str:
        return text_of(self.spec)


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def text_of(spec: dict[str, Any]) -> str:
    """The spec as YAML, each key and item on a line of its own."""
    return yaml.dump(spec, Dumper=_Dumper, sort_keys=False, default_flow_style=False, width=10_000)


def mutant(spec: dict[str, Any], draw: random.Random) -> Mutant | None:
    """The spec with one random fault; None where the one that was drawn finds nothing to break."""
    sort = draw.choice([*TYPO_KINDS, "size", "size", "zero", "type", "delete"])
    changed = _SORTS[sort](spec, draw)
    if changed is None or changed == spec:
        return None
    line = None if sort == "delete" else _first_difference(text_of(spec), text_of(changed))
    return Mutant(sort, changed, line)


def _first_difference(text: str, other: str) -> int | None:
    lines = zip(text.splitlines(), other.splitlines(), strict=False)
    return next((number for number, (a, b) in enumerate(lines, 1) if a != b), None)


def misspelt(word: str, draw: random.Random) -> str:
    """The word with one letter doubled, dropped or swapped."""
    index = draw.randrange(len(word))
    return draw.choice([word[:index] + word[index] + word[index:], word[:index] + "q" + word[index + 1 :], word + "x"])


def _kinds(spec: dict[str, Any]) -> list[Where]:
    """Where the kinds stand: as a key or as a whole entry."""
    known = {*CATALOGUE, *spec.get("blocks", {})}
    found = []
    for where in places(spec):
        if where[0] not in ("layers", "blocks") or "params" in where:
            continue
        value = at(spec, where)
        if where[-1] in known and isinstance(where[-1], str) and len(where) > 2:
            holder = at(spec, where[:-1])
            if sum(key not in MODIFIERS for key in holder) == 1 and where[-2] not in ("layers", "blocks"):
                found.append(where)
        elif isinstance(value, str) and value in known and where[-1] not in MODIFIERS and where[-2] not in known:
            found.append(where)
    return found


def _renamed(spec: dict[str, Any], where: Where, name: str) -> dict[str, Any]:
    """The spec with one key renamed, in its place."""
    made = copy.deepcopy(spec)
    holder = at(made, where[:-1])
    items = [(name if key == where[-1] else key, value) for key, value in holder.items()]
    holder.clear()
    holder.update(items)
    return made


def _misspell_kind(spec: dict[str, Any], draw: random.Random) -> dict[str, Any] | None:
    if not (found := _kinds(spec)):
        return None
    where = draw.choice(found)
    known = {*CATALOGUE, *spec.get("blocks", {})}
    word = misspelt(str(where[-1] if where[-1] in known else at(spec, where)), draw)
    if word in known:
        return None
    return _renamed(spec, where, word) if where[-1] in known else replaced(spec, where, word)


def _misspell_argument(spec: dict[str, Any], draw: random.Random) -> dict[str, Any] | None:
    found = [
        where
        for where in places(spec)
        if len(where) > 2 and where[-2] in CATALOGUE and isinstance(at(spec, where[:-1]), dict)
    ]
    found = [where for where in found if where[-1] in {arg.name for arg in CATALOGUE[str(where[-2])].args}]
    if not found:
        return None
    where = draw.choice(found)
    word = misspelt(str(where[-1]), draw)
    return None if word in {arg.name for arg in CATALOGUE[str(where[-2])].args} else _renamed(spec, where, word)


def _misspell_variable(spec: dict[str, Any], draw: random.Random) -> dict[str, Any] | None:
    found = [
        where
        for where in places(spec)
        if isinstance(value := at(spec, where), str) and value.startswith("$") and value[1:].isidentifier()
    ]
    if not found:
        return None
    where = draw.choice(found)
    return replaced(spec, where, f"${misspelt(at(spec, where)[1:], draw)}")


def _references(spec: dict[str, Any]) -> list[Where]:
    merges = [op.name for op in CATALOGUE.values() if op.variadic or len(op.inputs) > 1]
    return [
        where
        for where in places(spec)
        if where[0] in ("layers", "blocks")
        and isinstance(at(spec, where), str)
        and (where[-1] == "from" or (len(where) > 2 and (where[-2] == "from" or where[-2] in merges)))
    ]


def _misspell_reference(spec: dict[str, Any], draw: random.Random) -> dict[str, Any] | None:
    found = _references(spec)
    if not found:
        return None
    where = draw.choice(found)
    return replaced(spec, where, f"{at(spec, where)}q")


def _numbers(spec: dict[str, Any]) -> list[Where]:
    return [where for where in places(spec) if type(at(spec, where)) is int and where != ("archspec",)]


def _change_size(spec: dict[str, Any], draw: random.Random) -> dict[str, Any] | None:
    where = draw.choice(_numbers(spec))
    return replaced(spec, where, at(spec, where) + draw.choice([-1, 1, 1, 2, 7]))


def _zero(spec: dict[str, Any], draw: random.Random) -> dict[str, Any] | None:
    return replaced(spec, draw.choice(_numbers(spec)), draw.choice([0, -1]))


def _change_type(spec: dict[str, Any], draw: random.Random) -> dict[str, Any] | None:
    where = draw.choice([where for where in places(spec) if where != ("archspec",)])
    return replaced(spec, where, draw.choice([None, True, "64", 2.5, [], {}, [1, 2, 3], "$nope", -3, {"a": 1}]))


def _delete(spec: dict[str, Any], draw: random.Random) -> dict[str, Any] | None:
    made = copy.deepcopy(spec)
    where = draw.choice(list(places(spec)))
    del at(made, where[:-1])[where[-1]]
    return made


_SORTS = {
    "kind": _misspell_kind,
    "argument": _misspell_argument,
    "variable": _misspell_variable,
    "reference": _misspell_reference,
    "size": _change_size,
    "zero": _zero,
    "type": _change_type,
    "delete": _delete,
}


@dataclass(frozen=True)
class Outcome:
    """What the checker made of a mutant; `on_line` is None where no single place is asked for."""

    accepted: bool
    on_line: bool | None


def judge_mutant(mutant: Mutant) -> Outcome:
    """What the checker made of a mutant, which has to be sound.

    Raises:
        Disagreement: it is not.
    """
    try:
        found = archspec.check(mutant.text)
    except Exception as error:
        raise Disagreement(f"the checker raised {error!r}") from error
    for fault in found:
        if not fault.render() or not fault.as_data():
            raise Disagreement(f"{fault.code} renders as nothing")
    errors = [fault for fault in found if fault.severity == "error"]
    if not errors:
        judge(mutant.spec)
        return Outcome(accepted=True, on_line=None)
    if mutant.sort in NUMBERS:
        judge(mutant.spec)
    if mutant.sort not in TYPO_KINDS:
        return Outcome(accepted=False, on_line=None)
    if len(errors) != 1:
        said = "; ".join(f"{fault.code} {fault.message}" for fault in errors)
        raise Disagreement(f"one misspelt {mutant.sort} is {len(errors)} errors: {said}")
    return Outcome(accepted=False, on_line=_line(errors[0]) == mutant.line)


def _line(fault: Diagnostic) -> int | None:
    return None if fault.span is None else fault.span.line


def difference(text: str, other: str) -> str:
    """The lines that a mutation changed."""
    return "\n".join(line for line in difflib.unified_diff(text.splitlines(), other.splitlines(), lineterm="", n=0))
