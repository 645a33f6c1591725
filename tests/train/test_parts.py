"""Things made by name, and torch's refusals as diagnostics."""

import pytest
import torch
from torch import nn
from torchvision.transforms import v2

from archspec.errors import SpecError
from archspec.spec.recipe import Named, Recipe
from archspec.train.parts import make_loss, make_optimizer, make_scheduler, make_transforms, parameter_groups, rehearse


def weights():
    return [nn.Parameter(torch.zeros(3, 3))]


def test_arguments_reach_torch():
    adam = make_optimizer(Named("Adam", {"lr": 0.5, "betas": [0.5, 0.6]}), weights())
    assert isinstance(adam, torch.optim.Adam)
    assert adam.defaults["betas"] == (0.5, 0.6)
    loss = make_loss(Named("CrossEntropyLoss", {"weight": [1, 2], "label_smoothing": 0.1}))
    assert torch.equal(loss.weight, torch.tensor([1.0, 2.0]))
    made = make_transforms(
        [
            Named("RandomRotation", {"degrees": 5, "interpolation": "bilinear"}),
            Named("RandomApply", {"transforms": [{"GaussianBlur": 3}, "RandomInvert"], "p": 0.5}),
            Named("ToDtype", {"dtype": "float32", "scale": True}),
        ]
    )
    rotate, apply, cast = made.transforms
    assert rotate.interpolation is v2.InterpolationMode.BILINEAR
    assert [type(inner) for inner in apply.transforms] == [v2.GaussianBlur, v2.RandomInvert]
    assert cast.dtype is torch.float32


def test_frozen_parameters_are_not_optimised():
    frozen = nn.Parameter(torch.zeros(2), requires_grad=False)
    model = nn.ParameterList([*weights(), frozen])
    (group,) = make_optimizer(Named("SGD"), parameter_groups(Recipe(), model)).param_groups
    assert [id(parameter) for parameter in group["params"]] == [id(model[0])]


def test_schedulers_within_schedulers():
    optimizer = make_optimizer(Named("SGD", {"lr": 1.0}), weights())
    steps = [{"ConstantLR": {"factor": 0.5, "total_iters": 2}}, {"ExponentialLR": 0.1}]
    scheduler = make_scheduler(Named("SequentialLR", {"schedulers": steps, "milestones": [2]}), optimizer)
    rates = []
    for _ in range(4):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    assert rates == pytest.approx([0.5, 0.5, 1.0, 0.1])
    chained = Named("ChainedScheduler", {"schedulers": steps})
    assert len(make_scheduler(chained, make_optimizer(Named("SGD"), weights()))._schedulers) == 2


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: make_optimizer(Named("SGD", {"nesterov": True}), weights()), "Nesterov"),
        (lambda: make_optimizer(Named("Muon"), [nn.Parameter(torch.zeros(2, 2, 2))]), "2D"),
        (lambda: make_optimizer(Named("SGD"), []), "empty parameter list"),
        (lambda: rehearse(Named("SGD"), [{}], Named("OneCycleLR", {"max_lr": 1.0, "total_steps": 3}), 5), "3"),
        (lambda: rehearse(Named("Adagrad"), [{}], Named("CyclicLR", {"base_lr": 0.1, "max_lr": 1.0}), 5), "momentum"),
    ],
)
def test_refusals_of_torch_are_diagnostics(make, reason):
    with pytest.raises(SpecError) as caught:
        make()
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "AS508"
    assert reason in diagnostic.message


def test_what_an_older_torch_lacks():
    with pytest.raises(SpecError) as caught:
        make_optimizer(Named("FutureOptimizer"), weights())
    assert caught.value.diagnostics[0].code == "AS507"
    assert torch.__version__.split("+")[0] in caught.value.diagnostics[0].message
