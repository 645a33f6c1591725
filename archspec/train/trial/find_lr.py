"""The learning-rate range test: L. N. Smith, Cyclical Learning Rates for Training Neural Networks, 2017, section 3.3.

The rate grows exponentially from step to step; where the loss falls fastest is a good rate to start with.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

import torch
from torch.optim import LBFGS

from archspec.errors import Diagnostic, UsageError
from archspec.train.data.batch import Batch
from archspec.train.learner import NotFiniteError
from archspec.train.prepare import Prepared
from archspec.train.seeds import forked_generators

_SMOOTHING = 0.9
_DIVERGED = 4.0
_FEWEST = 10


@dataclass(frozen=True, slots=True)
class RateRange:
    """Attributes:
    rates: of each step, of the first group of parameters; the others keep their proportion to it.
    losses: of each batch.
    smoothed: their exponential moving average, corrected for its start.
    suggestion: the rate at which the smoothed loss falls fastest over the logarithm of the rate.
    optimizer: its name.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]
    suggestion: float
    optimizer: str


def find_lr(prepared: Prepared, *, low: float = 1e-6, high: float = 10.0, steps: int = 100) -> RateRange:
    """Train over a range of rates, then bring back weights, buffers, optimiser and random generators.

    Args:
        prepared: what is to be trained.
        low: the first rate.
        high: the last one, unless the loss has grown to four times its least before.
        steps: from the one to the other, each with a batch of its own.

    Raises:
        UsageError: AS632, the loss did not fall anywhere, or the optimiser has no such rate.
    """
    if isinstance(prepared.optimizer, LBFGS):
        message = "`LBFGS` searches along a line in each step, and has no rate to look for"
        raise UsageError(Diagnostic("AS632", message, help="use it with `lr: 1` and `line_search_fn: strong_wolfe`"))
    learner = prepared.learner
    before = {
        "model": copy.deepcopy(prepared.model.state_dict()),
        "optimizer": copy.deepcopy(prepared.optimizer.state_dict()),
        "average": None if learner.average is None else copy.deepcopy(learner.average.state_dict()),
        "scaler": None if learner.scaler is None else learner.scaler.state_dict(),
    }
    try:
        with forked_generators(learner.device):
            torch.manual_seed(prepared.recipe.seed)
            rates, losses = _swept(prepared, low, high, steps)
    finally:
        _bring_back(prepared, before)
    smoothed = _smoothed(losses)
    suggestion = _steepest(rates, smoothed)
    if suggestion is None:
        notes = (
            (f"it was {smoothed[0]:.4g} at {rates[0]:.2g} and {smoothed[-1]:.4g} at {rates[-1]:.2g}",) if rates else ()
        )
        message = f"the loss falls at no rate from {low:g} to {high:g}"
        help = "see whether one batch can be learnt by heart: `archspec train SPEC --overfit-batches 1`"
        raise UsageError(Diagnostic("AS632", message, notes=notes, help=help))
    return RateRange(rates, losses, smoothed, suggestion, prepared.recipe.optimizer.name)


def _swept(prepared: Prepared, low: float, high: float, steps: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    groups = prepared.optimizer.param_groups
    first = float(groups[0]["lr"]) or 1.0
    parts = [float(group["lr"]) / first for group in groups]
    rates: list[float] = []
    losses: list[float] = []
    for step, batch in zip(range(steps), _endless(prepared), strict=False):
        rate = low * (high / low) ** (step / max(1, steps - 1))
        for group, part in zip(groups, parts, strict=True):
            group["lr"] = (
                torch.full_like(group["lr"], rate * part) if isinstance(group["lr"], torch.Tensor) else rate * part
            )
        try:
            loss = float(prepared.learn(batch))
        except NotFiniteError:
            break
        rates.append(rate)
        losses.append(loss)
        smoothed = _smoothed(losses)
        if len(losses) > _FEWEST and smoothed[-1] > _DIVERGED * min(smoothed):
            break
    return tuple(rates), tuple(losses)


def _endless(prepared: Prepared) -> Iterator[Batch]:
    for epoch in count(1):
        yield from prepared.batches(epoch)


def _bring_back(prepared: Prepared, before: Mapping[str, Any]) -> None:
    learner = prepared.learner
    prepared.model.load_state_dict(before["model"])
    prepared.optimizer.load_state_dict(before["optimizer"])
    prepared.optimizer.zero_grad()
    if learner.average is not None:
        learner.average.load_state_dict(before["average"])
    if learner.scaler is not None:
        learner.scaler.load_state_dict(before["scaler"])


def _smoothed(losses: list[float] | tuple[float, ...]) -> tuple[float, ...]:
    found, average = [], 0.0
    for step, loss in enumerate(losses, 1):
        average = _SMOOTHING * average + (1 - _SMOOTHING) * loss
        found.append(average / (1 - _SMOOTHING**step))
    return tuple(found)


def _steepest(rates: tuple[float, ...], losses: tuple[float, ...]) -> float | None:
    """Where the loss falls fastest over log(rate), before its minimum; None where it does not fall at all.

    The first tenth is left out: the average has hardly begun there.
    """
    if len(losses) < _FEWEST:
        return None
    least = min(range(len(losses)), key=losses.__getitem__)
    begin = len(losses) // 10
    if least - begin < 2 or losses[least] > 0.98 * losses[begin]:
        return None
    slopes = {
        place: (losses[place + 1] - losses[place - 1]) / math.log(rates[place + 1] / rates[place - 1])
        for place in range(max(1, begin), least)
    }
    return rates[min(slopes, key=slopes.__getitem__)]
