"""Targets from 0 to 1 that answer yes or no, or are shares of classes, by what the loss asks: not just numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from torch import Tensor

from archspec.errors import Diagnostic, SpecError
from archspec.spec.recipe import SINGLE_OUTPUT_LOSSES
from archspec.train.data.images import Task
from archspec.train.data.request import Request
from archspec.train.metrics import OF_VALUES

_ASKS = frozenset({"BCELoss", "BCEWithLogitsLoss", "SoftMarginLoss", "MultiLabelSoftMarginLoss"})
_ASKS_OF_SEVERAL = _ASKS | {"MultiLabelMarginLoss"}
_CLOSE = 1e-3
Meaning: TypeAlias = tuple[Task, tuple[str, ...]]


def meaning_of(request: Request, targets: Tensor, classes: Sequence[str] | int | None) -> Meaning | None:
    """What such targets mean. They stay as they are; measured is on which side of the middle they lie, or the largest.

    Args:
        request: whose main loss and first output say what is asked.
        targets: those that are known, [n, …].
        classes: their names or number; None for what the targets tell.

    Returns:
        The task and its classes; without classes where an output has no dimension for them. None where the targets are
        something else.

    Raises:
        SpecError: AS553, there are more or fewer classes than the targets answer for.
    """
    _, main = request.recipe.output_losses[0]
    if request.output is None or main.target in request.input_types or targets.min() < 0 or targets.max() > 1:
        return None
    rank, shape, loss = request.output.rank, targets.shape[1:], main.loss.name
    if rank == 2 and len(shape) == 1 and shape[0] > 1:
        if loss in _ASKS_OF_SEVERAL:
            return "multilabel", _named(request, classes, shape[0])
        return _shares(request, targets, classes) if loss == "CrossEntropyLoss" else None
    if loss not in _ASKS & SINGLE_OUTPUT_LOSSES or _wants_numbers(request):
        return None
    return _answers(request, targets, classes)


def of_yes(request: Request, classes: Sequence[str]) -> tuple[str, ...]:
    """Their names; where one is named, and the loss asks whether it is there, that it is not comes first."""
    _, main = request.recipe.output_losses[0]
    if len(classes) == 1 and main.loss.name in SINGLE_OUTPUT_LOSSES:
        return f"no {classes[0]}", str(classes[0])
    return tuple(map(str, classes))


def _shares(request: Request, targets: Tensor, classes: Sequence[str] | int | None) -> Meaning | None:
    """Of each sample, one for each class."""
    if not targets.is_floating_point() or ((targets.sum(1) - 1).abs() > _CLOSE).any():
        return None
    return "classification", _named(request, classes, targets.shape[1])


def _answers(request: Request, targets: Tensor, classes: Sequence[str] | int | None) -> Meaning | None:
    """One for each sample or pixel, with or without a dimension of size 1 for its class."""
    assert request.output is not None
    output, shape = request.output, targets.shape[1:]
    has_class = output.rank in (2, 4) and output.shape[1] == 1
    places = output.rank - 1 - has_class
    if places not in (0, 2) or [*shape[: len(shape) - places]] not in ([1], []):
        return None
    if len(shape) == places and not targets.is_floating_point():
        return None  # integers are classes already
    if not has_class:
        return "multilabel", ()
    return "segmentation" if places else "classification", _named(request, classes, 2)


def _wants_numbers(request: Request) -> bool:
    recipe = request.recipe
    return bool(OF_VALUES & {*(metric.name for metric in recipe.metrics), recipe.monitor})


def _named(request: Request, classes: Sequence[str] | int | None, count: int) -> tuple[str, ...]:
    named = range(count) if classes is None else range(classes) if isinstance(classes, int) else classes
    if count == 2 and not isinstance(classes, int):
        named = of_yes(request, [str(each) for each in named])
    if len(named) != count:
        span = request.recipe.data.spans.get("classes", request.recipe.data.span)
        message = f"`classes` says {len(named):,}, and each target of `{request.name}` tells of {count:,}"
        raise SpecError([Diagnostic("AS553", message, span, help=f"name {count:,} classes, or leave `classes` out")])
    return tuple(map(str, named))
