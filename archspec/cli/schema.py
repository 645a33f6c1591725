"""`archspec schema`."""

from __future__ import annotations

import click

import archspec
from archspec.cli.options import plugin_option
from archspec.cli.output import give


@click.command()
@click.option("--recipe", is_flag=True, help="The schema of recipes instead.")
@plugin_option
@click.option("-o", "--output", metavar="FILE", help="Write it into a file instead of printing it.")
def schema(recipe: bool, output: str | None) -> None:
    """The JSON Schema of specs, from which editors complete, explain and underline."""
    text = archspec.json_schema(recipe=recipe)
    give(text, output)
