"""`archspec check`."""

from __future__ import annotations

import sys
from collections import Counter

import click

import archspec
from archspec.cli.options import allow_root_option, plugin_option, set_option
from archspec.cli.show import print_diagnostics
from archspec.errors import Diagnostic, plural


@click.command()
@click.argument("specs", nargs=-1, required=True, metavar="SPEC…")
@set_option
@allow_root_option
@plugin_option
@click.option("--json", "as_json", is_flag=True, help="The faults as a JSON list.")
def check(specs: tuple[str, ...], settings: tuple[str, ...], allow_roots: tuple[str, ...], as_json: bool) -> int:
    """Check specs without building anything, and explain every fault at its line."""
    found = [(spec, archspec.check(spec, set=settings, allow_roots=allow_roots)) for spec in specs]
    diagnostics = [diagnostic for _, part in found for diagnostic in part]
    if as_json:
        import json

        click.echo(json.dumps([diagnostic.as_data() for diagnostic in diagnostics], indent=2, ensure_ascii=False))
    else:
        for spec, part in found:
            print_diagnostics(part, sys.stdout)
            click.echo(("\n" if part else "") + _verdict(spec, part))
    errors = [diagnostic for diagnostic in diagnostics if diagnostic.severity == "error"]
    if not errors:
        return 0
    return 2 if all(diagnostic.code == "AS001" for diagnostic in errors) else 1


def _verdict(spec: str, diagnostics: tuple[Diagnostic, ...]) -> str:
    counts = Counter(diagnostic.severity for diagnostic in diagnostics)
    words = [plural(counts[severity], severity) for severity in ("error", "warning") if counts[severity]]
    return f"{spec}: {', '.join(words) or 'ok'}"
