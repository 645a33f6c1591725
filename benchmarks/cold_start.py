"""How long a cold `archspec check` takes beside a cold `import torch`."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

from benchmarks.measure import Case, Comparison, Row, share, take_turns


def _process(*command: str) -> Callable[[], object]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)


_CHECKED = {"specs/resnet34.yaml": 0.10, "specs": 0.50}


def cases() -> Iterator[Case]:
    """One spec, and all of them in one process."""
    for path, most in _CHECKED.items():
        yield Case(path, functools.partial(_rows, path, most))


def _rows(path: str, most: float, effort: float) -> Iterator[Row]:
    """Whole processes, from start to exit; after the warm-up both have their files cached and compiled to bytecode."""
    check = _process(sys.executable, "-m", "archspec", "check", path)
    found = Comparison.of(take_turns(check, _process(sys.executable, "-c", "import torch"), share(11, effort)))
    yield found.row(f"cold `archspec check {path}` / cold `import torch`", (0.0, most))
