"""The public functions: `load`, `build`, `from_file`, `check`, `examine`, `train`, `json_schema`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from archspec.architecture import MOST_PARAMS, Architecture, compiled
from archspec.compiler import compile_text
from archspec.errors import Diagnostic, SpecError, in_file_order
from archspec.examination import Examination as Examination
from archspec.given import Path, Spec, home_of, text_of
from archspec.spec.overrides import Override
from archspec.spec.recipe_file import recipe_override
from archspec.spec.settings import Weights, override_from_text, overrides_from_values
from archspec.train import Callback, TrainResult
from archspec.train import spec_of_run as spec_of_run
from archspec.train import train as run_training
from archspec.train.launch import is_first_process as is_first_process
from archspec.train.launch import launch as launch
from archspec.version import __version__

if TYPE_CHECKING:
    import torch
    from torch import nn

    from archspec.weights.ledger import Ledger


def load(
    spec: Spec,
    *,
    set: Sequence[str] = (),
    recipe: Spec | None = None,
    allow_roots: Sequence[Path] = (),
    **variables: Any,
) -> Architecture:
    """Read and check a spec.

    Args:
        spec: a path, a name of the zoo (`zoo:resnet34`), the text of a spec (anything with a line break), the same as a
            dict, or an open binary file.
        set: overrides as on the command line, e.g. `["train.epochs=3"]`.
        recipe: what takes the place of the spec's `train` section, in any form of a spec; `set` wins over it.
        allow_roots: folders that the spec may extend and import from, besides its own; in what has no folder, a text
            or a dict, paths are relative to the first of them.
        **variables: values for the spec's variables.

    Returns:
        The checked architecture. torch is not imported.

    Raises:
        SpecError: the spec is wrong; `.diagnostics` holds every fault.
    """
    overrides = _overrides(set, recipe, variables)
    return compiled(text_of(spec), overrides, home_of(spec, allow_roots))


def build(
    spec: Spec,
    *,
    device: torch.device | str | None = None,
    dtype: torch.dtype | str | None = None,
    seed: int = 0,
    max_params: int = MOST_PARAMS,
    weights: Weights | None = None,
    allow_roots: Sequence[Path] = (),
    **variables: Any,
) -> nn.Module:
    """`load` and `Architecture.build` in one.

    Raises:
        SpecError: the spec is wrong, or the checkpoint that it names cannot be used or does not fit.
        UsageError: the device or dtype is not to be had, the model is larger than `max_params`, or the checkpoint
            given as `weights` cannot be used or does not fit.
    """
    architecture = load(spec, allow_roots=allow_roots, **variables)
    return architecture.build(device=device, dtype=dtype, seed=seed, max_params=max_params, weights=weights)


def from_file(
    path: Path,
    *,
    device: torch.device | str | None = None,
    dtype: torch.dtype | str | None = None,
    max_params: int = MOST_PARAMS,
) -> nn.Module:
    """The model of a safetensors file that holds its spec, as `Architecture.save_weights`, a run and
    `archspec export --to safetensors` write them.

    Nothing is initialised, and nothing in the file is run: its spec is checked as any other, and no path in it leads
    anywhere.

    Args:
        path: the file.
        device: where its tensors are made; `meta` allocates nothing. Default: torch's default device.
        dtype: of its floating-point tensors. Default: the file's.
        max_params: the largest number of parameters for which memory is allocated.

    Raises:
        UsageError: AS451 to AS455, the file is not there or cannot be used; AS456, its tensors are not those of its
            spec; AS460, it holds no spec; AS461, its spec was changed; AS703, AS704, as for `build`.
        SpecError: its spec is wrong, or needs a newer archspec.
    """
    from archspec.weights.contained import contained, floating_type

    found = contained(path)
    try:
        architecture = compiled(found.spec)
    except SpecError as error:
        written = f"`{found.contents.path}` was written by archspec {found.version}; this is {__version__}"
        raise SpecError(replace(fault, notes=(*fault.notes, written)) for fault in error.diagnostics) from None
    type_ = floating_type(architecture.graph, found.contents) if dtype is None else dtype
    weights = {"path": found.contents.path}
    return architecture.build(device=device, dtype=type_, max_params=max_params, weights=weights)


def examine(
    spec: Spec,
    *,
    set: Sequence[str] = (),
    recipe: Spec | None = None,
    allow_roots: Sequence[Path] = (),
    **variables: Any,
) -> Examination:
    """Check a spec, and keep what could be inferred of it. Arguments as for `load`. Never raises for a fault.

    The checkpoint that it names is looked into too: whether it is there, whole, and fits.
    """
    try:
        overrides = _overrides(set, recipe, variables)
        result = compile_text(text_of(spec), overrides, home_of(spec, allow_roots))
    except SpecError as error:
        return Examination(error.diagnostics)
    if result.graph is None or result.weights is None:
        return Examination(result.diagnostics, result)
    from archspec.weights.check import check_weights

    faults = check_weights(result.graph, result.weights)
    return Examination(tuple(in_file_order((*result.diagnostics, *faults))), result)


def check(
    spec: Spec,
    *,
    set: Sequence[str] = (),
    recipe: Spec | None = None,
    allow_roots: Sequence[Path] = (),
    **variables: Any,
) -> tuple[Diagnostic, ...]:
    """Every fault and warning of a spec, in file order; empty if there is nothing to say. Never raises for a fault.

    A recipe is checked as far as can be told without a model, and beside its spec as `recipe`.
    """
    return examine(spec, set=set, recipe=recipe, allow_roots=allow_roots, **variables).diagnostics


def ledger(module: nn.Module) -> Ledger | None:
    """What of a checkpoint went where when a module was built; None where it was built without one."""
    from archspec.weights.load import ledger as kept

    return kept(module)


def train(
    spec: Spec | Architecture | None = None,
    *,
    device: str = "auto",
    out: Path | None = None,
    quiet: bool = False,
    resume: Path | None = None,
    callbacks: Sequence[Callback] = (),
    set: Sequence[str] = (),
    recipe: Spec | None = None,
    allow_roots: Sequence[Path] = (),
    **variables: Any,
) -> TrainResult:
    """Train a spec's model by its `train` section.

    Args:
        spec: as for `load`, or an architecture; with `resume`, that of the run unless given.
        device: `auto` (the best there is), `cpu`, `cuda` or `mps`.
        out: the run folder; a new one in `runs/` if None.
        quiet: print nothing.
        resume: the folder of an interrupted run to go on with; it ends with the same bits as if it had not been.
            What says when it ends may be set anew, e.g. `train.epochs`.
        callbacks: are told of each step and measurement (`archspec.Callback`).
        set: overrides, e.g. `["train.epochs=3"]`.
        recipe: as for `load`.
        allow_roots: as for `load`.
        **variables: values for the spec's variables.

    Raises:
        SpecError: the spec is wrong, or its head does not fit the data.
        UsageError: the device is not there, or the run folder cannot be used or gone on with.
    """
    if spec is None:
        if resume is None:
            raise TypeError("train() needs a spec, or a run to resume")
        spec = spec_of_run(resume)
    if not isinstance(spec, Architecture):
        architecture = load(spec, set=set, recipe=recipe, allow_roots=allow_roots, **variables)
    else:
        architecture = spec if recipe is None else spec.with_recipe(text_of(recipe))
    return run_training(architecture, device=device, out=out, quiet=quiet, resume=resume, callbacks=callbacks)


def json_schema(*, recipe: bool = False) -> str:
    """The JSON Schema (draft-07) of specs, for editors, with the layers that are registered now.

    Args:
        recipe: that of a recipe in a file of its own instead.

    Returns:
        The text of a schema file.
    """
    from archspec.schema.document import recipe_schema, spec_schema, text  # nothing that checks needs it

    return text(recipe_schema() if recipe else spec_schema())


def _overrides(set: Sequence[str], recipe: Spec | None, variables: Mapping[str, Any]) -> tuple[Override, ...]:
    """All that a caller sets, in the order in which it is: the recipe first."""
    whole = () if recipe is None else (recipe_override(text_of(recipe)),)
    return (*whole, *map(override_from_text, set), *overrides_from_values(variables))
