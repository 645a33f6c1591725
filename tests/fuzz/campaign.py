"""The campaign: many random specs with a fresh seed, judged; disagreements are shrunk and kept in `found/`.

python -m tests.fuzz [--specs 20000] [--seconds 0] [--seed N] [--workers 2]
"""

from __future__ import annotations

import argparse
import math
import os
import random
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from archspec.ops.registry import CATALOGUE
from tests.fuzz.generate import random_spec
from tests.fuzz.judge import Disagreement, judge
from tests.fuzz.mutate import Mutant, judge_mutant, mutant
from tests.fuzz.overlays import judge_in_files
from tests.fuzz.processes import Died, each_seed
from tests.fuzz.shrink import disagreement, keep, shrunk, sort_of
from tests.fuzz.values import Drawn

IN_FILES = 0.3
"""How many of the specs are judged in several files too."""


@dataclass
class Tally:
    """What came of some seeds."""

    counts: Counter[str] = field(default_factory=Counter)
    found: list[tuple[str, dict[str, Any], str]] = field(default_factory=list)

    def __iadd__(self, other: Tally) -> Tally:
        self.counts += other.counts
        self.found += other.found
        return self


def run_seed(seed: int) -> Tally:
    """Judge the spec of a seed, and a mutant of it if it is accepted."""
    tally = Tally()
    spec = random_spec(seed)
    tally.counts["specs"] += 1
    try:
        verdict = judge(spec, well_formed=True)
    except Disagreement as wrong:
        tally.found.append((f"spec-{seed}", spec, str(wrong)))
        return tally
    tally.counts["accepted" if verdict.accepted else "refused"] += 1
    tally.counts.update(f"refused {code}" for code in set(verdict.codes))
    _run_in_files(tally, spec, seed)
    made = mutant(spec, random.Random(seed)) if verdict.accepted else None
    if made is not None:
        _run_mutant(tally, made, seed)
    return tally


def _run_in_files(tally: Tally, spec: dict[str, Any], seed: int) -> None:
    """A part of the specs as several files too."""
    draw = Drawn(seed)
    if not draw.chance(IN_FILES):
        return
    try:
        tally.counts["in several files"] += judge_in_files(spec, draw)
    except Disagreement as wrong:
        tally.found.append((f"files-{seed}", spec, str(wrong)))


def _run_mutant(tally: Tally, made: Mutant, seed: int) -> None:
    tally.counts["mutants"] += 1
    try:
        outcome = judge_mutant(made)
    except Disagreement as wrong:
        tally.found.append((f"mutant-{seed}", made.spec, str(wrong)))
        return
    tally.counts["mutants accepted" if outcome.accepted else "mutants refused"] += 1
    if outcome.on_line is not None:
        tally.counts["typos"] += 1
        tally.counts["typos on their line"] += outcome.on_line


def campaign(seed: int, specs: int, seconds: float, workers: int) -> Tally:
    """The seeds from `seed` on, until there are enough specs or the time is over."""
    started, total = time.monotonic(), Tally()
    for done, made in enumerate(each_seed(run_seed, seed, specs, workers), 1):
        if isinstance(made, Died):
            total.counts["dead processes"] += 1
            print(f"  the process of the seed {made.seed} died: {made.how}", flush=True)
        else:
            total += made
            for name, _, message in made.found:
                print(f"  {name}: {message.splitlines()[0][:200]}", flush=True)
        if done % 500 == 0:
            print(f"  {done:,} specs, {len(total.found)} disagreements", flush=True)
        if seconds and time.monotonic() - started > seconds:
            break
    total.counts["seconds"] = round(time.monotonic() - started)
    return total


def _is_still(sort: str) -> Callable[[dict[str, Any]], bool]:
    def still(spec: dict[str, Any]) -> bool:
        found = disagreement(spec)
        return found is not None and sort_of(found) == sort

    return still


def shrink_and_keep(found: list[tuple[str, dict[str, Any], str]]) -> list[Path]:
    """One file for each kind of disagreement."""
    kept: dict[str, Path] = {}
    for name, spec, message in found:
        if disagreement(spec) is None:  # a misspelling told twice: only the mutant's own judge sees it
            if sort_of(message) not in kept:
                kept[sort_of(message)] = keep(spec, message, name)
            continue
        small = shrunk(spec, _is_still(sort_of(message)))
        words = disagreement(small) or message
        key = sort_of(words)
        if key not in kept:
            kept[key] = keep(small, words, name)
    return list(kept.values())


def conformance(seed: int, cases: int, workers: int) -> int:
    """Run `tests/conformance` with so many random calls, over the whole catalogue.

    Each call on which rule and torch disagree is shrunk and kept in `found/`.

    Returns:
        The number of layers and functions, and of other tests, that failed.
    """
    each = math.ceil(cases / len(CATALOGUE))
    print(f"{each} random calls of each of {len(CATALOGUE)} layers and functions", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        options = ["-n", str(workers), f"--hypothesis-seed={seed}", f"--junit-xml={report}"]
        asked = os.environ | {"ARCHSPEC_EXAMPLES": str(each), "ARCHSPEC_KEEP": "1"}
        command = [sys.executable, "-m", "pytest", *options, "tests/conformance"]
        code = subprocess.run(command, env=asked, check=False).returncode
        return failures_in(report) or int(code != 0)


def failures_in(report: Path) -> int:
    """How many tests a report of pytest says have failed."""
    if not report.exists():
        return 0
    suites = ElementTree.parse(report).getroot().iter("testsuite")
    return sum(int(suite.get("failures", 0)) + int(suite.get("errors", 0)) for suite in suites)


def main() -> int:
    """Print the seed, the counts and the disagreements; 1 if there are any."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Random calls and specs, judged.")
    parser.add_argument("--cases", type=int, default=100_000, help="random calls of single layers and functions")
    parser.add_argument("--specs", type=int, default=20_000, help="random whole specs")
    parser.add_argument("--seconds", type=float, default=0, help="begin no more specs after this; 0: judge all")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**40))
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    print(f"seed {asked.seed}", flush=True)
    disagreeing = conformance(asked.seed, asked.cases, asked.workers) if asked.cases else 0
    total = campaign(asked.seed, asked.specs, asked.seconds, asked.workers)
    total.counts["dead processes"] += 0
    total.counts["calls disagreed on"] += disagreeing
    for name, count in sorted(total.counts.items()):
        print(f"{name:>24} {count:>8,}")
    print(f"{'disagreements':>24} {len(total.found):>8,}")
    for path in shrink_and_keep(total.found):
        print(f"\n{path}\n{path.read_text(encoding='utf-8')}")
    return 1 if total.found or disagreeing or total.counts["dead processes"] else 0
