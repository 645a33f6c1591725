"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

set_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="Another value for a variable, or for anything in `train`: --set num_classes=10 --set train.epochs=3.",
)
