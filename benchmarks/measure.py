"""Fair timing on a noisy machine: what is compared is timed in turns, and the ratio is what is told."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Iterator
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
        spread: the quartiles of the ratios of single turns, where there are some.
    """

    what: str
    ours: str
    theirs: str
    value: float
    target: tuple[float, float]
    spread: tuple[float, float] | None = None

    @property
    def is_met(self) -> bool:
        return self.target[0] <= self.value <= self.target[1]


@dataclass(frozen=True)
class Case:
    """A few rows that are measured together.

    Attributes:
        name: to ask for it by itself.
        rows: measures them. Its argument is the share of the usual number of turns that is to be taken.
    """

    name: str
    rows: Callable[[float], Iterable[Row]]


Turns: TypeAlias = list[tuple[float, float]]
"""Seconds of ours and of theirs, turn by turn."""


@dataclass(frozen=True)
class Comparison:
    """Median seconds of either side, and the median of the ratios of neighbouring turns with its quartiles."""

    ours: float
    theirs: float
    ratio: float
    spread: tuple[float, float]

    @classmethod
    def of(cls, turns: Turns) -> Comparison:
        """The medians of these turns."""
        ratios = [mine / other for mine, other in turns]
        low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
        return cls(
            ours=statistics.median(mine for mine, _ in turns),
            theirs=statistics.median(other for _, other in turns),
            ratio=middle,
            spread=(low, high),
        )

    def row(self, what: str, target: tuple[float, float]) -> Row:
        """The line that tells it."""
        return Row(what, milliseconds(self.ours), milliseconds(self.theirs), self.ratio, target, self.spread)


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


def least(*functions: Callable[[], object], turns: int) -> Iterator[float]:
    """The least seconds of each of several, all of them timed in turns after one call that is not."""
    best = [float("inf")] * len(functions)
    for turn in range(turns + 1):
        for index, function in enumerate(functions):
            taken = seconds(function)
            best[index] = min(best[index], taken) if turn else best[index]
    return iter(best)


def share(turns: int, effort: float) -> int:
    """A part of the usual number of turns, never less than three."""
    return max(round(turns * effort), 3)


def milliseconds(value: float) -> str:
    """`12.3 ms` from seconds."""
    return f"{value * 1000:,.1f} ms"
