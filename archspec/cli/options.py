"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

import archspec

set_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="Another value for a variable, or for anything in `train`: --set num_classes=10 --set train.epochs=3.",
)

allow_root_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--allow-root",
    "allow_roots",
    multiple=True,
    metavar="DIR",
    help="A folder that the spec may extend and import from, besides its own.",
)


def _load(context: click.Context, parameter: click.Parameter, paths: tuple[str, ...]) -> tuple[str, ...]:
    for path in paths:
        archspec.load_plugin(path)
    return paths


plugin_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--plugin",
    "plugins",
    multiple=True,
    metavar="FILE",
    callback=_load,
    expose_value=False,
    help="Run a Python file that registers layers of your own (archspec.register).",
)
