"""`archspec export`."""

from __future__ import annotations

import sys

import click

import archspec
from archspec.cli.options import allow_root_option, plugin_option, set_option
from archspec.cli.show import print_diagnostics
from archspec.cli.specs import one_spec
from archspec.errors import Diagnostic, UsageError

_FORMS = ("python", "json", "yaml")


@click.command()
@click.argument("spec")
@click.option("--to", "form", type=click.Choice(_FORMS), default="python", show_default=True, help="What to write.")
@click.option("-o", "--output", metavar="FILE", help="Write it into a file instead of printing it.")
@set_option
@plugin_option
@allow_root_option
def export(spec: str, form: str, output: str | None, settings: tuple[str, ...], allow_roots: tuple[str, ...]) -> None:
    """Write a spec in another form.

    \b
    python  the model's classes, in a file that needs torch and nothing of archspec
    json    the same spec as JSON, what it extends and imports included
    yaml    the same as YAML
    """
    architecture = archspec.load(one_spec(spec), set=settings, allow_roots=allow_roots)
    print_diagnostics(architecture.warnings, sys.stderr)
    write = {"python": architecture.to_python, "json": architecture.to_json, "yaml": architecture.to_yaml}[form]
    text = write()
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        with open(output, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        help = "choose a file in a folder that exists and that you can write to"
        message = f"the export cannot be written to `{output}`: {error.strerror}"
        raise UsageError(Diagnostic("AS705", message, help=help)) from None
