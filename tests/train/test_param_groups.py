"""Groups of parameters, each with its own arguments: torch's optimisers, given the same by hand, are the judge."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

import archspec
from archspec.errors import SpecError
from archspec.ops.signatures import signatures
from archspec.spec.recipe import Named, ParamGroup, Recipe
from archspec.train import train
from archspec.train.parts import make_optimizer, make_scheduler, parameter_groups, rehearse
from tests.train.fakes import Fake, mlp

NOTES = """archspec: 1
name: Notes
input: [1, 8, 8]
layers:
  conv1: {Conv2d: {out_channels: 4, kernel_size: 3, bias: false}}
  bn1: BatchNorm2d
  relu: ReLU
  flatten: Flatten
  fc: {Linear: 10}
train:
  data: digits
  batch_size: 128
  epochs: 3
  optimizer: {SGD: {lr: 0.001, momentum: 0.9, weight_decay: 1.0e-3}}
  param_groups: [{match: "fc.*", lr: 0.01}]
  scheduler: {StepLR: {step_size: 2, gamma: 0.1}}
"""


def steps(model: nn.Module, optimizer: torch.optim.Optimizer, scheduler: object, count: int = 6) -> list[Tensor]:
    """The weights after some steps of a plain loop."""
    generator = torch.Generator().manual_seed(1)
    for _ in range(count):
        images = torch.rand(16, 1, 8, 8, generator=generator)
        labels = torch.randint(10, (16,), generator=generator)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()
        scheduler.step()  # type: ignore[attr-defined]
    return [parameter.detach() for parameter in model.parameters()]


def test_the_notes_program_takes_the_same_steps() -> None:
    architecture = archspec.load(NOTES)
    recipe = architecture.recipe
    assert recipe is not None
    assert recipe.scheduler is not None
    model, by_hand = architecture.build(seed=3), architecture.build(seed=3)
    ours = make_optimizer(recipe.optimizer, parameter_groups(recipe, model))
    head = list(by_hand.fc.parameters())
    body = [*by_hand.conv1.parameters(), *by_hand.bn1.parameters()]
    theirs = torch.optim.SGD(
        [{"params": body, "lr": 0.001}, {"params": head, "lr": 0.01}], lr=0.001, momentum=0.9, weight_decay=1e-3
    )
    left = steps(model, ours, make_scheduler(recipe.scheduler, ours))
    right = steps(by_hand, theirs, torch.optim.lr_scheduler.StepLR(theirs, 2, 0.1))
    assert [group["lr"] for group in ours.param_groups] == [group["lr"] for group in theirs.param_groups]
    assert all(torch.equal(one, other) for one, other in zip(left, right, strict=True))
    assert not torch.equal(left[0], architecture.build(seed=3).conv1.weight)


def test_the_notes_program_trains(tmp_path, no_pictures) -> None:
    result = archspec.train(archspec.load(NOTES), out=tmp_path / "run", device="cpu", quiet=True)
    assert [row["lr"] for row in result.history] == pytest.approx([0.001, 0.001, 0.0001])
    alike = archspec.train(archspec.load(NOTES), out=tmp_path / "again", device="cpu", quiet=True)
    one_rate = NOTES.replace('[{match: "fc.*", lr: 0.01}]', "[]")
    other = archspec.train(archspec.load(one_rate), out=tmp_path / "other", device="cpu", quiet=True)
    assert torch.equal(result.model.fc.weight, alike.model.fc.weight)
    assert not torch.equal(result.model.fc.weight, other.model.fc.weight)


@pytest.mark.parametrize("name", sorted(set(signatures("optimizers")) - {"LBFGS", "SparseAdam"}))
def test_every_optimiser_takes_groups(name: str) -> None:
    model = nn.Sequential(nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False))
    recipe = Recipe(optimizer=Named(name), param_groups=(ParamGroup(("1.*",), {"lr": 0.25}),))
    made = make_optimizer(recipe.optimizer, parameter_groups(recipe, model))
    kind = getattr(torch.optim, name)
    by_hand = kind([{"params": [model[0].weight]}, {"params": [model[1].weight], "lr": 0.25}])
    assert made.param_groups == by_hand.param_groups


def test_lists_are_as_torch_wants_them() -> None:
    recipe = Recipe(optimizer=Named("Adam"), param_groups=(ParamGroup(("1.*",), {"betas": [0.5, 0.6]}),))
    (_, group) = parameter_groups(recipe, nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)))
    assert group["betas"] == (0.5, 0.6)


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.wte = nn.Embedding(5, 3)
        self.norm = nn.LayerNorm(3)
        self.head = nn.Linear(3, 5, bias=False)
        self.head.weight = self.wte.weight


def test_a_shared_parameter_is_in_one_group_by_any_of_its_names() -> None:
    model = Tied()
    for glob in ("head.*", "wte.*"):
        rest, group = parameter_groups(Recipe(param_groups=(ParamGroup((glob,), {"lr": 0.1}),)), model)
        assert [id(parameter) for parameter in group["params"]] == [id(model.wte.weight)]
        assert len(rest["params"]) == 2


def test_frozen_parameters_and_empty_groups_are_left_out() -> None:
    model = Tied()
    model.norm.requires_grad_(False)
    recipe = Recipe(param_groups=(ParamGroup(("norm.*",), {"lr": 0.1}), ParamGroup(("*",), {"lr": 0.2})))
    (group,) = parameter_groups(recipe, model)
    assert group["lr"] == 0.2
    assert [id(parameter) for parameter in group["params"]] == [id(model.wte.weight)]


def test_torch_refuses_a_group_as_it_refuses_an_optimiser() -> None:
    recipe = Recipe(optimizer=Named("SGD"), param_groups=(ParamGroup(("*",), {"nesterov": True}),))
    with pytest.raises(SpecError) as caught:
        parameter_groups(recipe, nn.Linear(2, 2))
    assert [fault.code for fault in caught.value.diagnostics] == ["AS508"]


def test_schedulers_with_a_value_per_group_are_rehearsed_with_all_groups() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    recipe = Recipe(optimizer=Named("SGD"), param_groups=(ParamGroup(("1.*",), {"lr": 0.1}),))
    groups = parameter_groups(recipe, model)
    rehearse(recipe.optimizer, groups, Named("OneCycleLR", {"max_lr": [0.1, 0.2], "total_steps": 5}), 4)
    with pytest.raises(SpecError):
        rehearse(recipe.optimizer, groups, Named("OneCycleLR", {"max_lr": [0.1, 0.2, 0.3], "total_steps": 5}), 4)


def test_a_recipe_from_python_is_held_against_the_model(tmp_path) -> None:
    recipe = Recipe(param_groups=(ParamGroup(("fc.*",), {"lr": 0.1}),))
    with pytest.raises(SpecError) as caught:
        train(Fake(mlp, (64,)), recipe=recipe, out=tmp_path / "run", device="cpu", quiet=True)
    assert [fault.code for fault in caught.value.diagnostics] == ["AS510"]
    assert not (tmp_path / "run").exists()


def normed() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.LayerNorm(144), nn.LSTM(144, 3), nn.Linear(3, 10)
    )


def test_norms_and_biases_decay_by_themselves() -> None:
    """As torchvision's `set_weight_decay` splits the parameters in its reference training."""
    recipe = Recipe(
        optimizer=Named("SGD", {"weight_decay": 1e-2}),
        param_groups=(ParamGroup(("5.*",), {"lr": 0.5}),),
        norm_weight_decay=0.0,
        bias_weight_decay=1e-3,
    )
    model = normed()
    names = {parameter: name for name, parameter in model.named_parameters()}
    made = make_optimizer(recipe.optimizer, parameter_groups(recipe, model)).param_groups
    told = [(group["weight_decay"], group["lr"], [names[each] for each in group["params"]]) for group in made]
    assert told == [
        (1e-2, 1e-3, ["0.weight", "4.weight_ih_l0", "4.weight_hh_l0"]),
        (0.0, 1e-3, ["1.weight", "1.bias", "3.weight", "3.bias"]),
        (1e-3, 1e-3, ["0.bias", "4.bias_ih_l0", "4.bias_hh_l0"]),
        (1e-2, 0.5, ["5.weight"]),
        (1e-3, 0.5, ["5.bias"]),
    ]
    plain = parameter_groups(Recipe(optimizer=recipe.optimizer), model)
    assert [len(group["params"]) for group in plain] == [12]


def test_no_decay_of_norms_without_a_decay() -> None:
    spec = NOTES.replace("SGD: {lr: 0.001, momentum: 0.9, weight_decay: 1.0e-3}", "Rprop: {lr: 0.001}")
    (fault,) = archspec.check(spec + "  norm_weight_decay: 0\n")
    assert (fault.code, fault.help) == ("AS506", "leave `norm_weight_decay` out")
