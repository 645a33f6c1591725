"""Shrinking: what can be deleted from a spec without losing the disagreement is deleted, greedily."""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.fuzz.judge import Disagreement, judge

FOUND = Path(__file__).parent / "found"
Where = tuple[str | int, ...]


def disagreement(spec: dict[str, Any]) -> str | None:
    """What archspec is wrong about; None if it is right, or if the spec is none that can be judged."""
    try:
        judge(spec)
    except Disagreement as found:
        return str(found)
    except Exception:
        return None
    return None


def sort_of(message: str) -> str:
    """The message without what differs from spec to spec: names and numbers."""
    return " ".join(re.sub(r"`[^`]*`|[\[(][^\])]*[\])]|\b\d+", "", message.replace("(AS", "AS")).split()[:8])


def shrunk(spec: dict[str, Any], still: Callable[[dict[str, Any]], bool], tries: int = 600) -> dict[str, Any]:
    """The smallest spec that greedy deletion and simplification reach, in which the fault is `still` there."""
    found = True
    while found:
        found = False
        for smaller in list(smaller_ones(spec)):
            tries -= 1
            if tries < 0:
                return spec
            if still(smaller):
                spec, found = smaller, True
                break
    return spec


def smaller_ones(spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The spec with one thing deleted or made simpler, the largest things first."""
    for where in sorted(places(spec), key=len):
        if where == ("archspec",) or where == ("layers",):
            continue
        made = copy.deepcopy(spec)
        holder = at(made, where[:-1])
        del holder[where[-1]]
        yield made
        value = at(spec, where)
        if isinstance(value, dict) and set(value) == {"layers"}:
            yield replaced(spec, where, value["layers"])
        elif isinstance(value, list) and len(value) == 1 and where[0] == "layers":
            yield replaced(spec, where, value[0])
        elif isinstance(value, str) and value.startswith("$("):
            yield from (replaced(spec, where, simple) for simple in (1, 2))
        elif isinstance(value, int) and value > 2:
            yield replaced(spec, where, 2)


def replaced(spec: dict[str, Any], where: Where, value: Any) -> dict[str, Any]:
    made = copy.deepcopy(spec)
    at(made, where[:-1])[where[-1]] = copy.deepcopy(value)
    return made


def places(value: Any, where: Where = ()) -> Iterator[Where]:
    """Every key and index of a spec."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*where, key)
        yield from places(inner, (*where, key))


def at(spec: Any, where: Where) -> Any:
    for key in where:
        spec = spec[key]
    return spec


def keep(spec: dict[str, Any], message: str, name: str) -> Path:
    """Write what was found, for `make test` to replay."""
    path = FOUND / f"{name}.yaml"
    note = "\n".join(f"# {line}" for line in message.splitlines()[:6])
    text = f"{note}\n{yaml.safe_dump(spec, sort_keys=False, allow_unicode=True, width=110)}"
    path.parent.mkdir(exist_ok=True)
    beside = path.with_suffix(".tmp")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, path)
    return path
