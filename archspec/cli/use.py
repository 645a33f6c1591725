"""`archspec eval` and `archspec predict`: what a finished run's best weights are worth, and what they say."""

from __future__ import annotations

import sys

import click

import archspec
from archspec.cli.show import write

_device = click.option("--device", default="auto", show_default=True, metavar="DEVICE", help="auto, cpu, cuda or mps.")


@click.command("eval", short_help="Measure a run's best weights again.")
@click.argument("run")
@_device
def evaluate(run: str, device: str) -> int:
    """Measure the best weights of a run folder on its evaluation data: the loss, and the recipe's metrics."""
    for name, value in archspec.evaluate(run, device=device).items():
        click.echo(f"{name:<12} {value:.4f}")
    return 0


@click.command(short_help="Classify images with a run's best weights.")
@click.argument("run")
@click.argument("images", nargs=-1, required=True, metavar="IMAGE…")
@click.option("--top", default=3, show_default=True, type=click.IntRange(1), help="How many classes are told.")
@_device
def predict(run: str, images: tuple[str, ...], top: int, device: str) -> int:
    """Classify images with the best weights of a run folder: a line for each, the most probable classes first."""
    found = archspec.predict(run, images, device=device)
    width = max(len(each.path) for each in found)
    for each in found:
        told = "  ".join(f"{name} {share:.3f}" for name, share in each.classes[:top])
        write(f"{each.path:<{width}}  {told}\n", sys.stdout)
    return 0
