"""Where to train: what `--device` means on this machine."""

from __future__ import annotations

import torch

from archspec.errors import Diagnostic, UsageError, clip, printable

_KINDS = ("cpu", "cuda", "mps")


def pick_device(asked: str) -> torch.device:
    """The device: `auto` is the accelerator where there is one, else the CPU; `cuda:1` is one of several.

    Raises:
        UsageError: AS601, there is no such device.
    """
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


def _no_device(asked: str, why: str) -> UsageError:
    message = f"there is no device `{clip(printable(asked))}`: {why}"
    return UsageError(Diagnostic("AS601", message, help="use `--device auto`, or `--device cpu`"))
