"""Multiply-accumulates are half of what torch's own counter counts in a real forward."""

from __future__ import annotations

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from torch.utils.flop_counter import FlopCounterMode

from archspec.ops.apply import apply
from archspec.ops.faults import RuleFaults
from archspec.ops.registry import CATALOGUE
from archspec.tensors import N, per_sample
from tests.conformance.judge import caller, data
from tests.conformance.strategies import Call, calls

COUNTED = [name for name in CATALOGUE if "Conv" in name or name == "Linear"]
BATCH = 2


@pytest.mark.parametrize("name", CATALOGUE)
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
        assume(call.inputs[0].shape[0] == N and sum(per_sample(out.shape) for out in applied.outputs) < 100_000)
        run = caller(call.op, applied.args)
        tensors = [data(given, BATCH, 0) for given in call.inputs]
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            run(*tensors)
        assert applied.macs * BATCH * 2 == counter.get_total_flops()

    count()
