"""Optimiser, scheduler, loss and transforms made from what the recipe calls them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from archspec.elaborate.nested import nested
from archspec.elaborate.param_groups import group_of
from archspec.elaborate.recipe import with_primary
from archspec.errors import Diagnostic, SpecError
from archspec.ops.called import Argument
from archspec.ops.signatures import Group
from archspec.spec.recipe import Named, ParamGroup, Recipe, Transforms
from archspec.train import installed
from archspec.train.roles import roles_of_parameters

if TYPE_CHECKING:
    from torchvision.transforms import v2

Scheduler: TypeAlias = LRScheduler | ReduceLROnPlateau
ParamsOfGroup: TypeAlias = dict[str, Any]

_REFUSALS = (TypeError, ValueError, RuntimeError, ZeroDivisionError, IndexError, KeyError, AttributeError)
_MOST_REHEARSED = 10_000


def make_optimizer(named: Named, groups: Sequence[ParamsOfGroup]) -> Optimizer:
    """The optimiser over these groups of parameters.

    Args:
        named: the optimiser, with the arguments that all groups share.
        groups: as torch takes them: `params` and what is different for these.

    Raises:
        SpecError: AS507, the installed torch lacks it; AS508, torch refuses its arguments.
    """
    optimizer: Optimizer = _make("optimizers", named, list(groups))
    return optimizer


def parameter_groups(recipe: Recipe, model: nn.Module) -> list[ParamsOfGroup]:
    """What the optimiser is given: the parameters of no group first, then the recipe's groups in their order.

    Frozen parameters are left out, and groups without parameters; a shared parameter is in one group, once. Norms and
    biases with a weight decay of their own are a group after each of these.

    Raises:
        SpecError: AS508, torch refuses a group's arguments.
    """
    names: dict[nn.Parameter, list[str]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        names.setdefault(parameter, []).append(name)
    decays = {"norm": recipe.norm_weight_decay, "bias": recipe.bias_weight_decay}
    roles = {role: {"weight_decay": decay} for role, decay in decays.items() if decay is not None}
    own = [{}, *(_own(recipe.optimizer, group) for group in recipe.param_groups)]
    groups: dict[tuple[int, str], ParamsOfGroup] = {
        (place, role): {**arguments, **different, "params": []}
        for place, arguments in enumerate(own)
        for role, different in {"": {}, **roles}.items()
    }
    role_of = roles_of_parameters(model)
    for parameter, its in names.items():
        if parameter.requires_grad:
            index = group_of(recipe.param_groups, its)
            role = role_of.get(parameter, "")
            groups[0 if index is None else index + 1, role if role in roles else ""]["params"].append(parameter)
    return [group for group in groups.values() if group["params"]]


def _own(optimizer: Named, group: ParamGroup) -> ParamsOfGroup:
    """What is different for a group. Torch checks arguments only where an optimiser is made, so one is."""
    made = make_optimizer(
        Named(optimizer.name, {**optimizer.arguments, **group.arguments}, group.span),
        [{"params": [nn.Parameter(torch.zeros(2, 2))]}],
    )
    return {name: made.param_groups[0][name] for name in group.arguments}


def make_scheduler(named: Named, optimizer: Optimizer) -> Scheduler:
    """The scheduler of this optimiser's learning rates; those named in its arguments are of the same optimiser.

    Raises:
        SpecError: as `make_optimizer`.
    """
    scheduler: Scheduler = _make("schedulers", named, optimizer)
    return scheduler


def make_loss(named: Named) -> nn.Module:
    """The loss; class weights become tensors.

    Raises:
        SpecError: as `make_optimizer`.
    """
    loss: nn.Module = _make("losses", named)
    return loss


def make_transforms(named: Sequence[Named]) -> v2.Transform | None:
    """The transforms one after another; None where there are none.

    Raises:
        SpecError: as `make_optimizer`.
    """
    if not named:
        return None
    from torchvision.transforms import v2  # late: it loads slowly

    return v2.Compose([_make("transforms", each) for each in named])


def normalizes(transforms: Transforms) -> bool:
    """The recipe normalises images itself, so nobody else does."""
    return any(named.name == "Normalize" for named in (*transforms.train, *transforms.eval))


def rehearse(optimizer: Named, groups: Sequence[ParamsOfGroup], scheduler: Named, epochs: int) -> None:
    """Step a throw-away scheduler as often as the training will, so that what fails fails before it.

    Raises:
        SpecError: AS508, e.g. `OneCycleLR` with fewer steps than epochs.
    """
    throw_away = make_optimizer(optimizer, [{**group, "params": [nn.Parameter(torch.zeros(2, 2))]} for group in groups])
    rehearsed = make_scheduler(scheduler, throw_away)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for _ in range(min(epochs, _MOST_REHEARSED)):
                step_scheduler(rehearsed, {"eval_loss": 1.0}, "eval_loss", is_chosen=False)
        except _REFUSALS as refusal:
            raise SpecError([_refused(scheduler, refusal)]) from None


def step_scheduler(scheduler: Scheduler, row: Mapping[str, Any] | None, column: str, *, is_chosen: bool) -> None:
    """After an epoch.

    Args:
        scheduler: `ReduceLROnPlateau` waits for figures; the others do not.
        row: the epoch's figures; None where it has none.
        column: what chooses the best weights.
        is_chosen: whether that is the recipe's `monitor`; if not, a scheduler that waits for a minimum gets the loss.
    """
    if isinstance(scheduler, ReduceLROnPlateau):
        if row is not None:
            scheduler.step(row["eval_loss"] if scheduler.mode == "min" and not is_chosen else row[column])
        return
    with warnings.catch_warnings():  # that no step came before it: it did, in the process that was interrupted
        warnings.filterwarnings("ignore", r"Detected call of `lr_scheduler.step\(\)` before")
        scheduler.step()


def _make(group: Group, named: Named, *supplied: Any) -> Any:
    thing = installed.find(group, named.name)
    if thing is None:
        package = "torchvision" if group == "transforms" else "torch"
        version = installed.versions()[package]
        message = f"`{named.name}` is not in the installed {package} {version}"
        raise SpecError([Diagnostic("AS507", message, named.span, help=f"install a newer {package}")])
    signature = installed.installed_signatures(group)[named.name]
    named = with_primary(named, signature)
    arguments = {
        name: _value(group, signature.argument(name), value, supplied) for name, value in named.arguments.items()
    }
    if group == "schedulers" and signature.primary == "schedulers":
        return _scheduler_of_schedulers(named, thing, arguments, *supplied)
    try:
        return thing(*supplied, **arguments)
    except _REFUSALS as refusal:
        raise SpecError([_refused(named, refusal)]) from None


def _scheduler_of_schedulers(named: Named, kind: Any, arguments: Mapping[str, Any], optimizer: Optimizer) -> Scheduler:
    """`ChainedScheduler` and `SequentialLR`, which differ in where they take the optimiser."""
    try:
        scheduler: Scheduler = kind(optimizer=optimizer, **arguments)
    except _REFUSALS as refusal:
        raise SpecError([_refused(named, refusal)]) from None
    return scheduler


def _value(group: Group, argument: Argument | None, value: Any, supplied: tuple[Any, ...]) -> Any:
    accepts = () if argument is None else argument.accepts
    if accepts == ("nameds",):
        return [_make(group, inner, *supplied) for inner in map(nested, value) if inner is not None]
    if "tensor" in accepts and isinstance(value, (list, tuple)):
        return torch.tensor(value, dtype=torch.float32)
    if "dtype" in accepts and isinstance(value, str):
        return getattr(torch, value)
    if argument is not None and argument.name in ("interpolation", "policy"):
        from torchvision.transforms import InterpolationMode, v2  # late: it loads slowly

        return InterpolationMode(value) if argument.name == "interpolation" else v2.AutoAugmentPolicy(value)
    return tuple(value) if isinstance(value, list) and group == "optimizers" else value


def _refused(named: Named, refusal: BaseException) -> Diagnostic:
    reason = " ".join(str(refusal).split()) or type(refusal).__name__
    return Diagnostic(
        "AS508",
        f"torch refuses these arguments of `{named.name}`: {reason}",
        named.span,
        help="write the arguments as torch's page on it says",
    )
