"""A checkpoint as a caller asks for it, who may name any file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, TypeAlias

from archspec.errors import SpecError
from archspec.source import from_data, read
from archspec.spec.checkpoint import Checkpoint, read_checkpoint
from archspec.spec.reader import Reader

Weights: TypeAlias = str | os.PathLike[str] | Mapping[str, Any] | Literal[False]


def requested(weights: Weights, own: Checkpoint | None) -> Checkpoint | None:
    """What a caller's `weights` asks for, whose spec asks for `own`; None for no checkpoint.

    Raises:
        SpecError: a mapping is no `weights` section.
    """
    if weights is False:
        return None
    if isinstance(weights, Mapping):
        return _of_mapping(weights)
    path = os.fspath(weights)
    if own is None:
        return Checkpoint(path)
    return replace(own, path=path, span=None, sha256=None, sha256_span=None, key_span=None)


def _of_mapping(weights: Mapping[str, Any]) -> Checkpoint | None:
    reader = Reader()
    path = weights.get("path")
    given = {**weights, "path": os.fspath(path)} if isinstance(path, os.PathLike) else weights
    read_as = read_checkpoint(reader, read(from_data(given, name="<weights=…>"), "json"))
    if reader.faults:
        raise SpecError(reader.faults)
    return None if read_as is None else replace(read_as, span=None, sha256_span=None, key_span=None)
