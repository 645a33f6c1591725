"""Random calls of every op: our rules and torch agree on shapes, types and state, or both refuse."""

from __future__ import annotations

import os

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings

from archspec.ops.apply import apply
from archspec.ops.faults import RuleFaults
from archspec.ops.registry import CATALOGUE
from archspec.tensors import per_sample
from tests.conformance.judge import arguments_for_torch, caller, judge, promised
from tests.conformance.rules import rule_for
from tests.conformance.strategies import Call, calls

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # torch warns of some calls that it takes
EXAMPLES = int(os.environ.get("ARCHSPEC_EXAMPLES", "60"))
MOST_ELEMENTS = 100_000


def judge_accepted(call: Call, applied) -> None:
    assume(sum(per_sample(output.shape) for output in applied.outputs) <= MOST_ELEMENTS)
    highest = min(per_sample(output.shape[2:]) for output in applied.outputs) - 1 if "indices" in call.op.inputs else 3
    found = judge(call.op, caller(call.op, applied.args), call.inputs, highest)
    expected = promised(applied)
    assert found.runs == expected.runs
    assert list(found.state.items()) == list(expected.state.items())


def judge_refused(call: Call, faults) -> None:
    try:
        arguments = arguments_for_torch(call.op, call.written, call.inputs)
        judge(call.op, caller(call.op, arguments), call.inputs)
    except Exception:
        return
    assert rule_for(call, faults), f"torch accepts {call}, but: {'; '.join(f'{f.code} {f.message}' for f in faults)}"


@pytest.mark.parametrize("name", CATALOGUE)
def test_rule_and_torch_agree(name: str) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize="ARCHSPEC_EXAMPLES" not in os.environ,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(calls(CATALOGUE[name]))
    def agree(call: Call) -> None:
        torch.manual_seed(0)
        try:
            applied = apply(call.op, call.written, call.inputs)
        except RuleFaults as refusal:
            judge_refused(call, refusal.faults)
        else:
            judge_accepted(call, applied)

    agree()
