"""What the functions of `torch.nn.init` ask of their arguments and of the tensor's shape."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from archspec.ops.entry import Init

_RANKS: Mapping[str, tuple[int, int | None]] = {
    **dict.fromkeys(("kaiming_normal", "kaiming_uniform", "xavier_normal", "xavier_uniform", "orthogonal"), (2, None)),
    "eye": (2, 2),
    "sparse": (2, 2),
    "dirac": (3, 5),
}
_MOST_DEVIATIONS = 2


def argument_fault(function: str, arguments: Mapping[str, Any]) -> tuple[str, str] | None:
    """The argument that is out of its domain, and what it has to be; None where all are in theirs.

    `trunc_normal` wants its mean within two deviations of its bounds, beyond which torch itself warns of a wrong
    distribution, and draws for as long as it takes.
    """
    known = {name: value for name, value in arguments.items() if isinstance(value, (int, float))}
    infinite = next((name for name, value in known.items() if not math.isfinite(value)), None)
    if infinite is not None:
        return infinite, "a finite number"
    if function == "normal" and known.get("std", 1) < 0:
        return "std", "≥ 0"
    if function == "sparse" and not 0 <= known.get("sparsity", 0) <= 1:
        return "sparsity", "between 0 and 1"
    if function.startswith("xavier") and known.get("gain", 1) < 0:
        return "gain", "≥ 0"
    if function == "sparse" and known.get("std", 0) < 0:
        return "std", "≥ 0"
    if function == "dirac" and known.get("groups", 1) < 1:
        return "groups", "≥ 1"
    if function == "uniform" and known.get("a", 0) > known.get("b", 1):
        return ("a" if "a" in known else "b"), f"such that a ≤ b, and not {known.get('a', 0)} > {known.get('b', 1)}"
    return _trunc_normal(known) if function == "trunc_normal" else None


def _trunc_normal(known: Mapping[str, float]) -> tuple[str, str] | None:
    mean, std, low, high = (known.get(name, default) for name, default in _TRUNC_NORMAL)
    if std <= 0:
        return "std", "> 0"
    if low > high:
        return ("a" if "a" in known else "b"), f"such that a ≤ b, and not {low} > {high}"
    if not low - _MOST_DEVIATIONS * std <= mean <= high + _MOST_DEVIATIONS * std:
        name = next(name for name in ("mean", "a", "b", "std") if name in known)
        return name, f"such that the mean {mean} is within 2 × std = {2 * std:g} of the bounds {low} and {high}"
    return None


_TRUNC_NORMAL = (("mean", 0.0), ("std", 1.0), ("a", -2.0), ("b", 2.0))


def shape_fault(init: Init, shape: tuple[int, ...]) -> str | None:
    """What the function needs a tensor to have, where this shape has it not."""
    least, most = _RANKS.get(init.function, (0, None))
    if len(shape) < least or (most is not None and len(shape) > most):
        return _WORDS[least, most]
    groups = int(init.arguments.get("groups", 1))
    if init.function == "dirac" and shape[0] % groups:
        return f"a first size that {groups} groups divide"
    return None


_WORDS = {
    (2, None): "at least two dimensions",
    (2, 2): "two dimensions",
    (3, 5): "three to five dimensions, as a convolution's weight has",
}
