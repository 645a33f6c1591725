"""Arguments and docs of what a recipe calls by name (torch's optimisers, schedulers, losses, …), without torch."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, get_args

from archspec.ops.called import NO_DEFAULT, Argument, Signature
from archspec.ops.datasets import DATASETS

Group: TypeAlias = Literal["optimizers", "schedulers", "losses", "inits", "transforms", "datasets", "metrics"]
TORCH_GROUPS: tuple[Group, ...] = ("optimizers", "schedulers", "losses", "inits", "transforms")


_OWN: dict[Group, tuple[Signature, ...]] = {
    "datasets": DATASETS,
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


BESIDE_TORCH: dict[Group, tuple[Signature, ...]] = {
    "losses": (Signature("mean", "The mean of an output that is a loss itself, such as a divergence.", (), ("input",)),)
}
"""What we have beside what torch has."""


def argument_data(argument: Argument) -> dict[str, Any]:
    """The argument as it stands in the data file."""
    data: dict[str, Any] = {"name": argument.name, "accepts": list(argument.accepts)}
    if argument.required:
        data["required"] = True
    elif argument.default is not NO_DEFAULT:
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
    of_torch = {name: _signature(name, data) for name, data in _file()[group].items()}
    return MappingProxyType({**of_torch, **{each.name: each for each in BESIDE_TORCH.get(group, ())}})


def described_version(package: Literal["torch", "torchvision"]) -> str:
    """The version of torch or torchvision that the data file was made from, e.g. `2.15.0`."""
    version: str = _file()[package]
    return version
