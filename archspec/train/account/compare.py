"""Two runs beside each other: what was asked for differently, and what came of it. No torch is needed."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from archspec import source
from archspec.errors import SpecError
from archspec.train.account.account import Account, read_account
from archspec.train.account.listing import RunSummary, summarize
from archspec.train.kept_spec import kept_by_run

_MOST_LINES = 400


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that is not the same: `optimizer.Adam.lr`, 0.01, 0.001. What one of them lacks is None there."""

    field: str
    first: Any
    second: Any


@dataclass(frozen=True, slots=True)
class Comparison:
    """Attributes:
    runs: both in a line each.
    spec: the lines of a unified diff of their specs (or modules), recipes left out; none where they are equal.
    recipe: fields of the recipes that differ.
    circumstances: versions, commits, machines and data that differ.
    figures: of the best measurement, by column, for both.
    """

    runs: tuple[RunSummary, RunSummary]
    spec: tuple[str, ...]
    recipe: tuple[Difference, ...]
    circumstances: tuple[Difference, ...]
    figures: tuple[Difference, ...]

    def as_data(self) -> dict[str, object]:
        """For `archspec runs --json`."""
        parts = {name: getattr(self, name) for name in ("recipe", "circumstances", "figures")}
        return {
            "runs": [run.as_data() for run in self.runs],
            "spec": list(self.spec),
            **{
                name: [{"field": each.field, "first": each.first, "second": each.second} for each in differences]
                for name, differences in parts.items()
            },
        }


def compare_runs(first: str | os.PathLike[str], second: str | os.PathLike[str]) -> Comparison:
    """What is different between two runs.

    Raises:
        UsageError: AS607, there is no run in one of the folders.
    """
    kept = [kept_by_run(folder) for folder in (first, second)]
    folders = [path.parent for path in kept]
    one, other = (read_account(folder) for folder in folders)
    specs = [_spec(path) for path in kept]
    texts = [_without_train(spec) for spec in specs]
    return Comparison(
        (summarize(one), summarize(other)),
        tuple(_diff(texts, [str(folder) for folder in folders])),
        tuple(_differences(_recipe(one, specs[0]), _recipe(other, specs[1]))),
        tuple(_differences(_circumstances(one), _circumstances(other))),
        tuple(_figures(one, other)),
    )


def _spec(path: Path) -> Mapping[str, Any]:
    try:
        spec = source.plain(source.read(source.load_file(path)))
    except SpecError:
        return {}
    return spec if isinstance(spec, dict) else {}


def _without_train(spec: Mapping[str, Any]) -> str:
    return yaml.safe_dump(
        {name: value for name, value in spec.items() if name != "train"}, sort_keys=False, allow_unicode=True
    )


def _diff(texts: list[str], names: list[str]) -> Iterator[str]:
    before, after = (text.splitlines() for text in texts)
    lines = list(difflib.unified_diff(before, after, names[0], names[1], lineterm="", n=2))
    yield from lines[:_MOST_LINES]
    if len(lines) > _MOST_LINES:
        yield f"… and {len(lines) - _MOST_LINES} lines more"


def _recipe(account: Account, spec: Mapping[str, Any]) -> Mapping[str, Any]:
    """With every field, as `run.json` has it; of a run without one, as far as the spec goes."""
    return account.section("recipe") or spec.get("train") or {}


def _circumstances(account: Account) -> Mapping[str, Any]:
    last = account.sessions[-1] if account.sessions else {}
    git = last.get("git") or {}
    data = {name: value for name, value in account.section("data").items() if name != "classes"}
    machine = last.get("machine") or {}
    return {
        "data": data,
        "classes": len(account.section("data").get("classes") or ()),
        "parameters": account.section("model").get("parameters"),
        "weights": account.about.get("weights"),
        "versions": last.get("versions") or {},
        "git": {name: git.get(name) for name in ("commit", "dirty")} if isinstance(git, dict) else {},
        "machine": {name: machine.get(name) for name in ("device", "name", "threads")}
        if isinstance(machine, dict)
        else {},
    }


def _differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[Difference]:
    one, other = dict(_flat(first)), dict(_flat(second))
    for field in dict.fromkeys((*one, *other)):
        if one.get(field) != other.get(field):
            yield Difference(field, one.get(field), other.get(field))


def _flat(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """`optimizer.Adam.lr` and the like; what is a list is one value."""
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _flat(inner, f"{path}.{name}" if path else str(name))
    elif path:
        yield path, json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value


def _figures(one: Account, other: Account) -> Iterator[Difference]:
    first, second = one.best or {}, other.best or {}
    for name in dict.fromkeys((*first, *second)):
        if name not in ("lr", "seconds"):
            yield Difference(name, first.get(name), second.get(name))
    yield Difference("seconds", round(one.seconds, 3), round(other.seconds, 3))
