"""`archspec build`."""

from __future__ import annotations

import sys
import time

import click

import archspec
from archspec.cli.options import allow_root_option, plugin_option, set_option
from archspec.cli.show import print_diagnostics
from archspec.cli.specs import one_spec


@click.command(short_help="Compile a spec, prove its shapes, print its table.")
@click.argument("spec")
@set_option
@allow_root_option
@plugin_option
@click.option("--full", is_flag=True, help="A line for every copy of a repeat.")
@click.option("--save", metavar="FILE", help="Write the initialised weights as safetensors.")
@click.option("--weights", metavar="FILE", help="Fill it from this checkpoint instead of the spec's.")
@click.option("--no-weights", is_flag=True, help="Initialise everything, whatever checkpoint the spec names.")
@click.option("--ledger", is_flag=True, help="A line for every tensor of the checkpoint.")
@click.option("--device", metavar="DEVICE", help="Where to build: cpu, cuda, mps, meta.")
@click.option("--dtype", metavar="DTYPE", help="Of the weights: float32, bfloat16, …")
@click.option("--seed", default=0, show_default=True, help="Of the initial weights.")
@click.option("--max-params", default=2_000_000_000, show_default=True, help="Refuse to allocate more parameters.")
def build(
    spec: str,
    settings: tuple[str, ...],
    allow_roots: tuple[str, ...],
    full: bool,
    save: str | None,
    weights: str | None,
    no_weights: bool,
    ledger: bool,
    device: str | None,
    dtype: str | None,
    seed: int,
    max_params: int,
) -> int:
    """Compile a spec, run the module once to prove its shapes, and print its table."""
    start = time.perf_counter()
    architecture = archspec.load(one_spec(spec), set=settings, allow_roots=allow_roots)
    if weights is not None or no_weights:
        architecture = architecture.with_weights(weights or False)
    print_diagnostics(architecture.warnings, sys.stderr)
    checked = time.perf_counter()
    __import__("torch")  # so that its import is not counted as building
    imported = time.perf_counter()
    module = architecture.build(device=device, dtype=dtype, seed=seed, max_params=max_params)
    built = time.perf_counter()
    differences = architecture.prove(module)
    proven = time.perf_counter()
    if save is not None:
        architecture.save_weights(module, save)
    click.echo(f"{architecture.name} from {spec}\n")
    click.echo(architecture.summary(full=full))
    click.echo(
        f"checked in {_time(checked - start)}, built in {_time(built - imported)}, "
        f"run once in {_time(proven - built)}" + ("" if differences else ": every shape is as inferred")
    )
    loaded = archspec.ledger(module)
    if loaded is not None:
        click.echo(loaded.render() if ledger else loaded.summary())
    if save is not None:
        click.echo(f"weights written to {save}")
    print_diagnostics(differences, sys.stderr)
    return 3 if differences else 0


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"
