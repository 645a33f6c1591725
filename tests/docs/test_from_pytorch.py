"""Code and spec side by side are one network: torch is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from torch import Tensor, nn

import archspec
from archspec.train.parts import make_optimizer, parameter_groups
from tests.docs.pages import Fence, fences
from tests.judge import same_results, samples, shuffled

PAGE = Path("docs/from-pytorch.md")
FENCES = fences(PAGE)
PAIRS = [
    pytest.param(code, spec, id=code.name)
    for code, spec in zip(FENCES, FENCES[1:])  # noqa: B905, RUF007
    if code.words == ("pytorch",)
]
ENOUGH = 500


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("code", "spec"), PAIRS)
def test_they_are_one_network(code: Fence, spec: Fence) -> None:
    assert spec.is_spec
    if "resnet34.pth" in code.text:
        torch.save(torchvision.models.resnet34().state_dict(), "resnet34.pth")
    namespace = _run(code)
    hand = namespace["model"]
    architecture = archspec.load(spec.text, allow_roots=["."])
    module = architecture.build()
    assert list(module.state_dict()) == list(hand.state_dict())
    for (name, ours), theirs in zip(module.named_parameters(), hand.parameters(), strict=True):
        assert ours.requires_grad == theirs.requires_grad, name
        _begin_alike(name, ours.detach(), theirs.detach())
    if "optimizer" in namespace:
        assert architecture.recipe is not None
        groups = parameter_groups(architecture.recipe, module)
        ours = make_optimizer(architecture.recipe.optimizer, groups)
        assert _rates(ours, module) == _rates(namespace["optimizer"], hand)
    inputs = samples(architecture)
    hand.load_state_dict(shuffled(module).state_dict())
    same_results(module.eval()(*inputs), hand.eval()(*inputs))


def test_there_are_pairs() -> None:
    assert len(PAIRS) >= 12


def _run(code: Fence) -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": "page"}
    torch.manual_seed(0)
    exec(compile(code.text, f"{code.page}:{code.line}", "exec"), namespace)
    return namespace


def _rates(optimizer: torch.optim.Optimizer, model: nn.Module) -> dict[str, tuple[Any, ...]]:
    """Each parameter's learning rate, momentum and decay."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return {
        names[id(parameter)]: (group["lr"], group["momentum"], group["weight_decay"])
        for group in optimizer.param_groups
        for parameter in group["params"]
    }


def _begin_alike(name: str, ours: Tensor, theirs: Tensor) -> None:
    """The same constant, or, where there are enough of them to say, values of the same spread."""
    if theirs.numel() > 1 and theirs.min() == theirs.max():
        assert torch.equal(ours, theirs), name
    elif ours.numel() >= ENOUGH:
        assert 0.85 < ours.std() / theirs.std() < 1.15, name
        assert abs(ours.mean() - theirs.mean()) < 0.2 * theirs.std(), name
