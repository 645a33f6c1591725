"""How much memory a build takes beside the parameters that it leaves."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

from benchmarks.measure import Row

_CHILD = """
import json
import torch
import archspec

def resident(field):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(field))

archspec.build("specs/perceptron.yaml")
with open("/proc/self/clear_refs", "w") as clear:
    clear.write("5")
before = resident("VmRSS")
model = archspec.build("specs/resnet34.yaml")
growth = resident("VmHWM") - before
print(json.dumps([growth, sum(p.numel() * p.element_size() for p in model.parameters())]))
"""


def rows() -> Iterator[Row]:
    """Peak resident memory in a fresh process; a small build goes first, for the code that any build loads."""
    if sys.platform != "linux":
        return
    done = subprocess.run([sys.executable, "-c", _CHILD], check=True, stdout=subprocess.PIPE, text=True)
    growth, parameters = json.loads(done.stdout)
    yield Row(
        "peak memory of `archspec.build` of ResNet-34 / its parameters",
        f"{growth / 1e6:.1f} MB",
        f"{parameters / 1e6:.1f} MB",
        growth / parameters,
        (0.0, 1.1),
    )
