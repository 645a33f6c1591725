"""`archspec check`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Literal, TextIO

import click

import archspec
from archspec.cli.options import allow_root_option, plugin_option, recipe_option, set_option
from archspec.cli.report import Result, print_annotations, print_json, print_result, print_total
from archspec.cli.show import exit_status, write
from archspec.cli.specs import STDIN, Found, find_specs
from archspec.errors import Diagnostic, UsageError

Format = Literal["text", "json", "github"]


@click.command(short_help="Explain every fault of specs at its line.")
@click.argument("specs", nargs=-1, required=True, metavar="SPEC…")
@set_option
@recipe_option
@allow_root_option
@plugin_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="Text to read, a JSON list, or annotations of a GitHub workflow.",
)
@click.option("--json", "form", flag_value="json", help="Short for --format json.")
@click.option("--table", is_flag=True, help="Print each spec's table too; of a faulty one, up to the fault.")
@click.option("--full", is_flag=True, help="With --table: a line for every copy of a repeat.")
@click.option("--fix", is_flag=True, help="Write what can only be meant into the files: misspellings, quotes, commas.")
@click.option("--diff", is_flag=True, help="Show what --fix would change, and write nothing.")
@click.option("--specs-only", is_flag=True, help="Leave out named files without a key `archspec`, as in folders.")
def check(
    specs: tuple[str, ...],
    settings: tuple[str, ...],
    recipe: str | None,
    allow_roots: tuple[str, ...],
    form: Format,
    table: bool,
    full: bool,
    fix: bool,
    diff: bool,
    specs_only: bool,
) -> int:
    """Check specs without building anything, and explain every fault at its line.

    SPEC is a file, a folder, or `-` for standard input. In a folder, the .yaml, .yml and .json files that have a key
    `archspec` are checked; hidden folders and links to folders are left out.

    Exit status: 0 without errors, 1 if a spec is wrong, 2 if there is none to check.
    """
    _refuse_contradictions(specs, form, table=table, full=full, mending=fix or diff, diff=diff, recipe=recipe)
    results: list[Result] = []
    told, report = (sys.stdout, sys.stderr) if diff else (sys.stderr if form != "text" else sys.stdout, sys.stdout)
    for found in find_specs(specs, only_specs=specs_only):
        name = "" if isinstance(found, Diagnostic) else found.name
        if isinstance(found, Diagnostic):
            examination = archspec.Examination((found,))
        elif fix or diff:
            examination = _mended(found, settings, allow_roots, diff, told)
        else:
            examination = archspec.examine(found.source(), set=settings, recipe=recipe, allow_roots=allow_roots)
        diagnostics = examination.diagnostics
        results.append((name, diagnostics))
        if form == "text":
            print_result(
                name, diagnostics, examination.summary(full=full) if table else None, report, _what(examination)
            )
        elif form == "github":
            print_annotations(diagnostics, report)
    if form == "json":
        print_json((diagnostic for _, part in results for diagnostic in part), report)
    elif form == "text" and len(results) > 1:
        print_total(results, report)
    return exit_status(diagnostic for _, part in results for diagnostic in part)


def _what(examination: archspec.Examination) -> str:
    return "ok, a recipe: to check it with a model, give it with --recipe" if examination.is_recipe else "ok"


def _refuse_contradictions(
    specs: Sequence[str], form: Format, *, table: bool, full: bool, mending: bool, diff: bool, recipe: str | None
) -> None:
    if form != "text" and (table or diff):
        raise click.UsageError(f"{'--table' if table else '--diff'} goes with --format text only")
    if full and not table:
        raise click.UsageError("--full goes with --table")
    if mending and recipe is not None:
        raise click.UsageError("--fix and --diff are for one file at a time: leave out --recipe")
    if mending and STDIN in specs:
        raise click.UsageError("standard input cannot be written back: give a file to --fix and --diff")


def _mended(
    found: Found, settings: Sequence[str], allow_roots: Sequence[str], diff: bool, told: TextIO
) -> archspec.Examination:
    """What is to say of a spec after the safe edits, or with `diff` before them."""
    from archspec.cli.mend import mend, write_mended

    mended = mend(found.path, settings, allow_roots)
    if diff:
        write(mended.diff(), told)
        return mended.original
    try:
        write_mended(found, mended)
    except UsageError as error:
        return mended.original.with_fault(error.diagnostic)
    write(mended.told(), told)
    return mended.examination
