"""A module's tensors as a safetensors file, written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from torch import nn

from archspec.errors import Diagnostic, UsageError


def save_weights(module: nn.Module, path: str | os.PathLike[str], metadata: Mapping[str, str]) -> None:
    """Write parameters and buffers under their state-dict names.

    Args:
        module: on any device but `meta`.
        path: the file.
        metadata: what the file says beside them.

    The file appears under its name only when it is complete: it is written beside it and renamed.

    Raises:
        UsageError: AS705, it cannot be written, or the module is on `meta`.
    """
    from safetensors.torch import save_model

    target = Path(path)
    if any(tensor.is_meta for tensor in module.state_dict().values()):
        message = f"cannot write `{target}`: a module on `meta` has no values"
        raise UsageError(Diagnostic("AS705", message, help="build it on another device"))
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        os.close(handle)
        save_model(module, temporary, dict(metadata))
        os.replace(temporary, target)
    except OSError as error:
        help = "choose a file in a folder that exists and that you may write to"
        message = f"cannot write `{target}`: {error.strerror or error}"
        raise UsageError(Diagnostic("AS705", message, help=help)) from None
    finally:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)
