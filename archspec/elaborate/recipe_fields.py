"""What the plain fields of a recipe may be, and what they mean in a line; and faults between fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from archspec.elaborate.losses import check_losses
from archspec.errors import Diagnostic, Edit, Span, clip
from archspec.ops.arguments import ArgType, Bool, Float, Int, Maybe, OneOf, Text, show
from archspec.ops.faults import BadValue
from archspec.ops.signatures import signatures
from archspec.spec.recipe import Recipe
from archspec.suggest import nearest, respelled

PRECISIONS = ("auto", "float32", "bfloat16", "float16")

PLAIN_FIELDS: Mapping[str, tuple[ArgType, str]] = {
    "batch_size": (Int(1), "Samples per forward and backward pass."),
    "accumulate": (Int(1), "Batches whose gradients make one optimiser step."),
    "epochs": (Int(1), "Passes over the training data."),
    "max_steps": (Maybe(Int(1)), "Optimiser steps after which training ends."),
    "max_seconds": (Maybe(Float(above=0)), "Seconds of training after which it ends."),
    "norm_weight_decay": (Maybe(Float(min=0)), "Of the weights and biases of normalisation layers, in all groups."),
    "bias_weight_decay": (Maybe(Float(min=0)), "Of the biases of all other layers, in all groups."),
    "clip_grad_norm": (Maybe(Float(above=0)), "The largest 2-norm of all gradients together."),
    "clip_grad_value": (Maybe(Float(above=0)), "The largest absolute value of any gradient."),
    "scheduler_interval": (OneOf(("epoch", "step")), "What the scheduler is stepped after."),
    "ema": (Maybe(Float(above=0, below=1)), "The decay of a moving average of the weights, which is then kept."),
    "precision": (OneOf(PRECISIONS), "Of forward passes; `auto` is `bfloat16` where the device is fast with it."),
    "compile": (Bool(), "Whether to train through `torch.compile`."),
    "channels_last": (Bool(), "Whether images lie in memory with the channels last."),
    "parallel": (OneOf(("ddp", "fsdp")), "How several processes train: a replica in each, or each block sharded."),
    "monitor": (Maybe(Text()), "What chooses the best weights: a metric or `loss`; by default the first metric."),
    "monitor_mode": (OneOf(("auto", "max", "min")), "Whether the best is the largest or the smallest."),
    "eval_every": (Int(1), "Epochs (or steps) after which it is measured."),
    "eval_interval": (OneOf(("epoch", "step")), "What these are."),
    "early_stopping": (Maybe(Int(1)), "Measurements without an improvement after which training ends."),
    "min_delta": (Float(min=0), "By how much a metric has to be better to be an improvement."),
    "best_kept": (Int(1), "Of how many of the best measurements the weights are kept."),
    "checkpoint_every": (Maybe(Int(1)), "Steps after which a checkpoint is written, besides the one after each epoch."),
    "checkpoints_kept": (Int(1), "How many checkpoints to go on from are kept."),
    "sync_batchnorm": (Bool(), "Whether batch norms take the statistics of all processes' batches together."),
    "deterministic": (Bool(), "Whether to use only what torch can repeat to the bit, also where that is slower."),
    "tensorboard": (Bool(), "Whether TensorBoard's files are written beside `metrics.csv`."),
    "seed": (Int(0), "Of the weights, the order of the samples and the augmentations."),
}
_USUAL = {"batch_size": 64, "accumulate": 4, "epochs": 20, "best_kept": 1, "checkpoints_kept": 2, "seed": 0}
WEIGHT = Float(above=0)
"""Of one of several losses."""


def check_fields(recipe: Recipe) -> Iterator[Diagnostic]:
    """Values out of their domain, and fields that contradict each other."""
    for name, (type, _) in PLAIN_FIELDS.items():
        yield from _out_of_domain(f"`{name}`", type, getattr(recipe, name), recipe.spans.get(name))
    yield from _monitor(recipe)
    yield from check_losses(recipe)
    for output, each in recipe.losses.items():
        yield from _out_of_domain(f"`weight` of the loss of `{clip(output)}`", WEIGHT, each.weight, each.loss.span)
    if recipe.losses and "loss" in recipe.spans:
        message = "`loss` and `losses` are both given"
        yield Diagnostic("AS506", message, recipe.spans["loss"], help="leave `loss` out, or have it among `losses`")
    if recipe.scheduler_interval == "step" and recipe.scheduler and recipe.scheduler.name == "ReduceLROnPlateau":
        message = "`ReduceLROnPlateau` waits for the figures of an epoch, and is not stepped after each step"
        help = "leave `scheduler_interval` out"
        yield Diagnostic("AS506", message, recipe.spans.get("scheduler_interval"), help=help)
    yield from _decay_of_roles(recipe)
    if recipe.optimizer.name == "LBFGS":
        yield from _without_lbfgs(recipe)


def _monitor(recipe: Recipe) -> Iterator[Diagnostic]:
    """What is monitored has to be a column of what is measured."""
    name = recipe.monitor
    stem, _, k = str(name).rpartition("_")
    words = ("loss", *(each for each in signatures("metrics") if each != "top_k"), "top_5")
    if not isinstance(name, str) or name in words or (stem == "top" and k.isdecimal() and int(k) > 0):
        return
    near = nearest(name, words)
    span = recipe.spans.get("monitor")
    edit = respelled(span, name, near[0], words) if near and span is not None else None
    listed = ", ".join(f"`{word}`" for word in words)
    message = f"`monitor` has to be one of {listed}, but is `{clip(name)}`"
    help = f"did you mean `{near[0]}`?" if near else "leave it out for the first metric"
    yield Diagnostic("AS505", message, span, help=help, edit=edit)


def _decay_of_roles(recipe: Recipe) -> Iterator[Diagnostic]:
    """`norm_weight_decay` needs an optimiser that decays weights."""
    signature = signatures("optimizers").get(recipe.optimizer.name)
    if signature is None or signature.argument("weight_decay") is not None:
        return
    for name in ("norm_weight_decay", "bias_weight_decay"):
        if getattr(recipe, name) is not None:
            message = f"`{recipe.optimizer.name}` has no `weight_decay`, so there is no `{name}`"
            yield Diagnostic("AS506", message, recipe.spans.get(name), help=f"leave `{name}` out")


def _without_lbfgs(recipe: Recipe) -> Iterator[Diagnostic]:
    """What makes no sense for an optimiser which evaluates a batch several times a step."""
    given = {
        "accumulate": recipe.accumulate != 1,
        "clip_grad_norm": recipe.clip_grad_norm is not None,
        "clip_grad_value": recipe.clip_grad_value is not None,
        "precision": recipe.precision == "float16",
    }
    for name in (name for name, is_given in given.items() if is_given):
        message = f"`LBFGS` evaluates a batch several times a step, and takes no `{name}`"
        yield Diagnostic("AS506", message, recipe.spans.get(name), help=f"leave `{name}` out, or use another optimiser")


def _out_of_domain(whose: str, type: ArgType, value: object, span: Span | None) -> Iterator[Diagnostic]:
    try:
        type.accept(value)
    except BadValue as fault:
        edit = None if span is None or fault.suggestion is None else Edit(span, show(fault.suggestion).strip('"'))
        message = f"{whose} has to be {fault.expected}, but is {show(value)}"
        usual = _USUAL.get(whose.strip("`"))
        example = f"write {fault.expected}" if usual is None else f"write e.g. `{whose.strip('`')}: {usual}`"
        help = fault.help or example
        yield Diagnostic("AS505", message, span, help=help, edit=edit)
