"""Does the model's output fit the data's classes? Asked, and answered with a mend, before anything is trained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

import torch
from torch import nn

from archspec.errors import Diagnostic, Span, SpecError
from archspec.spec.recipe import LOSS_TARGETS, SINGLE_OUTPUT_LOSSES, Recipe
from archspec.tensors import TensorType, show_shape
from archspec.train.data.images import ImageData
from archspec.train.data.request import Request
from archspec.train.metrics import MOST_CONFUSED, OF_CLASSES, OF_MATRIX, OF_SEVERAL, OF_VALUES, only_compares
from archspec.train.targets import LEAVE_OUT


class Trainable(Protocol):
    """What the runner asks of a compiled architecture."""

    @property
    def name(self) -> str: ...
    @property
    def input_types(self) -> Mapping[str, TensorType]: ...
    @property
    def output_types(self) -> Mapping[str, TensorType]: ...
    @property
    def variables(self) -> Mapping[str, object]: ...
    @property
    def recipe(self) -> Recipe | None: ...
    @property
    def spec_text_without_weights(self) -> str: ...
    @property
    def weights_metadata(self) -> Mapping[str, str]: ...
    def with_variables(self, **values: object) -> Trainable: ...
    def build(self, *, device: torch.device | str | None = None, seed: int = 0) -> nn.Module: ...


def request_of(architecture: Trainable, recipe: Recipe) -> Request:
    """What is asked of a recipe's data."""
    return Request(recipe, architecture.input_types, output=next(iter(architecture.output_types.values()), None))


def check_head(architecture: Trainable, data: ImageData, recipe: Recipe) -> None:
    """The first output has a channel per class (or one for two classes), per image or per pixel.

    Raises:
        SpecError: AS551, it has not; the help is a change that mends it, where one was found.
    """
    if not data.classes:
        return  # the loss itself is tried
    loss, span = recipe.output_losses[0][1].loss.name, recipe.data.span
    name, output = next(iter(architecture.output_types.items()))
    wanted = len(data.classes)
    if not _has_layout(architecture, data, output):
        raise SpecError([_wrong_layout(name, output, architecture, data, span)])
    channels = output.shape[1]
    if data.task == "sequence" and wanted in output.shape[1:]:
        return
    if channels == wanted or (channels == 1 and wanted == 2 and loss in SINGLE_OUTPUT_LOSSES):
        return
    has = f"`{data.name}` has {wanted}"
    notes = (f"one output tells two classes apart only with a loss such as `BCEWithLogitsLoss`, not `{loss}`",)
    raise SpecError(
        [
            Diagnostic(
                "AS551",
                f"{_called(name)} gives {channels} class{'' if channels == 1 else 'es'}, but {has}",
                span,
                notes=notes if channels == 1 and wanted == 2 else (),
                help=_mend(architecture, data, recipe) or f"give its last layer {wanted} outputs",
            )
        ]
    )


def check_fits(recipe: Recipe, data: ImageData) -> None:
    """What the recipe asks for beside the model fits the data.

    Raises:
        SpecError: AS512, a metric of classes for values or the reverse, or mixed labels of something else than images.
    """
    faults = []
    if recipe.transforms.batch and data.task != "classification":
        message = f"`{recipe.transforms.batch[0].name}` mixes images with one class each, and `{data.name}` has others"
        help = "leave `batch` out of `transforms`"
        faults.append(Diagnostic("AS512", message, recipe.transforms.batch[0].span, help=help))
    if data.has_unlabelled:
        for _, each in recipe.output_losses:
            if each.loss.name not in LEAVE_OUT:
                message = f"`{each.loss.name}` needs a label for every pixel, and `{data.name}` has pixels without one"
                help = "use `CrossEntropyLoss`, which leaves them out"
                faults.append(Diagnostic("AS512", message, each.loss.span, help=help))
    if len(data.classes) > MOST_CONFUSED:
        for metric in recipe.metrics:
            if metric.name in OF_MATRIX:
                message = (
                    f"`{metric.name}` is of a confusion matrix, and of more than {MOST_CONFUSED:,} classes none is kept"
                )
                faults.append(Diagnostic("AS512", message, metric.span, help="use `accuracy` or `top_k`"))
    wrong, has = (OF_VALUES, "classes") if data.classes else (OF_CLASSES, "values")
    if data.task == "multilabel":
        wrong, has = OF_CLASSES - (OF_VALUES if only_compares(recipe) else OF_SEVERAL), "any number of classes"
        faults += _of_one_class(recipe, data)
    for metric in recipe.metrics:
        if metric.name in wrong:
            message = f"`{metric.name}` is no metric of {has}, and the targets of `{data.name}` are {has}"
            names = ", ".join(f"`{name}`" for name in sorted((OF_VALUES | OF_CLASSES) - wrong))
            faults.append(Diagnostic("AS512", message, metric.span, help=f"use one of {names}"))
    if faults:
        raise SpecError(faults)


def _of_one_class(recipe: Recipe, data: ImageData) -> Iterator[Diagnostic]:
    """Losses of one class each, for samples that have any number of them."""
    for _, each in recipe.output_losses:
        if LOSS_TARGETS[each.loss.name] == "index":
            message = f"`{each.loss.name}` is of one class per sample, and `{data.name}` has any number of them"
            help = "use `loss: BCEWithLogitsLoss`, which asks for each class by itself"
            yield Diagnostic("AS512", message, each.loss.span, help=help)


def _called(name: str) -> str:
    """A single output has no name of the user's."""
    return "the model" if name == "output" else f"`{name}`"


def _has_layout(architecture: Trainable, data: ImageData, output: TensorType) -> bool:
    if data.task == "sequence":
        return output.rank == 3
    if data.task in ("classification", "multilabel"):
        return output.rank == 2
    given = next(iter(architecture.input_types.values()))
    return output.rank == 4 and output.shape[2:] == given.shape[2:]


def _wrong_layout(
    name: str, output: TensorType, architecture: Trainable, data: ImageData, span: Span | None
) -> Diagnostic:
    given = next(iter(architecture.input_types.values()))
    gives = f"{_called(name)} gives {show_shape(output.shape)}"
    classes = len(data.classes)
    if data.task == "sequence":
        wants = f"`{data.name}` has a label per place, which wants [N, length, {classes}]"
        help = f"end with `Linear: {classes}`, which keeps the places"
    elif data.task in ("classification", "multilabel"):
        has = "one label" if data.task == "classification" else f"{classes} labels"
        wants = f"`{data.name}` has {has} per image, which wants [N, {classes}]"
        help = f"end with `Flatten` and `Linear: {classes}`"
        if output.rank == 4 and output.shape[2:] == given.shape[2:] and data.name == "digits":
            help = "for a label per pixel use `--set train.data=digits_segmentation`"
    else:
        size = ", ".join(map(str, given.shape[2:]))
        wants = f"`{data.name}` has a label per pixel, which wants [N, {classes}, {size}]"
        help = "for a label per image use `--set train.data=digits`"
        if output.rank == 4:
            help = (
                "give the output the size of the input, e.g. with `{interpolate: {size: …}}`, or use another input size"
            )
    return Diagnostic("AS551", f"{gives}, but {wants}", span, help=help)


def _mend(architecture: Trainable, data: ImageData, recipe: Recipe) -> str | None:
    """`--set num_classes=10`, where that variable decides the head and nothing else breaks."""
    channels, wanted = next(iter(architecture.output_types.values())).shape[1], len(data.classes)
    for name, value in architecture.variables.items():
        if isinstance(value, bool) or value != channels:
            continue
        try:
            mended = architecture.with_variables(**{name: wanted})
        except SpecError:
            continue
        output = next(iter(mended.output_types.values()))
        same_inputs = dict(mended.input_types) == dict(architecture.input_types)
        if same_inputs and _has_layout(mended, data, output) and output.shape[1] == wanted:
            return f"use `--set {name}={wanted}`"
    if recipe.data.name == "given" and isinstance(channels, int) and channels > wanted:
        return f'give `{{"train": …, "classes": {channels}}}` as the data, if not all of them occur in it'
    if recipe.data.name == "tensors" and isinstance(channels, int) and channels > wanted:
        return f"write `classes: {channels}` in `data`, if not all of them occur in it"
    if data.name == "digits_segmentation" and channels == 11:
        return "write `data: {digits_segmentation: {classes: 11}}` to have the digits told apart"
    if wanted == 2 and channels == 1 and LOSS_TARGETS[recipe.output_losses[0][1].loss.name] == "index":
        return "use `--set train.loss=BCEWithLogitsLoss`"
    return None
