"""The `train` section: how a model is trained, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from archspec.errors import Span

Target: TypeAlias = Literal["index", "one_hot", "sign"]


@dataclass(frozen=True, slots=True)
class Named:
    """Something called by its name, with arguments: `{SGD: {lr: 0.1}}`, or just `SGD`.

    Attributes:
        name: the name as written.
        arguments: plain data; a scalar in the spec has become the primary (first) argument.
        span: where the name stands.
        spans: where each argument's value stands.
        keys: where each argument's name stands.
    """

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    span: Span | None = field(default=None, compare=False)
    spans: Mapping[str, Span] = field(default_factory=dict, compare=False)
    keys: Mapping[str, Span] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Transforms:
    """`torchvision.transforms.v2` by name, in order, for each phase."""

    train: tuple[Named, ...] = ()
    eval: tuple[Named, ...] = ()


@dataclass(frozen=True, slots=True)
class ParamGroup:
    """Parameters with arguments of the optimiser of their own: `{match: "fc.*", lr: 0.01}`.

    Attributes:
        match: globs over the names in the state dict.
        arguments: of the recipe's optimiser; what is not here is as for all.
        span: where the group's `match` stands.
        globs: where each glob stands.
        spans: where each argument's value stands.
        keys: where each argument's name stands.
    """

    match: tuple[str, ...]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    span: Span | None = field(default=None, compare=False)
    globs: tuple[Span, ...] = field(default=(), compare=False)
    spans: Mapping[str, Span] = field(default_factory=dict, compare=False)
    keys: Mapping[str, Span] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that `archspec train` needs besides the model.

    Attributes:
        data: the data set: `digits`, `digits_segmentation`, or `{ImageFolder: {root: …}}`.
        transforms: what is done to each image, by phase.
        batch_size: samples per optimiser step.
        epochs: passes over the training data.
        loss: a loss of `torch.nn`.
        optimizer: an optimiser of `torch.optim`.
        param_groups: parameters for which the optimiser has other arguments; of several that match, the last one wins.
        scheduler: a scheduler of `torch.optim.lr_scheduler`, stepped after each epoch; None for a constant rate.
        metrics: `accuracy`, `mean_iou`; the first one chooses the best checkpoint. Empty: by the data set.
        seed: of the initial weights, the order of the samples and the augmentations.
        spans: where the values of `batch_size`, `epochs` and `seed` stand.
    """

    data: Named = Named("digits")
    transforms: Transforms = Transforms()
    batch_size: int = 64
    epochs: int = 10
    loss: Named = Named("CrossEntropyLoss")
    optimizer: Named = Named("Adam")
    param_groups: tuple[ParamGroup, ...] = ()
    scheduler: Named | None = None
    metrics: tuple[Named, ...] = ()
    seed: int = 0
    spans: Mapping[str, Span] = field(default_factory=dict, compare=False)


LOSS_TARGETS: Mapping[str, Target] = {
    "CrossEntropyLoss": "index",
    "NLLLoss": "index",
    "MultiMarginLoss": "index",
    "BCELoss": "one_hot",
    "BCEWithLogitsLoss": "one_hot",
    "MultiLabelSoftMarginLoss": "one_hot",
    "MSELoss": "one_hot",
    "L1Loss": "one_hot",
    "SmoothL1Loss": "one_hot",
    "HuberLoss": "one_hot",
    "KLDivLoss": "one_hot",
    "PoissonNLLLoss": "one_hot",
    "SoftMarginLoss": "sign",
}
"""How a loss wants a class written: its index, a float vector of 0 and 1, or one of −1 and 1.
A loss that is not here wants something else than an output and a label."""

SINGLE_OUTPUT_LOSSES = frozenset(
    {"BCELoss", "BCEWithLogitsLoss", "MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss", "SoftMarginLoss"}
)
"""With these, one output tells two classes apart."""
