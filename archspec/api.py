"""The public functions: `load`, `build`, `from_file`, `check`, `examine`, `train`, `json_schema`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from archspec.architecture import Architecture, compiled
from archspec.building import MOST_PARAMS, built
from archspec.compiler import compile_text
from archspec.errors import Diagnostic, SpecError, in_file_order
from archspec.examination import Examination as Examination
from archspec.given import Path, Spec, home_of, overrides_of, text_of
from archspec.spec.settings import Weights
from archspec.train import Callback, TrainResult
from archspec.train import spec_of_run as spec_of_run
from archspec.train import train as run_training
from archspec.train.launch import is_first_process as is_first_process
from archspec.train.launch import launch as launch
from archspec.trained import Subject, subject_of
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
    overrides = overrides_of(set, recipe, variables)
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
    checkpoint = architecture.with_weights({"path": found.contents.path}).weights
    return built(
        architecture.graph, checkpoint, device=device, dtype=type_, max_params=max_params, contents=found.contents
    )


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
        overrides = overrides_of(set, recipe, variables)
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
    spec: Subject | None = None,
    data: Any = None,
    *,
    input: Sequence[int] | None = None,
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
    """Train a spec's model by its `train` section, or a module of one's own by a recipe.

    Args:
        spec: as for `load`, or an architecture; or a `torch.nn.Module`, which is trained as it is, in place. With
            `resume`, that of the run unless given.
        data: what it is trained on, in the place of what the recipe names: a map-style `Dataset`, or a pair
            `(inputs, targets)` of arrays; two of these, to learn from and to measure on; a mapping with `train`, and
            perhaps `eval`, `classes` and `workers`; or what `data` says in a recipe.
        input: the size of what a module takes, without the batch, where the data does not tell it: `[3, 224, 224]`.
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
        SpecError: the spec or the recipe is wrong, or the data does not fit the model.
        UsageError: the device is not there, the run folder cannot be used or gone on with, or a module cannot be
            trained (AS615).
    """
    for each in callbacks:
        if not isinstance(each, Callback):
            raise TypeError(f"`{each!r}` is no callback: derive a class from `archspec.Callback`, and give one of it")
    if spec is None:
        if resume is None:
            raise TypeError("train() needs a spec or a module, or a run to resume")
        spec = spec_of_run(resume)
    subject, handed = subject_of(
        spec, data, input=input, set=set, recipe=recipe, allow_roots=allow_roots, variables=variables
    )
    return run_training(subject, device=device, out=out, quiet=quiet, resume=resume, callbacks=callbacks, data=handed)


def json_schema(*, recipe: bool = False) -> str:
    """The JSON Schema (draft-07) of specs, for editors, with the layers and data sets that are registered now, or that
    an installed package offers.

    Args:
        recipe: that of a recipe in a file of its own instead.

    Returns:
        The text of a schema file.
    """
    from archspec.schema.document import recipe_schema, spec_schema, text  # nothing that checks needs it

    return text(recipe_schema() if recipe else spec_schema())
