"""What is called by its name, with arguments, and is no layer: optimisers, losses, data sets, …"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class _NoDefault:
    def __repr__(self) -> str:
        return "NO_DEFAULT"


NO_DEFAULT = _NoDefault()
"""An argument without a default, or with one that is no plain data."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of something that is called by its name.

    Attributes:
        name: torch's name of it.
        accepts: `bool`, `int`, `float`, `str`, `list`, `dict`, `null`, `tensor` (a list of numbers), `dtype`
            (a torch type's name), `callable` (which no data can give), `named` and `nameds` (a thing of the same
            group, a list of them); empty where nothing is known.
        default: its default, where that is plain data.
        required: it has to be given.
        choices: the words it is one of; empty for no limit.
    """

    name: str
    accepts: tuple[str, ...] = ()
    default: Any = NO_DEFAULT
    required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Signature:
    """The arguments of something that is called by its name; the first one is the primary argument.

    Attributes:
        name: its name.
        doc: one line on what it is.
        arguments: without those that the caller supplies (an optimiser's parameters, a scheduler's optimiser).
        inputs: of a loss, the tensors its `forward` takes.
    """

    name: str
    doc: str
    arguments: tuple[Argument, ...] = ()
    inputs: tuple[str, ...] = ()

    @property
    def primary(self) -> str | None:
        """The argument that a bare scalar means."""
        return self.arguments[0].name if self.arguments else None

    def argument(self, name: str) -> Argument | None:
        """The argument of that name."""
        return next((argument for argument in self.arguments if argument.name == name), None)
