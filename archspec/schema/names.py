"""Which names a schema accepts, as patterns: the rules of `archspec.spec.names`."""

from __future__ import annotations

import keyword

from archspec.spec.names import IDENTIFIER, LAYER_NAME, LONGEST, REFERENCE_WORDS, TORCH_ATTRIBUTES


def identifier(*refused: str) -> str:
    """A name of a variable, block, input or model, but for some."""
    words = "|".join(sorted({*keyword.kwlist, *refused}))
    return rf"^(?!(?:{words})$)(?!__)(?=.{{1,{LONGEST}}}$){IDENTIFIER.pattern}$"


def layer() -> str:
    """A name of a layer; what holds an expression becomes one."""
    words = "|".join(sorted(REFERENCE_WORDS | TORCH_ATTRIBUTES))
    return rf"\$|^(?!(?:{words})$)(?!_+[^_])(?=.{{1,{LONGEST}}}$){LAYER_NAME.pattern}$"
