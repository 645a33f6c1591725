"""The `freeze` section: what matches stays as it is."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from torch import nn

from tests.judge import build, faults, load

LAYERS = """
input: [3, 8, 8]
layers:
  conv1: {Conv2d: {out_channels: 4, kernel_size: 3}}
  bn1: BatchNorm2d
  layer1:
    - Conv2d: {out_channels: 4, kernel_size: 3}
    - BatchNorm2d
    - ReLU
  flatten: Flatten
  fc: {Linear: 10}
"""


def gradients(module: nn.Module) -> set[str]:
    return {name for name, parameter in module.named_parameters() if parameter.requires_grad}


@pytest.mark.parametrize(
    ("freeze", "left"),
    [
        ('["conv1.*", "bn1.*", "layer1.*"]', {"fc.weight", "fc.bias"}),
        ('"layer1.*"', {"conv1.weight", "conv1.bias", "bn1.weight", "bn1.bias", "fc.weight", "fc.bias"}),
        ('["*.weight", "layer1.?.bias"]', {"conv1.bias", "bn1.bias", "fc.bias"}),
        ('["[!f]*"]', {"fc.weight", "fc.bias"}),
        ("{match: ['conv1.*', 'bn1.*', 'layer1.1.*', fc.bias]}", {"layer1.0.weight", "layer1.0.bias", "fc.weight"}),
        ("[]", None),
        ("null", None),
    ],
)  # fmt: skip
def test_which_parameters_take_gradients(freeze: str, left: set[str] | None) -> None:
    module = build(f"{LAYERS}freeze: {freeze}\n")
    assert gradients(module) == (left or {name for name, _ in module.named_parameters()})


def step(module: nn.Module) -> dict[str, torch.Tensor]:
    """What of the state is another after a step of training on random images."""
    before = copy.deepcopy(module.state_dict())
    optimizer = torch.optim.SGD([p for p in module.parameters() if p.requires_grad], lr=0.1)
    module.eval().train()
    module(torch.randn(8, 3, 8, 8)).square().sum().backward()
    optimizer.step()
    return {name: tensor for name, tensor in module.state_dict().items() if not torch.equal(tensor, before[name])}


FROZEN = 'freeze: ["conv1.*", "bn1.*", "layer1.*"]\n'


def test_a_frozen_layer_s_running_statistics_stay_too() -> None:
    module = build(LAYERS + FROZEN)
    assert not module.bn1.training
    assert module.layer1.training
    assert step(module).keys() == {"fc.weight", "fc.bias"}


def test_statistics_that_go_on() -> None:
    module = build(LAYERS + 'freeze: {match: ["conv1.*", "bn1.*", "layer1.*"], statistics: false}\n')
    changed = {"fc.weight", "fc.bias"} | {
        f"{layer}.{name}"
        for layer in ("bn1", "layer1.1")
        for name in ("running_mean", "running_var", "num_batches_tracked")
    }
    assert step(module).keys() == changed


def test_parameters_alone_leave_the_statistics() -> None:
    module = build(LAYERS + 'freeze: ["bn1.weight", "bn1.bias"]\n')
    assert module.bn1.training


def test_statistics_alone() -> None:
    module = build(LAYERS + 'freeze: ["bn1.running_*"]\n')
    assert not module.train().bn1.training
    assert module.bn1.weight.requires_grad


def test_copies_and_pickles_are_frozen_too() -> None:
    module = build(LAYERS + FROZEN)
    for other in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert gradients(other) == {"fc.weight", "fc.bias"}
        assert not other.train().bn1.training
        assert not other.eval().fc.training


def test_the_outputs_are_those_of_the_module_with_its_norms_in_eval_mode() -> None:
    module, plain = build(LAYERS + FROZEN), build(LAYERS)
    plain.bn1.eval()
    plain.layer1[1].eval()
    images = torch.randn(4, 3, 8, 8)
    assert torch.equal(module(images), plain(images))


def test_totals() -> None:
    architecture = load(LAYERS + FROZEN)
    module = architecture.build()
    trained = sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)
    assert architecture.graph.num_frozen == architecture.num_params - trained
    assert f"{trained:,} params trainable, {architecture.graph.num_frozen:,} frozen\n" in architecture.summary()
    assert "frozen" not in load(LAYERS).summary()


def test_a_tied_parameter_counts_once() -> None:
    spec = """
input: {shape: [5], dtype: int64}
layers:
  embed: {Embedding: {num_embeddings: 20, embedding_dim: 8}}
  head: {Linear: {out_features: 20, bias: false}, tie: {weight: embed.weight}}
freeze: ["*.weight"]
"""
    architecture = load(spec)
    assert architecture.graph.num_frozen == architecture.num_params == 160
    assert not architecture.build().head.weight.requires_grad


@pytest.mark.parametrize(
    ("freeze", "code", "marked"),
    [
        ("[conv1]", "AS405", "conv1"),
        ('["layr1.*"]', "AS405", '"layr1.*"'),
        ('["head.*", "fc.*"]', "AS405", '"head.*"'),
        ('["conv1[.*"]', "AS409", '"conv1[.*"'),
        ("3", "AS101", "3"),
        ("{match: conv1.*, statistic: true}", "AS102", "statistic"),
        ("{statistics: true}", "AS103", "{statistics: true}"),
        ("{match: conv1.*, statistics: 1}", "AS101", "1"),
        ('["*"]\ntrain: {data: digits}', "AS406", '["*"]'),
        ("[conv$x.*]", "AS211", "x"),
    ],
)
def test_faults(freeze: str, code: str, marked: str) -> None:
    assert faults(f"{LAYERS}freeze: {freeze}\n") == [(code, marked)]
