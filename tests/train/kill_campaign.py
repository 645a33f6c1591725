"""`make campaign`: many kills, and a crash at every system call; it fails unless each run comes to the same bits."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
MEMORY = Path("/dev/shm")
LEAST_IN_SAVES = 0.3


def told_by(module: str, *arguments: object) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        command = [sys.executable, "-W", "ignore", "-m", module, folder, *map(str, arguments)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def main() -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    kills = told_by("tests.train.killed", given.kills, given.seed)
    share = kills["in_saves"] / kills["kills"]
    print(f"{kills['kills']} kills in {kills['runs']} runs, {share:.0%} within a save; faults: {kills['faults']}")
    crashes = told_by("tests.train.crashed")
    print(f"{crashes['points']} crashes, at each of {crashes['all']} calls; faults: {crashes['faults']}")
    return int(bool(kills["faults"] or crashes["faults"] or share < LEAST_IN_SAVES))


if __name__ == "__main__":
    sys.exit(main())
