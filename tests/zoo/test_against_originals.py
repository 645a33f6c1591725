"""Every spec against the network that people write by hand: same names, same numbers, same gradients."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

import archspec
from tests.zoo.cases import CASES, SPECS, Case

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


def test_every_spec_has_an_original() -> None:
    assert {case.path for case in CASES} == set(SPECS.glob("*.yaml"))


@every_case
def test_state_dict_has_the_same_keys_shapes_and_order(case: Case) -> None:
    with torch.device("meta"):
        original = case.original()
    assert _layout(archspec.build(case.path)) == _layout(original)


@every_case
def test_parameter_names_and_counts_are_the_same(case: Case) -> None:
    with torch.device("meta"):
        original = case.original()
    architecture = archspec.load(case.path)
    assert [name for name, _ in architecture.build().named_parameters()] == [
        name for name, _ in original.named_parameters()
    ]
    assert architecture.num_params == sum(parameter.numel() for parameter in original.parameters())


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
    batch = case.batch(3)
    torch.testing.assert_close(_step(compiled, batch), _step(original, batch))
    expected = dict(original.named_parameters())
    for name, parameter in compiled.named_parameters():
        assert parameter.grad is not None, name
        torch.testing.assert_close(parameter.grad, expected[name].grad, msg=lambda text, name=name: f"{name}: {text}")
    for name, tensor in compiled.state_dict().items():
        torch.testing.assert_close(tensor, original.state_dict()[name], msg=lambda text, name=name: f"{name}: {text}")


@every_case
def test_the_declared_input_gives_the_declared_output(case: Case) -> None:
    model = archspec.build(case.path, **case.vars).eval()
    with torch.no_grad():
        assert model(case.batch(1)).shape == case.original(**case.vars).eval()(case.batch(1)).shape
