"""Fair timing on a noisy machine: two things are timed in turns, and only their ratio is told."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        what: what is measured, against what.
        ours: archspec's figure, with its unit.
        theirs: the other's figure, with its unit.
        value: the ratio, or a count.
        target: the bounds within which `value` is wanted, both included.
    """

    what: str
    ours: str
    theirs: str
    value: float
    target: tuple[float, float]

    @property
    def is_met(self) -> bool:
        return self.target[0] <= self.value <= self.target[1]


@dataclass(frozen=True)
class Comparison:
    """Median seconds of either side, and the median of the ratios of neighbouring turns."""

    ours: float
    theirs: float
    ratio: float


def seconds(function: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def compare(ours: Callable[[], object], theirs: Callable[[], object], turns: int, warm_up: int = 2) -> Comparison:
    """Time both in turns, A B B A A B B A …, so that a slow moment of the machine falls on both.

    Args:
        ours: one call of archspec's side.
        theirs: one call of the other side.
        turns: how many times each is timed.
        warm_up: calls of each before the first timed one.
    """
    for _ in range(warm_up):
        ours()
        theirs()
    pairs = []
    for turn in range(turns):
        if turn % 2:
            second = seconds(theirs)
            pairs.append((seconds(ours), second))
        else:
            pairs.append((seconds(ours), seconds(theirs)))
    return Comparison(
        ours=statistics.median(mine for mine, _ in pairs),
        theirs=statistics.median(other for _, other in pairs),
        ratio=statistics.median(mine / other for mine, other in pairs),
    )


def milliseconds(value: float) -> str:
    """`12.3 ms` from seconds."""
    return f"{value * 1000:,.1f} ms"
