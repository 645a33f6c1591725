"""What a call is said to keep for the backward pass is what torch keeps, piece by piece of memory."""

from __future__ import annotations

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings

from archspec.ops import memory
from archspec.ops.apply import apply
from archspec.ops.faults import RuleFaults
from archspec.ops.registry import CATALOGUE
from archspec.tensors import per_sample
from tests.conformance.judge import caller
from tests.conformance.memory import kept
from tests.conformance.strategies import Call, calls
from tests.conformance.test_agreement import highest_index

NOT_JUDGED = ("einsum", "EmbeddingBag")
"""torch contracts, and looks bags up, in ways of its own."""
NO_NUMBERS = ("Embedding", "embedding", "logical_and", "logical_or", "logical_xor", "logical_not", "where", "one_hot")
"""Their first input may be integers or booleans."""


@pytest.mark.parametrize("name", [name for name in CATALOGUE if name not in NOT_JUDGED])
def test_what_is_kept(name: str) -> None:
    @settings(max_examples=8, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(calls(CATALOGUE[name]))
    def compare(call: Call) -> None:
        try:
            applied = apply(call.op, call.written, call.inputs)
        except RuleFaults:
            assume(False)
        assume(all(given.dtype in ("float32", "int64", "bool") for given in call.inputs))
        assume(call.inputs[0].is_floating or name in NO_NUMBERS)
        assume(name not in ("embedding", "where") or call.inputs[1].is_floating)
        if "Norm" in name or applied.args.get("norm_layer"):  # one value has no variance
            assume(all(per_sample(x.shape[2:]) > 1 for x in (*call.inputs, *applied.outputs)))
        assume(sum(per_sample(out.shape) for out in applied.outputs) < 50_000)
        run = caller(call.op, applied.args)
        with torch.backends.mkldnn.flags(enabled=False):  # its LSTM keeps a workspace of its own
            found = kept(run, call.inputs, 1, highest_index(call, applied))
        ours = memory.kept(call.op, applied.args, call.inputs, applied.outputs)
        assert (set(ours.inputs), set(ours.outputs), ours.extra) == (found.inputs, found.outputs, found.extra)

    compare()
