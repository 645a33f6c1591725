"""`archspec list`."""

from __future__ import annotations

import difflib
import json

import click

import archspec

_HEAD = ("name", "spec", "input", "params", "MACs")


@click.command("list", short_help="The zoo: every network that comes with archspec.")
@click.argument("words", nargs=-1, metavar="[WORD]...")
@click.option("--json", "as_json", is_flag=True, help="As data.")
def list_(words: tuple[str, ...], as_json: bool) -> None:
    """The zoo: every network that comes with archspec, by the name that stands for it wherever a spec is asked for,
    with its inputs, parameters and multiply-accumulates for one sample.

    With words, those networks only whose names or files have one of them: archspec list resnet segmentation.
    """
    entries = [entry for entry in archspec.list_zoo() if not words or any(_has(entry, word) for word in words)]
    click.echo(_data(entries) if as_json else _table(entries))
    if not entries:
        near = difflib.get_close_matches(words[0], [entry.name.removeprefix("zoo:") for entry in archspec.list_zoo()])
        meant = f"did you mean {' or '.join(f'`{name}`' for name in near)}?" if near else "`archspec list` shows all"
        click.echo(f"the zoo has nothing of that name: {meant}", err=True)


def _has(entry: archspec.ZooEntry, word: str) -> bool:
    return word.lower() in entry.name or word.lower() in entry.spec


def _data(entries: list[archspec.ZooEntry]) -> str:
    return json.dumps(
        [
            {
                "name": entry.name,
                "spec": entry.spec,
                "inputs": entry.inputs,
                "params": entry.num_params,
                "macs": entry.macs,
            }
            for entry in entries
        ],
        indent=2,
    )


def _table(entries: list[archspec.ZooEntry]) -> str:
    rows = [_HEAD, *map(_row, entries)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    head, *lines = (_line(row, widths) for row in rows)
    return "\n".join([head, "─" * (sum(widths) + 2 * (len(widths) - 1)), *lines])


def _row(entry: archspec.ZooEntry) -> tuple[str, ...]:
    inputs = ", ".join("×".join(map(str, shape)) for shape in entry.inputs.values())
    return entry.name, entry.spec, inputs, f"{entry.num_params:,}", f"{entry.macs:,}"


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    words = [cell.ljust(width) for cell, width in zip(row[:3], widths[:3], strict=True)]
    numbers = [cell.rjust(width) for cell, width in zip(row[3:], widths[3:], strict=True)]
    return "  ".join(words + numbers)
