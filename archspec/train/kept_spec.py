"""The spec that a run folder keeps, or what it says of a module that came from elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

from archspec.errors import Diagnostic, UsageError, clip

SPEC, MODULE = "spec.yaml", "module.yaml"


def kept_as(architecture: object) -> str:
    """The file of a run folder that says what was trained."""
    return str(getattr(architecture, "kept_as", SPEC))


def spec_of_run(folder: str | os.PathLike[str]) -> Path:
    """The spec with which a run was started, recipe included. No torch is needed.

    Raises:
        UsageError: AS607, there is no run in this folder; AS614, it has trained a module of somebody's Python.
    """
    kept = kept_by_run(folder)
    if kept.name != MODULE:
        return kept
    message = f"the run in `{clip(str(kept.parent), 200)}` has trained a module of somebody's Python, and no spec"
    help = (
        "in Python, with the module: `archspec.train(model, data, resume=…)`, `archspec.evaluate(…, model=…, data=…)`"
    )
    raise UsageError(Diagnostic("AS614", message, help=help))


def kept_by_run(folder: str | os.PathLike[str]) -> Path:
    """The file of a run which says what was trained: `spec.yaml`, or `module.yaml`. No torch is needed.

    Raises:
        UsageError: AS607, there is no run in this folder.
    """
    path = Path(folder).expanduser()
    found = next((path / name for name in (SPEC, MODULE) if (path / name).is_file()), None)
    if found is None:
        state = f"has no {SPEC}" if path.is_dir() else "is not a folder"
        message = f"there is no run in `{clip(str(path), 200)}`: it {state}"
        raise UsageError(Diagnostic("AS607", message, help="give a folder that `archspec train` made, e.g. runs/Net-1"))
    return found
