"""Where MixUp and CutMix may stand, and with which losses."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.elaborate.nested import with_inner
from archspec.errors import Diagnostic
from archspec.spec.recipe import LOSS_TARGETS, MIXING, Named, Recipe

_HOLDERS = frozenset({"RandomChoice", "RandomApply", "RandomOrder", "Compose"})
_OF_PROBABILITIES = "CrossEntropyLoss"


def check_mixing(recipe: Recipe) -> Iterator[Diagnostic]:
    """What mixes batches is under `batch`, nothing else is, and the losses take mixed labels."""
    for named in (*recipe.transforms.train, *recipe.transforms.eval):
        for name in _names(named) & MIXING:
            message = f"`{name}` mixes whole batches and their labels, while these transforms see one image at a time"
            yield Diagnostic(
                "AS506", message, named.span, help=f"write it under `batch`: `transforms: {{batch: [{name}]}}`"
            )
    for named in recipe.transforms.batch:
        for name in sorted(_names(named) - MIXING - _HOLDERS):
            message = f"`{name}` changes one image at a time, and under `batch` are whole batches"
            yield Diagnostic("AS506", message, named.span, help="write it under `train`")
    if recipe.transforms.batch:
        for _, each in recipe.output_losses:
            if LOSS_TARGETS.get(each.loss.name) in ("index", "several") and each.loss.name != _OF_PROBABILITIES:
                message = f"`{each.loss.name}` takes whole classes, and `transforms.batch` mixes classes"
                help = "use `CrossEntropyLoss`, or leave `batch` out"
                yield Diagnostic("AS506", message, each.loss.span, help=help)


def _names(named: Named) -> set[str]:
    return {each.name for each in with_inner(named, "transforms")}
