"""Measures and prints ratios. The targets are aims, not tests: nothing fails when one is missed."""

from __future__ import annotations

import argparse
import sys
import time
from types import ModuleType

from benchmarks import (
    attacks,
    cold_start,
    compiled,
    creation,
    depth,
    growth,
    keras_peer,
    memory,
    report,
    speed,
    training,
    training_peers,
    training_start,
)
from benchmarks.measure import Case, Row
from benchmarks.quiet import Clock

_MEASURES: dict[str, tuple[ModuleType, str]] = {
    "cold": (cold_start, "Cold check"),
    "creation": (creation, "Creation"),
    "speed": (speed, "Steps"),
    "compiled": (compiled, "Compiled by torch"),
    "memory": (memory, "Memory"),
    "depth": (depth, "Growth with depth"),
    "keras": (keras_peer, "Keras"),
    "training": (training, "The training loop"),
    "peers": (training_peers, "The training loop beside trainers"),
    "start": (training_start, "The start of training"),
    "growth": (growth, "Large specs"),
    "attacks": (attacks, "Specs at the limits"),
}
_QUICK = 0.1


def main() -> None:
    """Run what was asked for, printing each row as it is done."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("what", nargs="*", help=f"of {', '.join(_MEASURES)}; or one case of one, as speed:resnet34")
    parser.add_argument("--quick", action="store_true", help="a tenth of the turns")
    parser.add_argument("--write", action="store_true", help=f"write whole measures into {report.PAGE.name}")
    parser.add_argument("--list", action="store_true", help="print the cases and measure nothing")
    given = parser.parse_args()
    wanted = given.what or list(_MEASURES)
    unknown = [each for each in wanted if each.partition(":")[0] not in _MEASURES]
    if unknown:
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(_MEASURES)}")
    print(report.heading())
    for name, (measure, title) in _MEASURES.items():
        cases = [case for case in measure.cases() if _is_wanted(name, case, wanted)]
        if given.list:
            print("\n".join(f"{name}:{case.name}" for case in cases))
        elif cases:
            _measure(measure, title, cases, quick=given.quick, writes=given.write and name in wanted)


def _is_wanted(measure: str, case: Case, wanted: list[str]) -> bool:
    return measure in wanted or f"{measure}:{case.name}" in wanted


def _measure(measure: ModuleType, title: str, cases: list[Case], *, quick: bool, writes: bool) -> None:
    start, before = time.perf_counter(), Clock.now()
    print(f"\n{title}\n")
    rows: list[Row] = []
    for case in cases:
        for row in case.rows(_QUICK if quick else 1.0):
            rows.append(row)
            print(report.line(row), flush=True)
    others = before.others()
    busy = "" if others is None else f"; others kept {others:.0%} of the machine busy"
    print(f"\n{time.perf_counter() - start:,.0f} s{busy}", flush=True)
    if writes:
        report.write(title, measure.__doc__ or "", rows, others, quick=quick)


if __name__ == "__main__":
    sys.exit(main())
