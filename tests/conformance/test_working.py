"""What a call is said to have alive at once when it is evaluated is what torch has, tensor by tensor."""

from __future__ import annotations

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings

from archspec.ops.apply import Applied, apply
from archspec.ops.faults import RuleFaults
from archspec.ops.registry import CATALOGUE
from archspec.ops.working import working
from archspec.tensors import per_sample
from tests.conformance.judge import caller, data
from tests.conformance.strategies import Call, calls
from tests.conformance.test_agreement import highest_index
from tests.live import peak_of

NOT_JUDGED = ("einsum", "EmbeddingBag", "ConvTranspose3d", "one_hot")
"""torch contracts, looks bags up and unfolds volumes in ways of its own, and reads numbers of the last one."""


def _judged(call: Call, applied: Applied) -> bool:
    if "Norm" not in call.kind and not applied.args.get("norm_layer"):
        return True
    return all(per_sample(x.shape[2:]) > 1 for x in (*call.inputs, *applied.outputs))  # one value has no variance


@pytest.mark.parametrize("name", [name for name, op in CATALOGUE.items() if not op.view and name not in NOT_JUDGED])
def test_what_is_alive_at_once(name: str) -> None:
    @settings(max_examples=8, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(calls(CATALOGUE[name]))
    def compare(call: Call) -> None:
        try:
            applied = apply(call.op, call.written, call.inputs)
        except RuleFaults:
            assume(False)
        assume(_judged(call, applied) and sum(per_sample(out.shape) for out in applied.outputs) < 50_000)
        run = caller(call.op, applied.args)
        module, scope = getattr(run, "module", run), getattr(run, "scope", {"self": torch.nn.Identity()})
        scope["batch"] = 1
        scope["self"].eval()
        state = []
        if isinstance(module, torch.nn.Module):
            state = [*module.eval().parameters(), *module.buffers()]
        tensors = [data(each, 1, highest_index(call, applied)) for each in call.inputs]
        found, _ = peak_of(run, tensors, state)
        ours = working(call.op, applied.args, call.inputs, applied.outputs)
        assert ours == found

    compare()
