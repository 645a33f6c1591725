"""Multiply-accumulates are half of what torch's own counter counts in a real forward."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from archspec.ops.apply import apply
from archspec.ops.faults import RuleFaults
from archspec.ops.registry import CATALOGUE
from archspec.tensors import N, per_sample
from tests.conformance.judge import caller, data
from tests.conformance.strategies import Call, calls

_COUNTED = ("Conv", "Linear", "Bilinear", "RNN", "LSTM", "GRU", "Multi", "Tr", "matmul", "bmm", "einsum", "scaled_dot")
COUNTED = [name for name in CATALOGUE if name.startswith(_COUNTED)]
BATCH = 2
NOT_COUNTED = ("outer", "embedding", "index_select", "DeformConv2d")
"""What has no batch in all of its inputs, and an operation of torchvision's that the counter does not know."""


def in_parts(run: Any) -> Any:
    """The same in operations that the counter knows."""
    if not isinstance(run, torch.nn.Bilinear):
        return run
    out, first, second = run.weight.shape

    def bilinear(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        half = a.reshape(-1, first) @ run.weight.transpose(0, 1).reshape(first, out * second)
        return torch.bmm(half.reshape(-1, out, second), b.reshape(-1, second, 1))

    return bilinear


@pytest.mark.parametrize("name", [name for name in CATALOGUE if name not in NOT_COUNTED])
def test_macs_are_those_of_the_flop_counter(name: str) -> None:
    @settings(
        max_examples=25 if name in COUNTED else 2,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(calls(CATALOGUE[name]))
    def count(call: Call) -> None:
        try:
            applied = apply(call.op, call.written, call.inputs)
        except RuleFaults:
            assume(False)
        assume(
            all(N in given.shape[:2] for given in call.inputs)
            and sum(per_sample(out.shape) for out in applied.outputs) < 100_000
        )
        run = in_parts(caller(call.op, applied.args))
        tensors = [data(given, BATCH, 0) for given in call.inputs]
        fused = torch.backends.mkldnn.flags(enabled=False)  # its LSTM is one operation, which the counter skips
        getattr(run, "scope", {})["batch"] = BATCH
        parts = sdpa_kernel(SDPBackend.MATH)  # nor does it know the fused attention of the CPU
        with FlopCounterMode(display=False) as counter, torch.no_grad(), fused, parts:
            run(*tensors)
        assert applied.macs * BATCH * 2 == counter.get_total_flops()

    count()
