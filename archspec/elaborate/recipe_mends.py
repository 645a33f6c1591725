"""What to write instead of a name or a value of a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archspec.elaborate.recipe_values import quoted_meaning
from archspec.errors import Edit, Span, clip
from archspec.ops.arguments import show
from archspec.ops.called import NO_DEFAULT, Argument, Signature
from archspec.ops.signatures import Group
from archspec.suggest import nearest, respelled

_ELSEWHERE: Mapping[Group, Mapping[str, str]] = {
    "losses": {
        **dict.fromkeys(("cross_entropy", "crossentropy", "ce", "xent", "softmax"), "CrossEntropyLoss"),
        **dict.fromkeys(("categorical_crossentropy", "sparse_categorical_crossentropy"), "CrossEntropyLoss"),
        **dict.fromkeys(("bce", "binary_crossentropy", "binary_cross_entropy", "bce_with_logits"), "BCEWithLogitsLoss"),
        **dict.fromkeys(("mse", "mse_loss", "mean_squared_error", "l2"), "MSELoss"),
        **dict.fromkeys(("mae", "l1", "l1_loss", "mean_absolute_error"), "L1Loss"),
        **dict.fromkeys(("nll", "nll_loss"), "NLLLoss"),
    },
    "metrics": {
        **dict.fromkeys(("acc", "acc1", "top1", "top_1", "Accuracy"), "accuracy"),
        **dict.fromkeys(("iou", "IoU", "miou", "mIoU", "jaccard"), "mean_iou"),
    },
    "schedulers": {
        **dict.fromkeys(("cosine", "cosine_annealing"), "CosineAnnealingLR"),
        **dict.fromkeys(("step", "step_lr"), "StepLR"),
        **dict.fromkeys(("multistep", "multi_step"), "MultiStepLR"),
        **dict.fromkeys(("plateau", "reduce_on_plateau"), "ReduceLROnPlateau"),
        **dict.fromkeys(("onecycle", "one_cycle"), "OneCycleLR"),
        **dict.fromkeys(("exponential",), "ExponentialLR"),
        **dict.fromkeys(("linear", "warmup"), "LinearLR"),
    },
    "transforms": {
        **dict.fromkeys(("RandomFlip", "HorizontalFlip", "random_horizontal_flip", "hflip"), "RandomHorizontalFlip"),
        **dict.fromkeys(("VerticalFlip", "vflip"), "RandomVerticalFlip"),
        **dict.fromkeys(("RandomRotate", "Rotate", "rotate"), "RandomRotation"),
    },
}
"""What other libraries call things."""
_USUAL: Mapping[Group, str] = {
    "datasets": "images of your own are `{ImageFolder: {root: …}}`, a folder with one folder per class",
    "losses": "of classes it is mostly `CrossEntropyLoss`, of numbers `MSELoss`",
    "metrics": "of classes it is mostly `accuracy`",
    "optimizers": "mostly it is `AdamW` or `SGD`",
    "schedulers": "mostly it is `CosineAnnealingLR`, `StepLR` or `OneCycleLR`",
    "transforms": "they have the names of `torchvision.transforms.v2`, as `RandomHorizontalFlip`",
}
"""What to write where nothing that there is comes near."""


def meant_name(group: Group, name: str, names: Mapping[str, Signature]) -> str | None:
    """What was probably meant: what other libraries call so, or the nearest in spelling."""
    other = _ELSEWHERE.get(group, {}).get(name)
    return other if other in names else next(iter(nearest(name, names)), None)


def mend_name(
    group: Group, name: str, span: Span | None, names: Mapping[str, Signature], given: Mapping[str, Any]
) -> tuple[str | None, Edit | None]:
    """The help and the edit for a name that there is not; no edit where the right one lacks arguments."""
    meant = meant_name(group, name, names)
    if meant is None:
        return _help_for_call(name, names) or _USUAL.get(group), None
    lacking = any(argument.required and argument.name not in given for argument in names[meant].arguments)
    edit = None if span is None or (lacking and not given) else respelled(span, name, meant, names)
    return f"did you mean `{meant}`?", edit


def _help_for_call(name: str, names: Mapping[str, Signature]) -> str | None:
    """`Adam(lr=0.001)`, `torch.optim.Adam`."""
    before, opened, _ = name.partition("(")
    bare = before.rpartition(".")[2]
    if bare not in names or bare == name:
        return None
    return f"write `{{{bare}: {{argument: value}}}}`" if opened else f"write `{bare}`"


def mend_value(argument: Argument, value: Any, span: Span | None) -> tuple[str | None, Edit | None]:
    """The help and the edit for a value of a wrong type."""
    meant = quoted_meaning(argument, value)
    near = nearest(value, argument.choices) if isinstance(value, str) else []
    if meant is None and not near:
        return by_default(argument), None
    help = f"write `{meant if meant is not None else near[0]}`"
    if span is None:
        return help, None
    if meant is None:
        return help, respelled(span, str(value), near[0], argument.choices)
    return help, Edit(span, str(meant), safe=True)


def by_default(argument: Argument) -> str:
    """What an argument is where it is left out, if it can be."""
    if argument.default is NO_DEFAULT:
        return f"write another value, `{argument.name}: …`"
    if argument.default is None:
        return f"write another value, or leave `{argument.name}` out"
    return f"leave it out for `{argument.name}: {clip(show(argument.default))}`, the default"
