"""Texts that a command prints, or writes into a file that appears whole or not at all."""

from __future__ import annotations

import contextlib
import os

import click

from archspec.errors import Diagnostic, UsageError


def give(text: str, output: str | None) -> None:
    """Print a text, or write it where it is asked for.

    Raises:
        UsageError: AS705, it cannot be written.
    """
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        _write(text, os.path.realpath(output))
    except OSError as error:
        help = "choose a file in a folder that exists and that you may write to"
        message = f"cannot write `{output}`: {(error.strerror or str(error)).lower()}"
        raise UsageError(Diagnostic("AS705", message, help=help)) from None


def _write(text: str, path: str) -> None:
    is_special = os.path.exists(path) and not os.path.isfile(
        path
    )  # a pipe, say; to a folder, `open` tells what is wrong
    place = path if is_special else f"{path}.{os.getpid()}.part"
    try:
        with open(place, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        if not is_special:
            os.replace(place, path)
    except OSError:
        if not is_special:
            with contextlib.suppress(OSError):
                os.remove(place)
        raise
