"""Bare tensors as the interpreter holds them: drawn, written out, or computed by functions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from tests.fuzz.scope import Names, Refused, Scope, evaluate
from tests.fuzz.several import BEGINS, is_function
from tests.fuzz.written import as_mapping, split

if TYPE_CHECKING:
    from tests.fuzz.interpret import Interpreter

_NO_BATCH = 2**40
"""A batch size of which nothing is a multiple: where a buffer is computed there is no batch."""


@dataclass(frozen=True)
class Held:
    """A bare tensor.

    Attributes:
        said: what the spec says of it, which is the same in every call of its module.
        is_certain: the spec says its values.
        is_transient: it is no part of the state.
    """

    tensor: Tensor
    said: str
    is_certain: bool = False
    is_transient: bool = False


def bare_tensor(interpreter: Interpreter, scope: Scope, names: Names, kind: str, arguments: Any) -> Held:
    """The tensor that a `Parameter` or a `Buffer` is."""
    written = as_mapping(arguments, "values" if kind == "Buffer" else "shape")
    layers = written.pop("layers", None)
    given = evaluate(written, names, scope)
    is_transient = not given.pop("persistent", True)
    if kind == "Parameter":
        return Held(nn.Parameter(torch.randn(given["shape"])), repr(given))
    if layers is not None:
        if given:
            raise Refused("all of it follows from its `layers`")
        made = _computed(interpreter, scope, names, layers)
        return Held(made, repr((made.dtype, made.tolist())), True, is_transient)
    dtype = getattr(torch, given["dtype"]) if given.get("dtype") else None
    if "values" in given:
        return Held(torch.tensor(given["values"], dtype=dtype), repr(given), True, is_transient)
    return Held(torch.randn(given["shape"]).to(dtype or torch.float32), repr(given), False, is_transient)


def _computed(interpreter: Interpreter, scope: Scope, names: Names, layers: Any) -> Tensor:
    """What functions make of nothing. They see the sizes of the tensors around them, and only their own tensors."""
    entries = list(layers.values() if isinstance(layers, dict) else layers)
    for index, entry in enumerate(entries):
        kind, _, modifiers = split(entry, names)
        if not is_function(kind) or set(modifiers) - {"from", "align"}:
            raise Refused("a buffer is computed by functions alone")
        if not index and kind not in BEGINS:
            raise Refused("nothing is there at the beginning")
    inside = Scope("", {}, names, beyond=scope)
    own = replace(interpreter, batch=_NO_BATCH, modules={}, tensors={}, made={}, log=[], born=[])
    return own.sequence(inside, layers).detach()
