"""A module's tensors as a safetensors file, written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from torch import nn

from archspec.emit.files import written
from archspec.errors import Diagnostic, UsageError


def save_weights(module: nn.Module, path: str | os.PathLike[str], metadata: Mapping[str, str]) -> None:
    """Write parameters and buffers under their state-dict names.

    Args:
        module: on any device but `meta`.
        path: the file.
        metadata: what the file says beside them.

    Raises:
        UsageError: AS705, it cannot be written, or the module is on `meta`.
    """
    from safetensors.torch import save_model

    if any(tensor.is_meta for tensor in module.state_dict().values()):
        message = f"cannot write `{Path(path)}`: a module on `meta` has no values"
        raise UsageError(Diagnostic("AS705", message, help="build it on another device"))
    with written(path) as temporary:
        save_model(module, str(temporary), dict(metadata))
