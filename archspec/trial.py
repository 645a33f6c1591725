"""The public functions that try a spec's training before it is trained: `dry_run`, `overfit`, `profile`, `find_lr`."""

from __future__ import annotations

import copy
import os
import pathlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from archspec.architecture import Architecture
from archspec.errors import Diagnostic, UsageError
from archspec.given import Path, Spec
from archspec.spec.recipe import Recipe
from archspec.trained import Subject, is_module, subject_of

if TYPE_CHECKING:
    from archspec.train.data.handed_over import HandedOver
    from archspec.train.own_module import OwnModule
    from archspec.train.prepare import Prepared
    from archspec.train.trial.dry_run import DryRun
    from archspec.train.trial.find_lr import RateRange
    from archspec.train.trial.overfit import ByHeart
    from archspec.train.trial.profile import Profile

T = TypeVar("T")
_NOT_VARIABLES = frozenset({"data", "input", "set", "recipe", "allow_roots"})


def prepare(
    spec: Subject,
    data: Any = None,
    *,
    input: Sequence[int] | None = None,
    device: str = "auto",
    set: Sequence[str] = (),
    recipe: Spec | None = None,
    allow_roots: Sequence[Path] = (),
    **variables: Any,
) -> Prepared:
    """All that trains a spec's model or a module, made and tried, for a loop of one's own. Arguments as for `train`.

    Returns:
        The model, the data, the loss, the optimiser and the scheduler, with `batches`, `learn` and `measure`.

    Raises:
        SpecError, UsageError: as `train`.
    """
    subject, handed = subject_of(
        spec, data, input=input, set=set, recipe=recipe, allow_roots=allow_roots, variables=variables
    )
    return _prepared(subject, subject.recipe or Recipe(), device, handed)


def dry_run(spec: Subject, *, device: str = "auto", **rest: Any) -> DryRun:
    """Train on one batch, and tell shapes, memory and time; nothing is written. Other arguments as for `prepare`.

    Raises:
        SpecError, UsageError: as `train`.
    """
    from archspec.train.trial.dry_run import dry_run as tried

    return _closing(prepare(_kept(spec), device=device, **rest), tried)


def overfit(
    spec: Subject,
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

    variables = {name: value for name, value in rest.items() if name not in _NOT_VARIABLES}
    known = {name: value for name, value in rest.items() if name in _NOT_VARIABLES}
    subject, handed = subject_of(_kept(spec), variables=variables, **known)
    prepared = _prepared(subject, recipe_by_heart(subject.recipe or Recipe()), device, handed)
    return _closing(prepared, lambda made: tried(made, batches, told, steps))


def profile(
    spec: Subject, trace: Path, *, steps: int = 10, most: int = 15, device: str = "auto", **rest: Any
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

    prepared = prepare(_kept(spec), device=device, **rest)
    try:
        path = pathlib.Path(trace)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        return _closing(prepared, lambda made: tried(made, path, steps=steps, most=most))
    except OSError as error:
        message = f"cannot write `{os.fspath(trace)}`: {error.strerror or error}"
        raise UsageError(Diagnostic("AS603", message, help="give a place that can be written to")) from None


def find_lr(
    spec: Subject,
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

    return _closing(
        prepare(_kept(spec), device=device, **rest), lambda made: tried(made, low=low, high=high, steps=steps)
    )


def _kept(spec: Subject) -> Subject:
    """A module stays as it is: what is tried is a copy."""
    return copy.deepcopy(spec) if is_module(spec) else spec


def _prepared(subject: Architecture | OwnModule, recipe: Recipe, device: str, handed: HandedOver | None) -> Prepared:
    from archspec.train.device import pick_device
    from archspec.train.prepare import prepare as prepared

    return prepared(subject, recipe, pick_device(device), handed=handed)


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
