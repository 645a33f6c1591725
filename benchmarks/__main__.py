"""Prints the table of ratios. The targets are aims, not tests: nothing fails when one is missed."""

from __future__ import annotations

import datetime
import os
import platform
import sys

import torch
import torchvision

from benchmarks import attacks, cold_start, creation, graph_breaks, growth, memory, speed, training
from benchmarks.measure import Row

_MEASURES = (cold_start, growth, attacks, speed, creation, training, memory, graph_breaks)
_LAYOUT = "{:<76} {:>12} {:>12} {:>8}   {:<12} {}"


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as info:
            return next(line.split(":", 1)[1].strip() for line in info if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _heading() -> str:
    return (
        f"{datetime.datetime.now():%Y-%m-%d %H:%M} · {_processor()}, {os.cpu_count()} cores · {platform.system()} · "
        f"Python {platform.python_version()} · torch {torch.__version__} · torchvision {torchvision.__version__}"
    )


def _target(row: Row) -> str:
    low, high = row.target
    return f"{low:g}–{high:g}" if low > 0 else f"≤ {high:g}"


def _line(row: Row) -> str:
    value = str(row.value) if isinstance(row.value, int) else f"{row.value:.3f}"
    return _LAYOUT.format(row.what, row.ours, row.theirs, value, _target(row), "met" if row.is_met else "missed")


def main() -> None:
    """Run every measure, printing each row as it is done."""
    print(_heading())
    print(_LAYOUT.format("what / beside what", "archspec", "other", "ratio", "target", "").rstrip())
    for measure in _MEASURES:
        for row in measure.rows():
            print(_line(row), flush=True)


if __name__ == "__main__":
    sys.exit(main())
