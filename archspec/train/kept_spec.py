"""The spec that a run folder keeps."""

from __future__ import annotations

import os
from pathlib import Path

from archspec.errors import Diagnostic, UsageError, clip

SPEC = "spec.yaml"


def spec_of_run(folder: str | os.PathLike[str]) -> Path:
    """The spec with which a run was started, recipe included. No torch is needed.

    Raises:
        UsageError: AS607, there is no run in this folder.
    """
    path = Path(folder).expanduser()
    if not (path / SPEC).is_file():
        state = f"has no {SPEC}" if path.is_dir() else "is not a folder"
        message = f"there is no run in `{clip(str(path), 200)}`: it {state}"
        raise UsageError(Diagnostic("AS607", message, help="give a folder that `archspec train` made, e.g. runs/Net-1"))
    return path / SPEC
