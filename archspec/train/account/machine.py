"""With what, and on what, a run is trained."""

from __future__ import annotations

import os
import platform
import shlex
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import torch

from archspec.version import __version__

_CPUS = Path("/proc/cpuinfo")


def versions() -> dict[str, str]:
    """Of all that decides about the result."""
    found = {
        "archspec": __version__,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "torchvision": metadata.version("torchvision"),
    }
    if torch.version.cuda is not None:
        found["cuda"] = torch.version.cuda
    return found


def machine(device: torch.device) -> dict[str, object]:
    """The device by its name, the processor, and how many threads torch uses."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else _processor()
    return {
        "device": str(device),
        "name": name,
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "system": platform.platform(),
        "host": platform.node(),
    }


def _processor() -> str:
    """Linux tells it in a file only."""
    try:
        lines = _CPUS.read_text(encoding="utf-8", errors="replace").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def command(arguments: Sequence[str] | None = None) -> str:
    """The command of this process as it could be typed again, whatever the shell was."""
    words = list(sys.orig_argv if arguments is None else arguments)
    script = words[1] if len(words) > 1 else ""
    if Path(script).name in ("archspec", "archspec.exe"):
        words = ["archspec", *words[2:]]
    elif words[1:3] == ["-m", "archspec"]:
        words = ["archspec", *words[3:]]
    return shlex.join(words)
