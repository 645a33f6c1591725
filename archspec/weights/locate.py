"""Where a checkpoint is: beside the spec that names it and within its folder tree, or wherever the caller says."""

from __future__ import annotations

import os
import re

from archspec.errors import clip
from archspec.spec.checkpoint import Checkpoint
from archspec.weights.refusal import refuse


def locate(checkpoint: Checkpoint) -> str:
    """The absolute path of the file.

    Raises:
        SpecError: the spec names a file outside its folder tree.
    """
    path = checkpoint.path
    if checkpoint.span is None:
        return os.path.abspath(os.path.expanduser(path))
    help = "put it beside the spec, or name it yourself: `--weights FILE`, `weights=…` in Python"
    if os.path.isabs(path) or path.startswith(("~", "\\")) or _SCHEME.match(path) or "\0" in path:
        message = f"`{clip(path)}` is no path relative to the spec, which is the only kind that a spec may name"
        refuse(checkpoint, "AS459", message, help=help)
    name = checkpoint.span.source.name
    folder = os.path.realpath("." if name.startswith("<") else os.path.dirname(name) or ".")
    found = os.path.realpath(os.path.join(folder, path))
    if os.path.commonpath([folder, found]) != folder:
        message = f"`{clip(path)}` leads out of the spec's folder, to `{clip(found, 200)}`"
        refuse(checkpoint, "AS459", message, help=help)
    return found


_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
