"""Layers that write over their input: where that changes what another layer sees, it is a fault."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.judge import Hand, agree, build, faults, load, samples

ROW = "input: [4]\n"
WRITES = "{ReLU: {inplace: true}}"


def test_alone_it_is_what_torch_does() -> None:
    hand = Hand(lambda m, x: m.b(m.act(m.a(x))), a=nn.Linear(4, 4), act=nn.ReLU(inplace=True), b=nn.Linear(4, 2))
    agree(ROW + f"layers: {{a: {{Linear: 4}}, act: {WRITES}, b: {{Linear: 2}}}}\n", hand)


@pytest.mark.parametrize(
    "layers",
    [
        f"{{a: {{Linear: 4}}, act: {WRITES}, out: {{add: [a, act]}}}}",
        "{a: {Linear: 4}, out: Tanh, act: {ReLU: {inplace: true}, from: a}, sum: {add: [out, act]}}",
        f"{{a: {{Linear: 4}}, s: {{layers: [{WRITES}]}}, out: {{add: [a, s]}}}}",
        f"{{s: {{layers: {{a: {{Linear: 4}}}}}}, act: {WRITES}, out: {{add: [s.a, act]}}}}",
        "{a: {Linear: 4}, act: {ReLU: {inplace: true}, skip: add}}",
        "{a: {Linear: 4}, b: {layers: [{ReLU: {inplace: true}}, {Linear: 4}], skip: add}}",
        f"{{a: {{Linear: 4}}, no: {{Tanh: , when: false}}, act: {WRITES}, out: {{add: [a, act]}}}}",
        f"{{a: {{Linear: 4, repeat: 2}}, act: {WRITES}, out: {{add: [a.1, act]}}}}",
    ],
)
def test_what_something_else_takes_too_may_not_be_written_over(layers: str) -> None:
    assert [code for code, _ in faults(ROW + f"layers: {layers}\n")] == ["AS232"]


def test_what_the_model_returns_may_not_be_written_over() -> None:
    spec = ROW + f"layers: {{a: {{Linear: 4}}, act: {WRITES}}}\noutputs: [a, act]\n"
    assert [code for code, _ in faults(spec)] == ["AS232"]


def test_in_every_copy_it_is_one_fault() -> None:
    spec = ROW + "layers: {a: {layers: [{Linear: 4}, {ReLU: {inplace: true}, skip: add}], repeat: 3}}\n"
    assert [code for code, _ in faults(spec)] == ["AS232"]


def test_different_ports_are_different_tensors() -> None:
    spec = f"""
input: [3, 8, 8]
layers:
  pool: {{MaxPool2d: {{kernel_size: 2, return_indices: true}}}}
  act: {WRITES}
outputs: [act, pool.indices]
"""
    module = build(spec)
    (x,) = samples(load(spec))
    values, indices = nn.functional.max_pool2d(x, 2, return_indices=True)
    made = module(x)
    assert torch.equal(made[0], values.relu())
    assert torch.equal(made[1], indices)


@pytest.mark.parametrize("kind", ["Identity", "Flatten", "Dropout"])
def test_a_layer_may_hand_its_input_on(kind: str) -> None:
    spec = ROW + f"layers: {{a: {{Linear: 4}}, same: {kind}, act: {WRITES}, out: {{add: [a, act]}}}}\n"
    assert [code for code, _ in faults(spec)] == ["AS232"]


@pytest.mark.parametrize("kind", ["Tanh", "Sigmoid", "ReLU", WRITES, "{Softmax: 1}"])
def test_what_a_gradient_needs_may_not_be_written_over(kind: str) -> None:
    spec = ROW + f"layers: {{a: {{Linear: 4}}, before: {kind}, act: {WRITES}}}\n"
    module = None if faults(spec) else build(spec)
    if module is not None:
        module(torch.randn(2, 4)).sum().backward()


@pytest.mark.parametrize("kind", ["Conv2dNormActivation: {out_channels: 3, inplace: true}", "Conv2dNormActivation: 3"])
def test_what_is_made_of_several_layers_writes_over_nothing_but_its_own(kind: str) -> None:
    body = f"input: [3, 4, 4]\nlayers: {{a: {{{kind}}}, b: {{{kind}}}, c: {{{kind}, from: a}}, out: {{add: [b, c]}}}}\n"
    module, (batch,) = build(body), samples(load(body))
    expected = module.a(batch)
    assert torch.equal(module.b(expected) + module.c(expected), module(batch))
