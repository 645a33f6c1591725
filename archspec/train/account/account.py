"""`run.json`: what a run was, and how its sessions ended. Read without torch."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from archspec.train.store.lock import is_held

ACCOUNT, RECIPE, METRICS = "run.json", "recipe.yaml", "metrics.csv"
FORMAT = 1
_LARGEST = 1 << 26

Status: TypeAlias = Literal["running", "finished", "interrupted"]


@dataclass(frozen=True, slots=True)
class Account:
    """A run as its folder tells it; what is not known is empty.

    Attributes:
        folder: of the run.
        status: whether it goes on, is over, or was broken off.
        history: a row for each measurement.
        about: the contents of `run.json`.
    """

    folder: Path
    status: Status
    history: Sequence[Mapping[str, float]] = ()
    about: Mapping[str, Any] = field(default_factory=dict)

    def section(self, name: str) -> Mapping[str, Any]:
        """A part of `about` that is a mapping."""
        found = self.about.get(name)
        return found if isinstance(found, Mapping) else {}

    @property
    def sessions(self) -> list[Mapping[str, Any]]:
        """From its start to its first end, from there to the next, and so on."""
        found = self.about.get("sessions")
        return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []

    @property
    def column(self) -> str:
        """Of the history, which chooses the best weights; empty where that is not known."""
        name = self.section("monitor").get("name")
        return f"eval_{name}" if isinstance(name, str) else ""

    @property
    def best(self) -> Mapping[str, float] | None:
        """The row of the best measurement, the earlier of equal ones."""
        rows = [row for row in self.history if not math.isnan(row.get(self.column, math.nan))]
        if not rows:
            return None
        sign = -1 if self.section("monitor").get("mode") == "min" else 1
        return max(rows, key=lambda row: sign * row[self.column])

    @property
    def seconds(self) -> float:
        """Of training and measuring, all sessions together."""
        return sum(row["seconds"] for row in self.history if "seconds" in row)


def read_account(folder: Path) -> Account:
    """What a folder tells of its run, however little. Files that are damaged tell nothing."""
    about = _object(folder / ACCOUNT)
    sessions = Account(folder, "interrupted", (), about).sessions
    outcome = sessions[-1].get("outcome") if sessions else None
    status: Status = "finished" if outcome == "finished" else "interrupted"
    if outcome is None and is_held(folder):
        status = "running"
    return Account(folder, status, read_history(folder / METRICS), about)


def read_history(path: Path) -> list[dict[str, float]]:
    """The rows of a `metrics.csv`: numbers by column. A row that is not whole ends it."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error):
        return []
    history = []
    for row in rows:
        try:
            history.append({name: float(value) for name, value in row.items()})
        except (TypeError, ValueError):
            break
    return history


def _object(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _LARGEST:
            return {}
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
