"""Arguments and docs of what a recipe calls by name (torch's optimisers, schedulers, losses, …), without torch."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, get_args

Group: TypeAlias = Literal["optimizers", "schedulers", "losses", "inits", "transforms", "datasets", "metrics"]
TORCH_GROUPS: tuple[Group, ...] = ("optimizers", "schedulers", "losses", "inits", "transforms")


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


_OWN: dict[Group, tuple[Signature, ...]] = {
    "datasets": (
        Signature("digits", "1,797 real 8×8 images of handwritten digits (UCI), resized as the spec's input asks."),
        Signature(
            "digits_segmentation",
            "Real handwritten digits at random places and scales on a noisy canvas, with exact masks.",
            (
                Argument("samples", ("int",), 800),
                Argument("eval_samples", ("int",), 200),
                Argument("digits_per_image", ("int",), 3),
                Argument("classes", ("int",), 2),
                Argument("seed", ("int",), 0),
            ),
        ),
        Signature(
            "ImageFolder",
            "Images on disk, one folder per class, under `train/` and `val/` (or `test/`), or split by a seed.",
            (
                Argument("root", ("str",), required=True),
                Argument("eval_fraction", ("float", "int"), 0.2),
                Argument("seed", ("int",), 0),
                Argument("workers", ("int", "null"), None),
            ),
        ),
    ),
    "metrics": (
        Signature("accuracy", "The share of samples (of pixels, for masks) whose class is predicted right."),
        Signature("mean_iou", "Intersection over union of predicted and true pixels, averaged over the classes."),
        Signature("dice", "Twice the intersection over the sum of both (F1), averaged over the classes."),
        Signature(
            "top_k", "The share of samples whose class is among the k largest outputs.", (Argument("k", ("int",), 5),)
        ),
        Signature("mae", "The mean absolute difference of output and target."),
        Signature("mse", "The mean squared difference of output and target."),
        Signature("perplexity", "e to the mean cross-entropy of each label, of outputs that are logits."),
    ),
}


def argument_data(argument: Argument) -> dict[str, Any]:
    """The argument as it stands in the data file."""
    data: dict[str, Any] = {"name": argument.name, "accepts": list(argument.accepts)}
    if argument.required:
        data["required"] = True
    elif not isinstance(argument.default, _NoDefault):
        data["default"] = argument.default
    if argument.choices:
        data["choices"] = list(argument.choices)
    return data


def signature_data(signature: Signature) -> dict[str, Any]:
    """The signature as it stands in the data file."""
    data: dict[str, Any] = {"doc": signature.doc, "arguments": [argument_data(a) for a in signature.arguments]}
    if signature.inputs:
        data["inputs"] = list(signature.inputs)
    return data


def _argument(data: Mapping[str, Any]) -> Argument:
    return Argument(
        name=data["name"],
        accepts=tuple(data["accepts"]),
        default=data.get("default", NO_DEFAULT),
        required=data.get("required", False),
        choices=tuple(data.get("choices", ())),
    )


def _signature(name: str, data: Mapping[str, Any]) -> Signature:
    arguments = tuple(_argument(argument) for argument in data["arguments"])
    return Signature(name, data["doc"], arguments, tuple(data.get("inputs", ())))


@cache
def _file() -> Mapping[str, Any]:
    with open(os.path.join(os.path.dirname(__file__), "signatures.json"), encoding="utf-8") as file:
        loaded: Mapping[str, Any] = json.load(file)
    return loaded


@cache
def signatures(group: Group) -> Mapping[str, Signature]:
    """Everything of one group that a recipe may name, e.g. `signatures("optimizers")["SGD"]`."""
    if group in _OWN:
        return MappingProxyType({signature.name: signature for signature in _OWN[group]})
    assert group in get_args(Group), group
    return MappingProxyType({name: _signature(name, data) for name, data in _file()[group].items()})


def described_version(package: Literal["torch", "torchvision"]) -> str:
    """The version of torch or torchvision that the data file was made from, e.g. `2.15.0`."""
    version: str = _file()[package]
    return version
