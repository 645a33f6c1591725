"""Where a checkpoint is: in the folder trees that are open to the spec that names it, or wherever the caller says."""

from __future__ import annotations

import os
from dataclasses import replace

from archspec.errors import SpecError
from archspec.source import confine
from archspec.source.tree import Scalar
from archspec.spec.checkpoint import Checkpoint

_ANY_NAME = ("",)
_HELP = (
    "put it beside the spec, or name it yourself: `--weights FILE`, `weights=…` in Python; "
    "or let the caller allow its folder: `--allow-root DIR`"
)


def locate(checkpoint: Checkpoint) -> str:
    """The absolute path of the file.

    Raises:
        SpecError: AS459, the spec names a file outside the folder trees that are open to it.
    """
    if checkpoint.span is None:
        return os.path.abspath(os.path.expanduser(checkpoint.path))
    try:
        return confine.locate(Scalar(checkpoint.path, checkpoint.span), checkpoint.home, _ANY_NAME)
    except SpecError as error:
        raise SpecError(replace(each, code="AS459", help=_HELP) for each in error.diagnostics) from None
