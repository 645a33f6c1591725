"""The public functions: `load`, `build`, `check`, `train`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from archspec import source
from archspec.architecture import MOST_PARAMS, Architecture, compiled, python_overrides
from archspec.compiler import compile_text
from archspec.errors import Diagnostic, SourceText, SpecError
from archspec.source.home import ZOO, Home, home_of_file, home_of_text
from archspec.source.zoo import load_zoo, zoo_home
from archspec.spec.settings import override_from_text
from archspec.train import TrainResult
from archspec.train import train as run_training

if TYPE_CHECKING:
    import torch
    from torch import nn

Path = str | os.PathLike[str]
Spec = Path | Mapping[str, Any]


def load(spec: Spec, *, set: Sequence[str] = (), allow_roots: Sequence[Path] = (), **variables: Any) -> Architecture:
    """Read and check a spec.

    Args:
        spec: a path, a name of the zoo (`zoo:resnet34`), the text of a spec (anything with a line break), or the same
            as a dict.
        set: overrides as on the command line, e.g. `["train.epochs=3"]`.
        allow_roots: folders that the spec may `extends` and `import` from, besides its own; in a text or a dict,
            paths are relative to the first of them.
        **variables: values for the spec's variables.

    Returns:
        The checked architecture. torch is not imported.

    Raises:
        SpecError: the spec is wrong; `.diagnostics` holds every fault.
    """
    overrides = (*map(override_from_text, set), *python_overrides(variables))
    return compiled(text_of(spec), overrides, home_of(spec, allow_roots))


def build(
    spec: Spec,
    *,
    device: torch.device | str | None = None,
    dtype: torch.dtype | str | None = None,
    seed: int = 0,
    max_params: int = MOST_PARAMS,
    allow_roots: Sequence[Path] = (),
    **variables: Any,
) -> nn.Module:
    """`load` and `Architecture.build` in one.

    Raises:
        SpecError: the spec is wrong.
        UsageError: the device or dtype is not to be had, or the model is larger than `max_params`.
    """
    architecture = load(spec, allow_roots=allow_roots, **variables)
    return architecture.build(device=device, dtype=dtype, seed=seed, max_params=max_params)


def check(
    spec: Spec, *, set: Sequence[str] = (), allow_roots: Sequence[Path] = (), **variables: Any
) -> tuple[Diagnostic, ...]:
    """Every fault and warning of a spec, in file order; empty if there is nothing to say. Never raises for a fault."""
    try:
        overrides = (*map(override_from_text, set), *python_overrides(variables))
        return compile_text(text_of(spec), overrides, home_of(spec, allow_roots)).diagnostics
    except SpecError as error:
        return error.diagnostics


def train(
    spec: Spec | Architecture,
    *,
    device: str = "auto",
    out: str | os.PathLike[str] | None = None,
    quiet: bool = False,
    set: Sequence[str] = (),
    allow_roots: Sequence[Path] = (),
    **variables: Any,
) -> TrainResult:
    """Train a spec's model by its `train` section.

    Args:
        spec: as for `load`, or an architecture.
        device: `auto` (the best there is), `cpu`, `cuda` or `mps`.
        out: the run folder; a new one in `runs/` if None.
        quiet: print nothing.
        set: overrides, e.g. `["train.epochs=3"]`.
        allow_roots: as for `load`.
        **variables: values for the spec's variables.

    Raises:
        SpecError: the spec is wrong, or its head does not fit the data.
        UsageError: the device is not there, or the run folder cannot be used.
    """
    architecture = spec if isinstance(spec, Architecture) else load(spec, set=set, allow_roots=allow_roots, **variables)
    return run_training(architecture, device=device, out=out, quiet=quiet)


def text_of(spec: Spec) -> SourceText:
    """The text of a spec, whatever form it is given in.

    Raises:
        SpecError: there is no such file, or it cannot be read as text; or the dict holds more than plain data.
    """
    if isinstance(spec, Mapping):
        return source.from_data(spec)
    if isinstance(spec, str) and "\n" in spec:
        return SourceText("<text>", spec)
    if isinstance(spec, str) and spec.startswith(ZOO):
        return load_zoo(spec)
    return source.load_file(spec)


def home_of(spec: Spec, allow_roots: Sequence[Path] = ()) -> Home:
    """What the paths in a spec mean, whatever form it is given in."""
    if isinstance(spec, Mapping) or (isinstance(spec, str) and "\n" in spec):
        return home_of_text(allow_roots)
    if isinstance(spec, str) and spec.startswith(ZOO):
        return zoo_home(spec)
    return home_of_file(spec, allow_roots)
