"""Where to train: what `--device` means on this machine."""

from __future__ import annotations

import torch

from archspec.errors import Diagnostic, UsageError, clip, printable

_KINDS = ("cpu", "cuda", "mps")


def pick_device(asked: str, local: int | None = None) -> torch.device:
    """The device: `auto` is the accelerator where there is one, else the CPU; `cuda:1` is one of several.

    Args:
        asked: as in `--device`.
        local: this process's number on this machine, where several train together; each takes the GPU of its number.

    Raises:
        UsageError: AS601, there is no such device.
    """
    if local is not None:
        return _own_device(asked, local)
    if asked == "auto":
        found = torch.accelerator.current_accelerator(check_available=True)
        return torch.device("cpu") if found is None or found.type not in _KINDS else found
    kind, _, index = asked.partition(":")
    if kind not in _KINDS or (index and not index.isdecimal()):
        raise _no_device(asked, "it is not one of `auto`, `cpu`, `cuda`, `mps`")
    if kind == "cuda" and int(index or 0) >= torch.cuda.device_count():
        built = "" if torch.version.cuda or torch.version.hip else ", and this torch is built without CUDA"
        raise _no_device(asked, f"torch sees {torch.cuda.device_count()} CUDA devices here{built}")
    if kind == "mps" and not torch.backends.mps.is_available():
        raise _no_device(asked, "torch sees no Apple GPU here")
    return torch.device(asked)


def _own_device(asked: str, local: int) -> torch.device:
    """The processes of a machine share its CPU, and have a GPU each."""
    if asked == "auto":
        asked = "cuda" if torch.cuda.is_available() else "cpu"
    if asked not in ("cpu", "cuda"):
        raise _no_device(asked, "several processes train on `cpu`, or each on a GPU of its own: `cuda`")
    return pick_device("cpu" if asked == "cpu" else f"cuda:{local}")


def _no_device(asked: str, why: str) -> UsageError:
    message = f"there is no device `{clip(printable(asked))}`: {why}"
    return UsageError(Diagnostic("AS601", message, help="use `--device auto`, or `--device cpu`"))
