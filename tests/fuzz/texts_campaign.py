"""The campaign of wrong inputs: as many as the time allows; what breaks the checker is shrunk and kept.

python -m tests.fuzz.texts_campaign [--seconds 600] [--seed N] [--workers 2]
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import secrets
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.texts import Input, random_input
from tests.fuzz.watch import Wrong, bound_memory, check_bytes

FOUND = Path(__file__).parent / "found" / "texts"
CHUNK = 100


@dataclass
class Tally:
    """What came of some seeds."""

    counts: Counter[str] = field(default_factory=Counter)
    found: dict[str, Input] = field(default_factory=dict)

    def __iadd__(self, other: Tally) -> Tally:
        self.counts += other.counts
        self.found = other.found | self.found
        return self


def run_seeds(first: int, count: int) -> Tally:
    """Check the inputs of consecutive seeds."""
    tally = Tally()
    for seed in range(first, first + count):
        made = random_input(seed)
        tally.counts["inputs"] += 1
        tally.counts[f"of {made.sort}"] += 1
        try:
            found = check_bytes(made.content, made.suffix)
        except Wrong as wrong:
            tally.found.setdefault(_sort_of(wrong), made)
            continue
        refused = any(fault.severity == "error" for fault in found)
        tally.counts["refused" if refused else "accepted"] += 1
        tally.counts[f"of {made.sort}, accepted"] += not refused
    return tally


def _sort_of(wrong: Wrong) -> str:
    return str(wrong).partition(":")[0]


def shrunk(made: Input, sort: str, seconds: float = 60) -> bytes:
    """The content without what is not needed for the same thing to go wrong: ever smaller pieces are cut out."""
    content, size, until = made.content, len(made.content) // 2, time.monotonic() + seconds
    while size >= 1:
        at = 0
        while at < len(content) and time.monotonic() < until:
            smaller = content[:at] + content[at + size :]
            if _goes_wrong(smaller, made.suffix, sort):
                content = smaller
            else:
                at += size
        size //= 2
    return content


def _goes_wrong(content: bytes, suffix: str, sort: str) -> bool:
    try:
        check_bytes(content, suffix)
    except Wrong as wrong:
        return _sort_of(wrong) == sort
    return False


def campaign(seed: int, seconds: float, workers: int) -> Tally:
    """Chunks of seeds in processes of their own, which memory limits or a crash may end, until the time is over."""
    started, total, seeds = time.monotonic(), Tally(), itertools.count(seed, CHUNK)
    context = multiprocessing.get_context("spawn")
    while time.monotonic() - started < seconds:
        group = [next(seeds) for _ in range(workers * 8)]
        with ProcessPoolExecutor(workers, mp_context=context, initializer=bound_memory) as pool:
            try:
                for tally in pool.map(run_seeds, group, [CHUNK] * len(group)):
                    total += tally
            except BrokenProcessPool:
                total.counts["crashes of a process"] += 1
                print(f"  a process died among the seeds {group[0]} to {group[-1] + CHUNK - 1}", flush=True)
        print(f"  {total.counts['inputs']:,} inputs, {len(total.found)} sorts of wrong", flush=True)
    total.counts["seconds"] = round(time.monotonic() - started)
    return total


def main() -> int:
    """Print the seed, the counts and what went wrong; 1 if anything did."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.texts_campaign", description="Wrong inputs, watched.")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**40))
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    print(f"seed {asked.seed}", flush=True)
    total = campaign(asked.seed, asked.seconds, asked.workers)
    for name, count in sorted(total.counts.items()):
        print(f"{name:>24} {count:>10,}")
    print(f"{'inputs per second':>24} {total.counts['inputs'] / max(1, total.counts['seconds']):>10,.0f}")
    for sort, made in total.found.items():
        FOUND.mkdir(parents=True, exist_ok=True)
        path = FOUND / f"{made.sort}-{made.seed}{made.suffix}"
        path.write_bytes(shrunk(made, sort))
        print(f"{path}: {sort}")
    return 1 if total.found or total.counts["crashes of a process"] else 0


if __name__ == "__main__":
    sys.exit(main())
