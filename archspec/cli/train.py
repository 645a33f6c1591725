"""`archspec train`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import BinaryIO

import click

import archspec
from archspec.cli.options import allow_root_option, plugin_option, recipe_option, set_option
from archspec.cli.show import print_diagnostics
from archspec.cli.specs import one_spec


@click.command()
@click.argument("spec", required=False)
@set_option
@recipe_option
@allow_root_option
@plugin_option
@click.option("--weights", metavar="FILE", help="Start from this checkpoint instead of the spec's.")
@click.option("--device", default="auto", show_default=True, metavar="DEVICE", help="auto, cpu, cuda or mps.")
@click.option(
    "--devices", type=click.IntRange(1), metavar="N", help="Train in N processes, each on a device of its own."
)
@click.option("--out", metavar="DIR", help="The run folder; a new one in runs/ unless given.")
@click.option("--resume", metavar="RUN", help="Go on with an interrupted run, from its folder, to the same bits.")
@click.option("--quiet", is_flag=True, help="Print the result only.")
@click.option("--dry-run", is_flag=True, help="Only try one batch: shapes, memory, time; no files.")
@click.option("--overfit-batches", type=click.IntRange(1), metavar="N", help="Only try to learn N batches by heart.")
@click.option("--profile", is_flag=True, help="Only see where a step's time goes; write a trace.")
@click.option("--find-lr", is_flag=True, help="Only look for a learning rate: losses over a range.")
def train(
    spec: str | None,
    settings: tuple[str, ...],
    recipe: str | None,
    allow_roots: tuple[str, ...],
    weights: str | None,
    device: str,
    devices: int | None,
    out: str | None,
    resume: str | None,
    quiet: bool,
    dry_run: bool,
    overfit_batches: int | None,
    profile: bool,
    find_lr: bool,
) -> int:
    """Train a spec's model by its `train` section, or by a recipe; or go on with a run, `--resume RUN`."""
    asked = {"dry-run": dry_run, "profile": profile, "find-lr": find_lr, "overfit-batches": overfit_batches is not None}
    trial = _one_of([name for name, is_asked in asked.items() if is_asked], resume=resume, devices=devices, out=out)
    is_first = archspec.is_first_process()
    try:
        architecture = archspec.load(_spec(spec, resume), set=settings, recipe=recipe, allow_roots=allow_roots)
        if weights is not None:
            architecture = architecture.with_weights(weights)
    except (archspec.SpecError, archspec.UsageError):
        if is_first:
            raise
        return 1  # the first process says it for all
    if trial is not None:
        return _tried(architecture, trial, overfit_batches, out, device)
    if devices is not None and (status := archspec.launch(devices, sys.argv[1:])) is not None:
        return status
    if is_first:
        print_diagnostics(architecture.warnings, sys.stderr)
        if not quiet:
            click.echo(architecture.summary())
    result = archspec.train(architecture, device=device, out=out, quiet=quiet, resume=resume)
    if is_first:
        click.echo(result.summary())
    return 0


def _one_of(trials: Sequence[str], *, resume: str | None, devices: int | None, out: str | None) -> str | None:
    """What is only tried; None for nothing."""
    if not trials:
        return None
    if len(trials) > 1:
        raise click.UsageError(" and ".join(f"--{each}" for each in trials) + " are one at a time")
    (trial,) = trials
    if resume is not None or devices is not None:
        raise click.UsageError(f"--{trial} tries a spec in one process: leave out --resume and --devices")
    if out is not None and trial != "profile":
        raise click.UsageError(f"--{trial} writes nothing: leave out --out")
    return trial


def _tried(architecture: archspec.Architecture, trial: str, batches: int | None, out: str | None, device: str) -> int:
    from archspec.cli import trial as tried  # for these only

    print_diagnostics(architecture.warnings, sys.stderr)
    if batches is not None:
        tried.overfit(architecture, batches, device)
    elif trial == "dry-run":
        tried.dry_run(architecture, device)
    elif trial == "find-lr":
        tried.find_lr(architecture, device)
    else:
        tried.profile(architecture, out or f"runs/{architecture.name}-profile", device)
    return 0


def _spec(spec: str | None, resume: str | None) -> str | BinaryIO:
    """The one that is named, else that of the run."""
    if spec is not None:
        return one_spec(spec)
    if resume is None:
        raise click.UsageError("give a spec, or a run with --resume")
    return str(archspec.spec_of_run(resume))
