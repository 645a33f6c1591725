"""How long a cold `archspec check` takes beside a cold `import torch`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

from benchmarks.measure import Case, Comparison, Row, share, take_turns


def _process(*command: str) -> Callable[[], object]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)


def cases() -> Iterator[Case]:
    """One."""
    yield Case("torch", _rows)


def _rows(effort: float) -> Iterator[Row]:
    """Whole processes, from start to exit; after the warm-up both have their files cached and compiled to bytecode."""
    check = _process(sys.executable, "-m", "archspec", "check", "specs/resnet34.yaml")
    found = Comparison.of(take_turns(check, _process(sys.executable, "-c", "import torch"), share(11, effort)))
    yield found.row("cold `archspec check specs/resnet34.yaml` / cold `import torch`", (0.0, 0.10))
