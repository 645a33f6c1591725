"""`archspec export`."""

from __future__ import annotations

import os
import sys

import click

import archspec
from archspec.cli.options import allow_root_option, plugin_option, set_option
from archspec.cli.output import give
from archspec.cli.show import print_diagnostics
from archspec.cli.specs import one_spec

_TEXTS = ("python", "json", "yaml")
_FILES = ("safetensors", "pt2", "onnx")
_RUN_SPEC, _RUN_WEIGHTS = "spec.yaml", "best.safetensors"


@click.command(short_help="Write a spec in another form.")
@click.argument("spec")
@click.option("--to", "form", type=click.Choice(_TEXTS + _FILES), default="python", show_default=True, help="The form.")
@click.option("-o", "--output", metavar="FILE", help="Write it into a file; without, texts are printed.")
@click.option("--weights", metavar="FILE", help="Fill the model from this checkpoint or run folder first.")
@click.option("--no-weights", is_flag=True, help="Initialise everything, whatever checkpoint the spec names.")
@click.option("--seed", default=0, show_default=True, help="Of the initial weights.")
@set_option
@plugin_option
@allow_root_option
def export(
    spec: str,
    form: str,
    output: str | None,
    weights: str | None,
    no_weights: bool,
    seed: int,
    settings: tuple[str, ...],
    allow_roots: tuple[str, ...],
) -> None:
    """Write a spec, or what a training run has left in a folder, in another form.

    \b
    python       the model's classes, in a file that needs torch and nothing of archspec
    json         the same spec as JSON, what it extends and imports included
    yaml         the same as YAML
    safetensors  the model's weights with the spec beside them, for archspec.from_file
    pt2          the model with its weights, for torch.export.load
    onnx         the same as ONNX, checked with onnxruntime where that is installed
    """
    if form in _TEXTS and (weights or no_weights):
        raise click.UsageError(f"weights go into {', '.join(_FILES)}; {form} holds none")
    if form in _FILES and output is None:
        raise click.UsageError(f"--to {form} writes a file: say which with -o FILE")
    if _is_run(spec):
        spec, weights = os.path.join(spec, _RUN_SPEC), weights or (None if no_weights else spec)
    architecture = archspec.load(one_spec(spec), set=settings, allow_roots=allow_roots)
    print_diagnostics(architecture.warnings, sys.stderr)
    if output is None or form in _TEXTS:
        _write_text(architecture, form, output)
    else:
        chosen = False if no_weights else _in_run(weights)
        click.echo(_write_file(architecture, form, output, chosen, seed), err=True)


def _is_run(path: str) -> bool:
    return all(os.path.isfile(os.path.join(path, name)) for name in (_RUN_SPEC, _RUN_WEIGHTS))


def _in_run(weights: str | None) -> str | None:
    """The best weights of a run where its folder is named; any other path as it is."""
    return weights if weights is None or not _is_run(weights) else os.path.join(weights, _RUN_WEIGHTS)


def _write_text(architecture: archspec.Architecture, form: str, output: str | None) -> None:
    write = {"python": architecture.to_python, "json": architecture.to_json, "yaml": architecture.to_yaml}[form]
    give(write(), output)


def _write_file(
    architecture: archspec.Architecture, form: str, output: str, weights: str | bool | None, seed: int
) -> str:
    """What there is to say of the file afterwards."""
    module = architecture.build(weights=weights, seed=seed)  # type: ignore[arg-type]  # True is none of its values
    said = f"{form} written to {output}"
    if form == "safetensors":
        architecture.save_weights(module, output)
    elif form == "pt2":
        architecture.save_pt2(module, output)
    else:
        difference = architecture.save_onnx(module, output)
        said += "; not checked, as onnxruntime is not installed"
        if difference is not None:
            said = f"{form} written to {output}; onnxruntime gives the same to {difference:.1e}"
    loaded = archspec.ledger(module)
    return said if loaded is None else f"{loaded.summary()}\n{said}"
