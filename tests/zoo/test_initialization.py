"""ResNet-34's initial weights have torchvision's distributions."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn
from torchvision.models import resnet34

import archspec
from tests.zoo.cases import SPECS
from tests.zoo.published import PUBLISHED, Published


@pytest.fixture(scope="module")
def compiled() -> nn.Module:
    return archspec.build(SPECS / "resnet34.yaml")


def _is_normal(tensor: Tensor, std: float) -> bool:
    """Mean, deviation and tails of N(0, std²), within five standard errors."""
    count = tensor.numel()
    mean_fits = abs(tensor.mean().item()) < 5 * std / math.sqrt(count)
    std_fits = abs(tensor.std().item() / std - 1) < 5 / math.sqrt(2 * count)
    beyond = (tensor.abs() > 2 * std).double().mean().item()  # 4.55 % of a normal, nothing of a uniform one
    return mean_fits and std_fits and abs(beyond - 0.0455) < 5 * math.sqrt(0.0455 / count)


def test_convolutions_are_kaiming_normal_by_fan_out(compiled: nn.Module) -> None:
    convolutions = {name: layer for name, layer in compiled.named_modules() if isinstance(layer, nn.Conv2d)}
    assert len(convolutions) == 36
    for name, layer in convolutions.items():
        fan_out = layer.out_channels * math.prod(layer.kernel_size)
        assert _is_normal(layer.weight.detach(), math.sqrt(2 / fan_out)), name


def test_everything_else_is_torch_s_default(compiled: nn.Module) -> None:
    bound = 1 / math.sqrt(512)
    for name, tensor in resnet34().state_dict().items():
        ours = compiled.state_dict()[name]
        if name.startswith("fc."):
            assert -bound <= ours.min() < -0.95 * bound, name
            assert 0.95 * bound < ours.max() <= bound, name
        elif tensor.dim() < 2:
            assert torch.equal(ours, tensor), name


def test_the_seed_and_the_name_decide_a_weight(compiled: nn.Module) -> None:
    weight = compiled.state_dict()["layer3.2.conv1.weight"]
    with_another_head = archspec.build(SPECS / "resnet34.yaml", num_classes=10)
    with_another_seed = archspec.build(SPECS / "resnet34.yaml", seed=1)
    assert torch.equal(weight, with_another_head.state_dict()["layer3.2.conv1.weight"])
    assert not torch.equal(weight, with_another_seed.state_dict()["layer3.2.conv1.weight"])


_OF_OTHERS = {
    "classification/mobilenet_v2",
    "classification/mobilenet_v3_large",
    "classification/efficientnet-0",
    "segmentation/lraspp_mobilenet_v3_large",
    "classification/swin_t",
}
"""Networks with layers that are made of others, which the rules of a kind reach into."""


@pytest.mark.parametrize(
    "network", [network for network in PUBLISHED if network.name in _OF_OTHERS], ids=lambda network: network.name
)
def test_layers_inside_others_begin_as_torchvision_s_do(network: Published) -> None:
    """Each parameter's deviation and mean, within six standard errors of what a draw of that size has."""
    with torch.device("cpu"):
        theirs = network.original().state_dict()
    for name, ours in archspec.build(network.path, **network.vars).named_parameters():
        other, count = theirs[name], ours.numel()
        if not other.any() or other.unique().numel() == 1:
            assert torch.equal(ours, other), name
        elif count > 100:
            allowed = 6 / math.sqrt(count)
            assert abs(ours.std() / other.std() - 1) < allowed, name
            assert abs(ours.mean() - other.mean()) < allowed * other.std() * 1.5, name
