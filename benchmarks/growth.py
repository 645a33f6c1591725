"""How a check grows with the spec: 10,000 layers beside 1,000, and both beside their targets."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Case, Row, share

_KINDS = ("{Conv2d: {out_channels: 8, kernel_size: 3, padding: 1}}", "BatchNorm2d", "ReLU")
_SECONDS, _BYTES = 3.0, 300e6


def _spec(layers: int) -> str:
    lines = (f"  l{index}: {_KINDS[index % len(_KINDS)]}" for index in range(layers))
    return "\n".join(["archspec: 1", "input: [8, 8, 8]", "layers:", *lines]) + "\n"


# A process takes over the peak memory of the one that starts it, so a small one stands between.
_STARTER = """
import json, os, sys
with open(os.devnull, "wb") as nothing:
    actions = [(os.POSIX_SPAWN_DUP2, nothing.fileno(), 1)]
    command = [sys.executable, "-m", "archspec", "check", sys.argv[1]]
    process = os.posix_spawn(sys.executable, command, os.environ, file_actions=actions)
    _, status, usage = os.wait4(process, 0)
print(json.dumps([status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024]))
"""


def cold_check(path: Path) -> tuple[float, int]:
    """Processor seconds and peak resident bytes of one cold process that answers, whatever it says."""
    done = subprocess.run([sys.executable, "-c", _STARTER, str(path)], check=True, stdout=subprocess.PIPE, text=True)
    status, seconds, memory = json.loads(done.stdout)
    assert os.waitstatus_to_exitcode(status) in (0, 1)
    return seconds, memory


def cases() -> Iterator[Case]:
    """One, on Linux."""
    if sys.platform == "linux":
        yield Case("layers", _rows)


def _rows(effort: float) -> Iterator[Row]:
    """Medians of five; the time that an empty process of archspec takes is in all of them."""
    with tempfile.TemporaryDirectory() as folder:
        found = {}
        for layers in (1_000, 10_000):
            path = Path(folder) / f"{layers}.yaml"
            path.write_text(_spec(layers))
            runs = [cold_check(path) for _ in range(share(5, effort))]
            found[layers] = statistics.median(run[0] for run in runs), max(run[1] for run in runs)
    small, large = found[1_000], found[10_000]
    yield Row(
        "check of 10,000 layers / of 1,000, processor time",
        f"{large[0]:.2f} s",
        f"{small[0]:.2f} s",
        large[0] / small[0],
        (0.0, 10.0),
    )
    yield Row("check of 10,000 layers / 3 s", f"{large[0]:.2f} s", "3 s", large[0] / _SECONDS, (0.0, 1.0))
    yield Row("its peak memory / 300 MB", f"{large[1] / 1e6:.0f} MB", "300 MB", large[1] / _BYTES, (0.0, 1.0))
