"""The `train` section: how a model is trained, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from archspec.errors import Span

Target: TypeAlias = Literal["index", "one_hot", "sign", "several", "pair", "values", "sequence", "none"]


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
    """`torchvision.transforms.v2` by name, in order, for each phase.

    Attributes:
        train: of each image that is learnt from.
        eval: of each image that is measured on.
        batch: of whole batches that are learnt from, with their labels, after `train`: `MixUp`, `CutMix`, or one of
            several by `RandomChoice`.
    """

    train: tuple[Named, ...] = ()
    eval: tuple[Named, ...] = ()
    batch: tuple[Named, ...] = ()


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
class OutputLoss:
    """The loss of one output or of several: `aux: {CrossEntropyLoss: {…}, weight: 0.4}`.

    Attributes:
        loss: by name.
        weight: how much of the whole it is.
        outputs: the outputs that it takes, in the loss's own order; empty: the one that it stands under.
        target: what they are compared with: an input of the model, or one of the data's targets; None: its target.
    """

    loss: Named
    weight: float = 1.0
    outputs: tuple[str, ...] = ()
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that `archspec train` needs besides the model.

    Attributes:
        data: the data set: `digits`, `digits_segmentation`, or `{ImageFolder: {root: …}}`.
        transforms: what is done to each image, by phase.
        batch_size: samples per forward and backward pass.
        accumulate: batches whose gradients make one optimiser step: that of the mean over all their samples.
        epochs: passes over the training data.
        max_steps: optimiser steps after which training ends; None for no limit.
        max_seconds: seconds of training after which it ends, those before an interruption included; None for no limit.
        loss: a loss of `torch.nn`, on the first output.
        losses: instead of `loss`, one for each of several outputs, added up with their weights. An output that is there
            in training mode only adds to the training loss only. The metrics are those of the first one.
        optimizer: an optimiser of `torch.optim`.
        param_groups: parameters for which the optimiser has other arguments; of several that match, the last one wins.
        norm_weight_decay: of the weights and biases of normalisation layers, in all groups; None: as of all others.
        bias_weight_decay: of the biases of all other layers, in all groups; None: as of all others.
        clip_grad_norm: the largest 2-norm of all gradients together; longer ones are scaled down. None: as they are.
        clip_grad_value: the largest absolute value of any gradient; None: as they are.
        scheduler: a scheduler of `torch.optim.lr_scheduler`; None for a constant rate.
        scheduler_interval: what it is stepped after, each `epoch` or each optimiser `step`.
        ema: the decay of an exponential moving average of the weights, which is what is then measured and kept; None
            for none. The average is torch's `AveragedModel`, with its buffers.
        precision: of forward passes: `float32`, `bfloat16`, `float16` (with loss scaling), or `auto`: `bfloat16` where
            the device is fast with it. Weights stay as they are.
        compile: whether to train through `torch.compile`.
        channels_last: whether images and their weights lie in memory with the channels last.
        parallel: how several processes train one model: `ddp`, a replica in each, or `fsdp`, each block of it sharded.
            Nothing of it changes what is computed, but for rounding.
        early_stopping: measurements without an improvement of what is monitored after which training ends; None: never.
        min_delta: by how much a metric has to be better to be an improvement for `early_stopping`.
        metrics: what is measured besides the loss, on the first output. Empty: by the data set.
        monitor: what chooses the best weights, on the evaluation data: a metric (measured too where it is not among
            `metrics`) or `loss`; None: the first metric.
        monitor_mode: whether the best one is the largest, `max`, the smallest, `min`, or what the metric means, `auto`.
        eval_every: epochs (or steps) after which it is measured on the evaluation data. It always is at the end.
        eval_interval: what these are, each `epoch` or each optimiser `step`.
        best_kept: of how many of the best measurements the weights are kept.
        checkpoint_every: optimiser steps after which a checkpoint is written, besides the one after each epoch; None:
            that one only.
        checkpoints_kept: how many checkpoints to go on from are kept, the newest.
        sync_batchnorm: whether batch norms take the statistics of the batches of all processes together; one process is
            trained as without.
        deterministic: whether to use only what torch can repeat to the bit, also where that is slower.
        tensorboard: whether TensorBoard's files are written beside `metrics.csv`; needs `archspec-nn[tensorboard]`.
        seed: of the initial weights, the order of the samples and the augmentations.
        spans: where the fields' values stand.
    """

    data: Named = Named("digits")
    transforms: Transforms = Transforms()
    batch_size: int = 64
    accumulate: int = 1
    epochs: int = 10
    max_steps: int | None = None
    max_seconds: float | None = None
    loss: Named = Named("CrossEntropyLoss")
    losses: Mapping[str, OutputLoss] = field(default_factory=dict)
    optimizer: Named = Named("Adam")
    param_groups: tuple[ParamGroup, ...] = ()
    norm_weight_decay: float | None = None
    bias_weight_decay: float | None = None
    clip_grad_norm: float | None = None
    clip_grad_value: float | None = None
    scheduler: Named | None = None
    scheduler_interval: str = "epoch"
    ema: float | None = None
    precision: str = "float32"
    compile: bool = False
    channels_last: bool = False
    parallel: str = "ddp"
    metrics: tuple[Named, ...] = ()
    monitor: str | None = None
    monitor_mode: str = "auto"
    eval_every: int = 1
    eval_interval: str = "epoch"
    early_stopping: int | None = None
    min_delta: float = 0.0
    best_kept: int = 1
    checkpoint_every: int | None = None
    checkpoints_kept: int = 2
    sync_batchnorm: bool = False
    deterministic: bool = False
    tensorboard: bool = False
    seed: int = 0
    spans: Mapping[str, Span] = field(default_factory=dict, compare=False)

    @property
    def output_losses(self) -> tuple[tuple[str | None, OutputLoss], ...]:
        """The outputs that are trained on with their losses, the main one first; None for the first outputs."""
        return tuple(self.losses.items()) or ((None, OutputLoss(self.loss)),)


MIXING = frozenset({"MixUp", "CutMix"})
"""Transforms of whole batches and their labels."""

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
    "MultiLabelMarginLoss": "several",
    "CosineEmbeddingLoss": "pair",
    "HingeEmbeddingLoss": "pair",
    "MarginRankingLoss": "pair",
    "GaussianNLLLoss": "values",
    "CTCLoss": "sequence",
    "TripletMarginLoss": "none",
    "TripletMarginWithDistanceLoss": "none",
    "mean": "none",
}
"""How a loss wants its target: the index of a class, a float vector of 0 and 1, or one of −1 and 1; the indices of
several classes, −1 after the last one; whether two are alike, 1 or −1; values as they are; a sequence of classes with
its length; or nothing.
A loss that is not here wants what no data set has."""

SEVERAL_OUTPUTS: Mapping[str, tuple[str, ...]] = {
    "CosineEmbeddingLoss": ("input1", "input2"),
    "MarginRankingLoss": ("input1", "input2"),
    "GaussianNLLLoss": ("input", "var"),
    "TripletMarginLoss": ("anchor", "positive", "negative"),
    "TripletMarginWithDistanceLoss": ("anchor", "positive", "negative"),
}
"""Losses of several outputs, and what torch calls these."""

SINGLE_OUTPUT_LOSSES = frozenset(
    {"BCELoss", "BCEWithLogitsLoss", "MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss", "SoftMarginLoss"}
)
"""With these, one output tells two classes apart."""
