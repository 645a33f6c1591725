"""`archspec train`."""

from __future__ import annotations

import sys

import click

import archspec
from archspec.cli.options import allow_root_option, plugin_option, set_option
from archspec.cli.show import print_diagnostics
from archspec.cli.specs import one_spec


@click.command()
@click.argument("spec")
@set_option
@allow_root_option
@plugin_option
@click.option("--weights", metavar="FILE", help="Start from this checkpoint instead of the spec's.")
@click.option("--device", default="auto", show_default=True, metavar="DEVICE", help="auto, cpu, cuda or mps.")
@click.option("--out", metavar="DIR", help="The run folder; a new one in runs/ unless given.")
@click.option("--quiet", is_flag=True, help="Print the result only.")
def train(
    spec: str,
    settings: tuple[str, ...],
    allow_roots: tuple[str, ...],
    weights: str | None,
    device: str,
    out: str | None,
    quiet: bool,
) -> int:
    """Train a spec's model by its `train` section."""
    architecture = archspec.load(one_spec(spec), set=settings, allow_roots=allow_roots)
    if weights is not None:
        architecture = architecture.with_weights(weights)
    print_diagnostics(architecture.warnings, sys.stderr)
    if not quiet:
        click.echo(architecture.summary())
    result = archspec.train(architecture, device=device, out=out, quiet=quiet)
    click.echo(result.summary())
    return 0
