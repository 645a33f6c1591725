"""Fair timing on a noisy machine: two things are timed in turns, and only their ratio is told."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias


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


Turns: TypeAlias = list[tuple[float, float]]
"""Seconds of ours and of theirs, turn by turn."""


@dataclass(frozen=True)
class Comparison:
    """Median seconds of either side, and the median of the ratios of neighbouring turns."""

    ours: float
    theirs: float
    ratio: float

    @classmethod
    def of(cls, turns: Turns) -> Comparison:
        """The medians of these turns."""
        return cls(
            ours=statistics.median(mine for mine, _ in turns),
            theirs=statistics.median(other for _, other in turns),
            ratio=statistics.median(mine / other for mine, other in turns),
        )


def seconds(function: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """How long one call takes."""
    start = clock()
    function()
    return clock() - start


def take_turns(
    ours: Callable[[], object],
    theirs: Callable[[], object],
    count: int,
    *,
    warm_up: int = 2,
    clock: Callable[[], float] = time.perf_counter,
) -> Turns:
    """Time both in turns, A B B A A B B A …, so that a slow moment of the machine falls on both.

    Args:
        ours: one call of archspec's side.
        theirs: one call of the other side.
        count: how many times each is timed.
        warm_up: calls of each before the first timed one.
        clock: `time.process_time` leaves out what other processes take, where all the work is in this one.
    """
    for _ in range(warm_up):
        ours()
        theirs()
    turns = []
    for turn in range(count):
        if turn % 2:
            other = seconds(theirs, clock)
            turns.append((seconds(ours, clock), other))
        else:
            turns.append((seconds(ours, clock), seconds(theirs, clock)))
    return turns


def milliseconds(value: float) -> str:
    """`12.3 ms` from seconds."""
    return f"{value * 1000:,.1f} ms"
