"""`archspec schema`."""

from __future__ import annotations

import click

import archspec
from archspec.cli.options import plugin_option
from archspec.errors import Diagnostic, UsageError


@click.command()
@click.option("--recipe", is_flag=True, help="The schema of recipes instead.")
@plugin_option
@click.option("-o", "--output", metavar="FILE", help="Write it into a file instead of printing it.")
def schema(recipe: bool, output: str | None) -> None:
    """The JSON Schema of specs, from which editors complete, explain and underline."""
    text = archspec.json_schema(recipe=recipe)
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        with open(output, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        help = "choose a file in a folder that exists and that you can write to"
        message = f"the schema cannot be written to `{output}`: {error.strerror}"
        raise UsageError(Diagnostic("AS705", message, help=help)) from None
