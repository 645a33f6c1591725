"""Every spec against the network that people write by hand: same names, same numbers, same gradients."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

import archspec
from tests.zoo.cases import CASES, Case

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
fully_convolutional = pytest.mark.parametrize(
    "case", [case for case in CASES if case.odd is not None], ids=lambda case: case.name
)


def _layout(model: nn.Module) -> list[tuple[str, tuple[int, ...], torch.dtype]]:
    return [(name, tuple(tensor.shape), tensor.dtype) for name, tensor in model.state_dict().items()]


def _step(model: nn.Module, batch: Tensor) -> Tensor:
    """One step of gradient descent in training mode; returns the loss."""
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    optimizer.zero_grad()
    loss = model(batch).square().mean()
    loss.backward()
    optimizer.step()
    return loss.detach()


@every_case
def test_names_shapes_and_order_are_the_same(case: Case) -> None:
    with torch.device("meta"):
        original = case.original()
    compiled = archspec.build(case.path, device="meta")
    assert _layout(compiled) == _layout(original)
    assert [name for name, _ in compiled.named_parameters()] == [name for name, _ in original.named_parameters()]


@every_case
def test_sizes_and_costs_are_the_same(case: Case) -> None:
    architecture = archspec.load(case.path, **case.vars)
    with torch.device("meta"):
        original = case.original(**case.vars).eval()
        with FlopCounterMode(display=False) as counter:
            output = original(torch.empty(1, *case.shape))
    assert [kind.shape[1:] for kind in architecture.input_types.values()] == [case.shape]
    assert [kind.shape[1:] for kind in architecture.output_types.values()] == [output.shape[1:]]
    assert architecture.num_params == sum(parameter.numel() for parameter in original.parameters())
    assert 2 * architecture.macs == counter.get_total_flops()


@every_case
@pytest.mark.parametrize("count", [1, 3])
@torch.no_grad()
def test_eval_outputs_are_bit_equal(case: Case, count: int) -> None:
    original, compiled = case.pair()
    batch = case.batch(count)
    expected = original.eval()(batch)
    assert expected.isfinite().all()
    assert expected.unique().numel() > 1 or expected.numel() == 1
    assert torch.equal(compiled.eval()(batch), expected)


@fully_convolutional
@torch.no_grad()
def test_other_input_sizes_are_bit_equal(case: Case) -> None:
    original, compiled = case.pair()
    batch = case.batch(2, case.odd)
    assert torch.equal(compiled.eval()(batch), original.eval()(batch))


@every_case
def test_a_training_step_is_the_same(case: Case) -> None:
    original, compiled = case.pair()
    batch = case.batch(2)
    torch.testing.assert_close(_step(compiled, batch), _step(original, batch))
    expected = dict(original.named_parameters())
    for name, parameter in compiled.named_parameters():
        assert parameter.grad is not None, name
        torch.testing.assert_close(parameter.grad, expected[name].grad, msg=lambda text, name=name: f"{name}: {text}")
    for name, tensor in compiled.state_dict().items():
        torch.testing.assert_close(tensor, original.state_dict()[name], msg=lambda text, name=name: f"{name}: {text}")
