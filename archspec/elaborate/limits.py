"""How much a spec may expand to, and take to expand."""

from __future__ import annotations

from archspec.errors import Diagnostic, Span, SpecError

MOST_FAULTS = 100
"""Faults that are told of one spec."""

LARGEST_GRAPH = 16_000
"""Layers and values that a spec may expand to."""

MOST_STEPS = 32_000
"""Entries that are looked at, layers or not, and what else costs as much."""

DEEPEST = 64
"""Scopes inside each other: sequences, repeats and block instances."""

STEPS_OF_A_FAULT = 10

SIZES_IN_A_STEP = 16
"""Dimensions of a shape, items of a list."""

TENSORS_IN_A_STEP = 4
"""Parameters and buffers of a layer."""


def too_deep(span: Span) -> SpecError:
    """The fault of scopes that are nested too deeply."""
    message = f"blocks, repeats and sequences are nested more than {DEEPEST} deep here"
    return SpecError([Diagnostic("AS702", message, span, help="flatten some of them")])
