"""A spec inside a safetensors file, beside the weights of its model: one file that is the whole of it."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace

from archspec.errors import Diagnostic, SourceText, UsageError, clip
from archspec.graph.nodes import Graph
from archspec.records import record
from archspec.spec.checkpoint import Checkpoint
from archspec.tensors import FLOATS
from archspec.weights.contents import Contents
from archspec.weights.inspect import inspect
from archspec.weights.locate import locate

_SPEC, _HASH, _VERSION = "archspec.spec", "archspec.spec_sha256", "archspec.version"


@record
class Contained:
    """What a file says of its model.

    Attributes:
        spec: the spec, as JSON.
        version: of the archspec that wrote the file, as that says.
        contents: the file's tensors.
    """

    spec: SourceText
    version: str
    contents: Contents


def metadata(spec: str, version: str) -> dict[str, str]:
    """What a file of weights says beside them, so that `contained` finds the spec."""
    return {"format": "pt", _SPEC: spec, _HASH: _digest(spec), _VERSION: version}


def contained(path: str | os.PathLike[str]) -> Contained:
    """The spec in a file, not read yet, and what else the file holds, not loaded yet.

    Raises:
        UsageError: AS451 to AS455, the file is not there or cannot be used; AS460, it holds no spec; AS461, the spec
            is not the one that was written.
    """
    checkpoint = Checkpoint(os.fspath(path))
    found = _inspected(checkpoint)
    spec = found.metadata.get(_SPEC)
    shown = f"`{clip(found.path, 200)}`"
    if spec is None:
        help = f'give the spec too: `archspec.build("SPEC", weights="{clip(checkpoint.path, 100)}")`'
        raise UsageError(Diagnostic("AS460", f"{shown} holds weights, and no spec of their model", help=help))
    expected = found.metadata.get(_HASH, "none")
    if expected != _digest(spec):
        notes = (f"expected {clip(expected, 64)}", f"found    {_digest(spec)}")
        help = "get the file again from where it comes from; who changes a spec writes a new file"
        message = f"the spec in {shown} is not the one that it was written with"
        raise UsageError(Diagnostic("AS461", message, notes=notes, help=help))
    name = f"{os.path.basename(checkpoint.path)}:spec.json"
    return Contained(SourceText(name, spec), clip(found.metadata.get(_VERSION, "unknown"), 40), found)


def _inspected(checkpoint: Checkpoint) -> Contents:
    """What a file holds; one that is no checkpoint is told what this needs, and not what the spec's `weights` takes."""
    try:
        return inspect(checkpoint, locate(checkpoint))
    except UsageError as error:
        if error.diagnostic.code != "AS452":
            raise
        raise UsageError(replace(error.diagnostic, help=_TAKES)) from None


_TAKES = "`from_file` takes a safetensors file that `save_weights`, `archspec export` or a training run has written"


def floating_type(graph: Graph, contents: Contents) -> str | None:
    """The type that the file has wherever a model of default type has float32; None where it has several."""
    wanted = {name for call in graph.calls() for name, state in call.tensors if state.dtype == "float32"}
    found = {tensor.dtype for name, tensor in contents.tensors.items() if name in wanted}
    (dtype,) = found if len(found) == 1 else (None,)
    return dtype if dtype in FLOATS else None


def _digest(spec: str) -> str:
    return hashlib.sha256(spec.encode("utf-8", "surrogatepass")).hexdigest()
