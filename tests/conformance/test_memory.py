"""What a call is said to keep for the backward pass is what torch keeps, piece by piece of memory."""

from __future__ import annotations

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings

from archspec.ops import memory
from archspec.ops.apply import apply
from archspec.ops.faults import RuleFaults
from archspec.ops.memory_size import size_of
from archspec.ops.registry import CATALOGUE
from archspec.tensors import per_sample
from tests.conformance.judge import caller
from tests.conformance.memory import kept
from tests.conformance.strategies import Call, calls
from tests.conformance.test_agreement import highest_index

NEARLY = {"LSTM": 0.3}
"""How far the sum may be off, as a share: a projected state is kept otherwise."""


NOT_JUDGED = ("einsum", "reduce", "EmbeddingBag", "where", "one_hot")
"""torch contracts, and looks bags up, in ways of its own; what has integers or booleans first is hardly kept."""
INTEGERS = ("Embedding", "embedding", "logical_and", "logical_or", "logical_xor", "logical_not")


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
        assume(call.inputs[0].is_floating or name in INTEGERS)
        assume(name != "embedding" or call.inputs[1].is_floating)
        assume("Norm" not in name or per_sample(call.inputs[0].shape[2:]) > 1)  # one value has no variance
        assume(call.written.get("dropout") != 1)  # not modelled: then its noise is a single number
        assume(applied.args.get("d_model") != 1)  # not modelled: a product with a single feature keeps no input
        assume(applied.args.get("hidden_size") != 1 and applied.args.get("input_size") != 1)  # not modelled either
        assume("attention" not in name or len(call.inputs) <= 3)  # not modelled: masks
        assume(not (applied.args.get("norm_layer") and call.written.get("padding") == "same"))  # not modelled either
        assume("Instance" not in str(applied.args.get("norm_layer")))  # not modelled: inside other layers
        assume(call.written.get("reduction") != "prod")  # not modelled: einops multiplies one axis after the other
        assume(not applied.args.get("norm_layer") or all(per_sample(x.shape[2:]) > 1 for x in call.inputs))
        assume(sum(per_sample(out.shape) for out in applied.outputs) < 50_000)
        run = caller(call.op, applied.args)
        with torch.backends.mkldnn.flags(enabled=False):  # its LSTM keeps a workspace of its own
            found = kept(run, call.inputs, 1, highest_index(call, applied))
        ours = memory.kept(call.op, applied.args, call.inputs, applied.outputs)
        if name not in NEARLY:
            assert (set(ours.inputs), set(ours.outputs), ours.extra) == (found.inputs, found.outputs, found.extra)
            return
        sums = [
            each.extra
            + sum(size_of(call.inputs[at]) for at in each.inputs)
            + sum(size_of(applied.outputs[at]) for at in each.outputs)
            for each in (ours, found)
        ]
        assert sums[0] == pytest.approx(sums[1], rel=NEARLY[name])

    compare()
