"""Runs that are killed with SIGKILL, at any moment and at every system call of a save: they go on to the same bits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="its runs are forked")


MEMORY = Path("/dev/shm")
"""Where a flush to the disk costs nothing. A process is killed here and not the machine, so none is needed."""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    if not MEMORY.is_dir():
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=MEMORY) as found:
        yield Path(found)


def told_by(module: str, *arguments: object) -> dict:
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_twenty_kills(folder: Path) -> None:
    told = told_by("tests.train.killed", folder, 20, 1)
    assert told["faults"] == []
    assert told["kills"] == 20
    assert told["in_saves"] >= 4


def test_a_crash_at_every_call_of_a_save(folder: Path) -> None:
    told = told_by("tests.train.crashed", folder, 25)
    assert told["faults"] == []
    assert told["points"] > 80
    assert {"write", "fsync", "replace", "unlink", "rmdir", "mkdir", "save_file", "_append"} <= set(told["calls"])
