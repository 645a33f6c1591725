"""`archspec runs`: what was trained, how far it came, and what is different between two of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

import archspec
from archspec.cli.show import write
from archspec.errors import clip, printable

if TYPE_CHECKING:
    from archspec import Comparison, Difference, RunSummary

_HEAD = ("run", "model", "data", "epochs", "best", "time", "status")
_WORDS = 3
_LONGEST = 44


@click.command(short_help="List runs; of two, what is different.")
@click.argument("folders", nargs=-1, metavar="[FOLDER]...")
@click.option("--json", "as_json", is_flag=True, help="As data.")
def runs(folders: tuple[str, ...], as_json: bool) -> None:
    """List the runs in folders (runs/ unless given): model, data, epochs, best metric, time, and whether each is
    running, finished or interrupted, in the order in which they began.

    Of two run folders, show what differs: archspec runs runs/Net-1 runs/Net-2.
    """
    if len(folders) == 2 and all(archspec.is_run(folder) for folder in folders):
        compared = archspec.compare_runs(*folders)
        _tell(_json(compared.as_data()) if as_json else _comparison(compared))
        return
    found = archspec.list_runs(folders or ("runs",))
    if as_json:
        _tell(_json([run.as_data() for run in found]))
    elif found:
        _tell(_table(_HEAD, [_row(run) for run in found], _WORDS))
    else:
        _tell(f"no runs in {', '.join(folders) or 'runs'}")


def _tell(text: str) -> None:
    write(text + "\n", sys.stdout)


def _json(data: Any) -> str:
    return json.dumps(data, indent=2)


def _row(run: RunSummary) -> tuple[str, ...]:
    epochs = f"{run.epochs}/{run.planned}" if run.planned is not None else str(run.epochs)
    best = "–" if run.best is None else f"{run.metric} {run.best:.4f}"
    return (_said(run.folder), _said(run.model), _said(run.data), epochs, best, _time(run.seconds), run.status)


def _said(value: object) -> str:
    return "–" if value is None else clip(printable(str(value)).replace("\n", " "), _LONGEST)


def _time(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {rest} s"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], words: int) -> str:
    """The first columns are words, the last one too; what is between is right-aligned."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]

    def line(row: Sequence[str]) -> str:
        cells = [
            cell.ljust(width) if place < words or place == len(row) - 1 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        return "  ".join(cells).rstrip()

    return "\n".join([line(head), "─" * (sum(widths) + 2 * (len(widths) - 1)), *map(line, rows)])


def _comparison(compared: Comparison) -> str:
    first, second = (_said(run.folder) for run in compared.runs)
    parts = [_table(_HEAD, [_row(run) for run in compared.runs], _WORDS)]
    if compared.spec:
        parts.append("the specs:\n" + "\n".join(printable(line) for line in compared.spec))
    else:
        parts.append("the specs are equal")
    for title, differences in (("the recipes", compared.recipe), ("the circumstances", compared.circumstances)):
        if differences:
            rows = [(_said(each.field), _said(each.first), _said(each.second)) for each in differences]
            parts.append(f"{title}:\n{_table(('field', first, second), rows, 3)}")
        else:
            parts.append(f"{title} are equal")
    if compared.figures:
        figures = [_figure(each) for each in compared.figures]
        parts.append(f"the best measurement of each:\n{_table(('figure', first, second, 'difference'), figures, 1)}")
    return "\n\n".join(parts)


def _figure(each: Difference) -> tuple[str, ...]:
    first, second = each.first, each.second
    both = first is not None and second is not None
    return each.field, _number(first), _number(second), f"{second - first:+.4g}" if both else "–"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}".rstrip("0").rstrip(".")
