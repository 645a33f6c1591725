"""`archspec eval` and `archspec predict`: what a finished run's best weights are worth, and what they say."""

from __future__ import annotations

import json
import sys

import click

import archspec
from archspec.cli.options import set_option
from archspec.cli.show import print_diagnostics, write
from archspec.errors import Diagnostic, UsageError, printable

_device = click.option("--device", default="auto", show_default=True, metavar="DEVICE", help="auto, cpu, cuda or mps.")


@click.command("eval", short_help="Measure a run's best weights again.")
@click.argument("run")
@set_option
@click.option("--per-class", is_flag=True, help="A line for each class too.")
@click.option("--report", is_flag=True, help="Write the run's report.html and pictures anew.")
@click.option("--json", "as_json", is_flag=True, help="As data, with the confusion matrix.")
@_device
def evaluate(run: str, settings: tuple[str, ...], per_class: bool, report: bool, as_json: bool, device: str) -> int:
    """Measure the best weights of a run folder on its evaluation data: the loss, and the recipe's metrics.

    On other data: archspec eval RUN --set train.data.ImageFolder.root=photos
    """
    found = archspec.examine_run(run, set=settings, report=report, device=device)
    if as_json:
        write(json.dumps(found.as_data(), indent=2) + "\n", sys.stdout)
        return 0
    for name, value in found.figures.items():
        click.echo(f"{name:<12} {value:.4f}")
    if per_class and found.classes:
        write("\n" + _classes(found.per_class) + "\n", sys.stdout)
    if report:
        click.echo(f"look at {run}/report.html")
    return 0


def _classes(figures: list[archspec.ClassFigures]) -> str:
    head = ("class", "count", "precision", "recall", "F1", "IoU")
    rows = [
        (printable(each.name), f"{each.count:,}", *map(_share, (each.precision, each.recall, each.f1, each.iou)))
        for each in figures
    ]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))])
        for row in (head, *rows)
    )


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


@click.command(short_help="Ask a run's best weights about images.")
@click.argument("run")
@click.argument("images", nargs=-1, required=True, metavar="IMAGE…")
@click.option("--top", default=3, show_default=True, type=click.IntRange(1), help="How many classes are told.")
@click.option("--out", metavar="FILE", help="The labelled picture; predicted.png in the run folder unless given.")
@click.option("--no-picture", is_flag=True, help="Only the table.")
@click.option("--json", "as_json", is_flag=True, help="As data, every class.")
@_device
def predict(
    run: str, images: tuple[str, ...], top: int, out: str | None, no_picture: bool, as_json: bool, device: str
) -> int:
    """Ask the best weights of a run folder about images, or folders of them: a line for each, the most probable classes
    first, and one picture of all, labelled, or with the masks over them.

    Images of other sizes are brought to the model's as the recipe's evaluation transforms say. One that cannot be read
    is named, and the others are told.
    """
    faults: list[Diagnostic] = []
    found = archspec.predict(run, images, device=device, faults=faults)
    if as_json:
        data = [{"path": each.path, "classes": dict(each.classes)} for each in found]
        write(json.dumps(data, indent=2) + "\n", sys.stdout)
    else:
        width = max((len(printable(each.path)) for each in found), default=0)
        for each in found:
            told = "  ".join(f"{printable(name)} {share:.3f}" for name, share in each.classes[:top])
            write(f"{printable(each.path):<{width}}  {told}\n", sys.stdout)
    print_diagnostics(faults, sys.stderr)
    if found and not no_picture and not as_json:
        click.echo(f"picture: {_drawn(run, found, out)}")
    return 2 if faults else 0


def _drawn(run: str, found: list[archspec.Prediction], out: str | None) -> str:
    path = out or f"{run.rstrip('/')}/predicted.png"
    try:
        with open(path, "wb") as file:
            file.write(archspec.draw_predictions(run, found))
    except OSError as error:
        message = f"cannot write `{path}`: {error.strerror or error}"
        raise UsageError(Diagnostic("AS705", message, help="choose another file with `--out`")) from None
    return path
