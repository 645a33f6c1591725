"""Which ops need their output for their gradient: torch is asked, by writing over the output."""

from __future__ import annotations

import pytest
import torch
from hypothesis import HealthCheck, given, settings

from archspec.ops.apply import Applied, apply
from archspec.ops.entry import Op
from archspec.ops.gradient import keeps_output
from archspec.ops.registry import CATALOGUE
from tests.conformance.judge import caller, data
from tests.conformance.strategies import Call, calls

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def gradient_of(call: Call, applied: Applied, *, change: bool) -> bool | None:
    """Whether the backward pass works, with the output changed or not; None where there is nothing to change."""
    torch.manual_seed(0)
    inputs = [data(each, 2, 0) for each in call.inputs]
    leaves = [tensor.requires_grad_() for tensor in inputs if tensor.is_floating_point()]
    made = caller(call.op, applied.args)(*(tensor.clone() if tensor.requires_grad else tensor for tensor in inputs))
    first = made[0] if isinstance(made, tuple) else made
    if not isinstance(first, torch.Tensor) or not first.requires_grad:
        return None
    try:
        if change:
            first.mul_(2)
        torch.autograd.grad(first.sum(), leaves, allow_unused=True)
    except RuntimeError:
        return False
    return True


@pytest.mark.parametrize("op", [op for op in CATALOGUE.values() if op.view != "locked"], ids=lambda op: op.name)
def test_what_a_gradient_needs(op: Op) -> None:
    @settings(max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(calls(op))
    def agree(call: Call) -> None:
        try:
            applied = apply(call.op, call.written, call.inputs)
            plain = gradient_of(call, applied, change=False)
        except Exception:
            return  # whether the call itself is right is another test's matter
        if plain:
            works = gradient_of(call, applied, change=True)
            assert works or keeps_output(op, applied.args)
            # attention has several kernels; which of them runs depends on the sizes
            assert not works or not keeps_output(op, applied.args) or op.name == "scaled_dot_product_attention"

    agree()
