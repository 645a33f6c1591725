"""The public functions that try a spec's training before it is trained: `dry_run`, `overfit`, `profile`, `find_lr`."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from archspec.api import load
from archspec.architecture import Architecture
from archspec.errors import Diagnostic, UsageError
from archspec.given import Path, Spec
from archspec.spec.recipe import Recipe

if TYPE_CHECKING:
    from archspec.train.prepare import Prepared
    from archspec.train.trial.dry_run import DryRun
    from archspec.train.trial.find_lr import RateRange
    from archspec.train.trial.overfit import ByHeart
    from archspec.train.trial.profile import Profile

T = TypeVar("T")


def prepare(
    spec: Spec | Architecture,
    *,
    device: str = "auto",
    set: Sequence[str] = (),
    recipe: Spec | None = None,
    allow_roots: Sequence[Path] = (),
    **variables: Any,
) -> Prepared:
    """All that trains a spec's model, made and tried, for a loop of one's own. Arguments as for `train`.

    Returns:
        The model, the data, the loss, the optimiser and the scheduler, with `batches`, `learn` and `measure`.

    Raises:
        SpecError, UsageError: as `train`.
    """
    architecture = _architecture(spec, set, recipe, allow_roots, variables)
    return _prepared(architecture, architecture.recipe or Recipe(), device)


def dry_run(spec: Spec | Architecture, *, device: str = "auto", **rest: Any) -> DryRun:
    """Train on one batch, and tell shapes, memory and time; nothing is written. Other arguments as for `prepare`.

    Raises:
        SpecError, UsageError: as `train`.
    """
    from archspec.train.trial.dry_run import dry_run as tried

    return _closing(prepare(spec, device=device, **rest), tried)


def overfit(
    spec: Spec | Architecture,
    *,
    batches: int = 1,
    steps: int = 1000,
    told: Callable[[int, dict[str, float]], None] = lambda step, figures: None,
    device: str = "auto",
    **rest: Any,
) -> ByHeart:
    """Train on a few batches alone, without augmentation and at a constant rate, until they are known by heart.

    Args:
        spec: as for `train`.
        batches: how many.
        steps: after which it is given up.
        told: called on the way with the steps done and the figures on these batches.
        device: as for `train`.
        **rest: as for `prepare`.

    Raises:
        SpecError, UsageError: as `train`; AS631, they cannot be learnt by heart.
    """
    from archspec.train.trial.overfit import overfit as tried
    from archspec.train.trial.overfit import recipe_by_heart

    architecture = spec if isinstance(spec, Architecture) else load(spec, **rest)
    prepared = _prepared(architecture, recipe_by_heart(architecture.recipe or Recipe()), device)
    return _closing(prepared, lambda made: tried(made, batches, told, steps))


def profile(
    spec: Spec | Architecture, trace: Path, *, steps: int = 10, most: int = 15, device: str = "auto", **rest: Any
) -> Profile:
    """Train some steps under `torch.profiler`: times by phase, layer and operator, and a trace file.

    Args:
        spec: as for `train`.
        trace: the file to write.
        steps: to look at.
        most: operators that are told.
        device: as for `train`.
        **rest: as for `prepare`.

    Raises:
        SpecError, UsageError: as `train`; AS603, the trace cannot be written.
    """
    from archspec.train.trial.profile import profile as tried

    prepared = prepare(spec, device=device, **rest)
    try:
        path = pathlib.Path(trace)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        return _closing(prepared, lambda made: tried(made, path, steps=steps, most=most))
    except OSError as error:
        message = f"cannot write `{os.fspath(trace)}`: {error.strerror or error}"
        raise UsageError(Diagnostic("AS603", message, help="give a place that can be written to")) from None


def find_lr(
    spec: Spec | Architecture,
    *,
    low: float = 1e-6,
    high: float = 10.0,
    steps: int = 100,
    device: str = "auto",
    **rest: Any,
) -> RateRange:
    """The learning-rate range test of L. N. Smith (2017): losses over growing rates, and where they fall fastest.

    Args:
        spec: as for `train`.
        low: the first rate.
        high: the last one.
        steps: batches in between.
        device: as for `train`.
        **rest: as for `prepare`.

    Raises:
        SpecError, UsageError: as `train`; AS632, there is no such rate.
    """
    from archspec.train.trial.find_lr import find_lr as tried

    return _closing(prepare(spec, device=device, **rest), lambda made: tried(made, low=low, high=high, steps=steps))


def _architecture(
    spec: Spec | Architecture, set: Sequence[str], recipe: Spec | None, allow_roots: Sequence[Path], variables: Any
) -> Architecture:
    if isinstance(spec, Architecture):
        return spec
    return load(spec, set=set, recipe=recipe, allow_roots=allow_roots, **variables)


def _prepared(architecture: Architecture, recipe: Recipe, device: str) -> Prepared:
    from archspec.train.device import pick_device
    from archspec.train.prepare import prepare as prepared

    return prepared(architecture, recipe, pick_device(device))


def _closing(prepared: Prepared, work: Callable[[Prepared], T]) -> T:
    """What comes of it; a loss that is not finite is a fault of the request."""
    from archspec.train.learner import NotFiniteError

    try:
        return work(prepared)
    except NotFiniteError as error:
        what = "the loss" if error.gradient is None else f"the gradient of `{error.gradient}`"
        help = "use a smaller learning rate, a normalisation layer, or a loss that fits the last layer"
        raise UsageError(Diagnostic("AS604", f"{what} is not finite", help=help)) from None
    finally:
        prepared.close()
