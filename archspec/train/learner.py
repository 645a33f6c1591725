"""Forward, backward and step: how a model learns from its batches."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.amp.grad_scaler import GradScaler
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from torch.optim import LBFGS, Optimizer
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from archspec.spec.recipe import Recipe
from archspec.train.data.batch import Batch
from archspec.train.finite import Finite
from archspec.train.objective import Objective
from archspec.train.parallel import Parallel, broadcast_buffers
from archspec.train.precision import autocast, autocast_dtype, make_scaler
from archspec.train.ranks import ALONE, Ranks


class NotFiniteError(Exception):
    """The loss, or else a gradient, is no finite number; nothing has been changed by it.

    Attributes:
        loss: what the loss was.
        gradient: the parameter whose gradient it is; None where it is the loss.
    """

    def __init__(self, loss: float, gradient: str | None) -> None:
        super().__init__(loss, gradient)
        self.loss, self.gradient = loss, gradient


@dataclass(slots=True)
class Learner:
    """A model with what changes it.

    Attributes:
        model: what is trained; its weights are the run's.
        forward: the model, perhaps compiled or wrapped.
        objective: what is minimised.
        optimizer: of `torch.optim`.
        device: where the model is.
        dtype: of forward passes under autocast; None for none.
        scaler: of the loss, for float16.
        average: the moving average of the weights; None for none.
        max_norm: of all gradients together; None for no limit.
        max_value: of each gradient; None for no limit.
        parallel: how the model is spread over several processes.
        ranks: these processes.
    """

    model: nn.Module
    forward: Callable[..., Any]
    objective: Objective
    optimizer: Optimizer
    device: torch.device
    dtype: torch.dtype | None = None
    scaler: GradScaler | None = None
    average: AveragedModel | None = None
    max_norm: float | None = None
    max_value: float | None = None
    parallel: Parallel = field(default_factory=Parallel)
    ranks: Ranks = ALONE
    _finite: Finite = field(default_factory=Finite)
    _trained: tuple[nn.Parameter, ...] = ()

    def __post_init__(self) -> None:
        self._trained = tuple(p for group in self.optimizer.param_groups for p in group["params"])

    def spread(self, parallel: Parallel, ranks: Ranks, *, compiled: bool) -> None:
        """Put a learner that has learnt nothing yet over several processes.

        Args:
            parallel: how.
            ranks: the processes.
            compiled: whether to train through `torch.compile`.
        """
        names = {parameter: name for name, parameter in self.model.named_parameters()}
        self.parallel, self.ranks = parallel, ranks
        wrapped = parallel.wrapped(self.model, self.average)
        self.forward = torch.compile(wrapped) if compiled else wrapped
        parameters = dict(self.model.named_parameters())
        for group in self.optimizer.param_groups:
            group["params"] = [parameters[names[parameter]] for parameter in group["params"]]
        self.__post_init__()

    def agree_on_buffers(self) -> None:
        """Every process takes the first one's buffers, before they are measured with or kept."""
        if self.ranks.are_several:
            broadcast_buffers(self.model)
            if self.average is not None:
                broadcast_buffers(self.average)

    @property
    def rate(self) -> float:
        """The learning rate of the first group."""
        return float(self.optimizer.param_groups[0]["lr"])

    @property
    def measured(self) -> nn.Module:
        """The model that is measured and kept: the moving average where there is one."""
        if self.average is None or not int(self.average.n_averaged):
            return self.model
        averaged: nn.Module = self.average.module
        return averaged

    def weights(self) -> Mapping[str, Tensor]:
        """Of `measured`, whole. All processes have to ask at once."""
        return self.parallel.whole(self.measured.state_dict())

    def learn(self, batch: Batch, share: float, *, steps: bool) -> tuple[Tensor, Tensor]:
        """One batch, and with its last batch a step.

        Args:
            batch: samples, on the device.
            share: how much of the step's gradient is this batch's.
            steps: whether the gradients are all there now.

        Returns:
            The batch's loss, and the main output.

        Raises:
            NotFiniteError: instead of a step.
        """
        if isinstance(self.optimizer, LBFGS):
            return self._by_closure(batch)
        if self.ranks.are_several:
            with self.parallel.synchronised(steps):
                loss, output = self._backward(batch, share)
        else:
            loss, output = self._backward(batch, share)
        loss = loss.detach()
        if steps:
            self._step(loss)
        return loss, output.detach()

    def _backward(self, batch: Batch, share: float) -> tuple[Tensor, Tensor]:
        loss, output = self._losses(batch)
        shared = loss if share == 1 else loss * share
        (shared if self.scaler is None else self.scaler.scale(shared)).backward()  # type: ignore[no-untyped-call]
        return loss, output

    def _losses(self, batch: Batch) -> tuple[Tensor, Tensor]:
        if self.dtype is None:
            return self.objective(self.forward(*batch.inputs), batch)
        with autocast(self.dtype, self.device):
            return self.objective(self.forward(*batch.inputs), batch)

    def _step(self, loss: Tensor) -> None:
        if self.scaler is not None:
            self.scaler.unscale_(self.optimizer)
        else:
            self._check(loss)
        if self.max_norm is not None:
            clip_grad_norm_(self._trained, self.max_norm)
        if self.max_value is not None:
            clip_grad_value_(self._trained, self.max_value)
        if self.scaler is None:
            self.optimizer.step()
        else:
            if not self._all_say(bool(loss.isfinite())):
                raise NotFiniteError(float(loss), None)
            self.scaler.step(self.optimizer)
            self.scaler.update()
        self.optimizer.zero_grad()
        self._averaged()

    def _averaged(self) -> None:
        if self.average is not None:
            self.average.update_parameters(self.model)

    def _by_closure(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """LBFGS evaluates the closure several times; the first time is reported."""
        first: list[tuple[Tensor, Tensor]] = []

        def closure() -> Tensor:
            self.optimizer.zero_grad()
            loss, output = self._losses(batch)
            loss.backward()  # type: ignore[no-untyped-call]
            if not first:
                first.append((loss.detach(), output.detach()))
                self._check(loss.detach())
            return loss

        self.optimizer.step(closure)  # type: ignore[arg-type]
        self.optimizer.zero_grad()
        self._averaged()
        return first[0]

    def _check(self, loss: Tensor) -> None:
        gradients = [gradient for parameter in self._trained if (gradient := parameter.grad) is not None]
        if self.parallel.is_sharded:
            gradients = [self.parallel.local(gradient) for gradient in gradients]
        if self._all_say(self._finite(loss, gradients)):
            return
        losses = self.ranks.gather(float(loss))
        names = self.ranks.gather(next(self._names_of_not_finite(), None))
        bad = next((each for each in losses if not math.isfinite(each)), None)
        if bad is not None:
            raise NotFiniteError(bad, None)
        raise NotFiniteError(losses[0], next((name for name in names if name is not None), None))

    def _all_say(self, fine: bool) -> bool:
        """Whether it is so in all processes."""
        return fine if not self.ranks.are_several else not self.ranks.largest(not fine)[0]

    def _names_of_not_finite(self) -> Iterator[str]:
        for name, parameter in self.model.named_parameters():
            if parameter.grad is not None and not bool(self.parallel.local(parameter.grad).isfinite().all()):
                yield name


def make_learner(
    recipe: Recipe, model: nn.Module, objective: Objective, optimizer: Optimizer, device: torch.device
) -> Learner:
    """A model and an optimiser of its parameters, and around them what the recipe asks for."""
    dtype = autocast_dtype(recipe.precision, device)
    average = None
    if recipe.ema is not None:
        average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(recipe.ema), use_buffers=True)  # type: ignore[no-untyped-call]
    return Learner(
        model=model,
        forward=torch.compile(model) if recipe.compile else model,
        objective=objective,
        optimizer=optimizer,
        device=device,
        dtype=dtype,
        scaler=make_scaler(dtype, device),
        average=average,
        max_norm=recipe.clip_grad_norm,
        max_value=recipe.clip_grad_value,
    )
