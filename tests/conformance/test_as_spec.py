"""A call written as a spec is checked as the call is."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import archspec
from archspec.ops.apply import apply
from archspec.tensors import Batch, N, TensorType
from tests.conformance import test_agreement
from tests.conformance.as_spec import spec_of
from tests.conformance.strategies import Call
from tests.fuzz import shrink

CALLS = [
    Call("Conv2d", {"out_channels": 2, "kernel_size": (3, 5)}, (TensorType((N, 3, 8, 8), "float32", True),)),
    Call("Linear", {"out_features": 2}, (TensorType((Batch(4), 3)),)),
    Call("GRU", {"hidden_size": 2}, (TensorType((5, N, 3)),)),
    Call("LogSoftmax", {"dim": 1}, (TensorType((N,)),)),
    Call("AvgPool1d", {"kernel_size": 2}, (TensorType((N, 3, 8), "float32", True),)),
    Call("permute", {"dims": (0, 2, 1, 3)}, (TensorType((N, 3, 8, 8)),)),
    Call("Embedding", {"num_embeddings": 3, "embedding_dim": 2}, (TensorType((N, 4), "int64"),)),
    Call("masked_fill", {"value": float("inf")}, (TensorType((N, 4)), TensorType((N, 4), "bool"))),
    Call("outer", {}, (TensorType((3,)), TensorType((N,)))),
]


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_what_is_checked_of_the_spec_is_what_is_checked_of_the_call(call: Call) -> None:
    try:
        wanted = apply(call.op, call.written, call.inputs).outputs
    except Exception:
        assert archspec.check(spec_of(call))
        return
    architecture = archspec.load(spec_of(call))
    made = next(made for made in architecture.graph.calls() if made.op.name == call.kind and made.path == "call")
    assert made.outputs == wanted


def test_a_disagreement_is_kept_as_a_spec(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def disagree(call: Call) -> None:
        assert call.written.get("inplace") is not True, "torch disagrees"

    monkeypatch.delenv("ARCHSPEC_EXAMPLES", raising=False)
    monkeypatch.setenv("ARCHSPEC_KEEP", "1")
    monkeypatch.setattr(test_agreement, "EXAMPLES", 60)
    monkeypatch.setattr(test_agreement, "agree_on", disagree)
    monkeypatch.setattr(shrink, "FOUND", tmp_path)
    with pytest.raises(AssertionError, match="torch disagrees"):
        test_agreement.test_rule_and_torch_agree("ReLU")
    (path,) = tmp_path.iterdir()
    found = yaml.safe_load(path.read_text())
    assert found["layers"]["call"]["ReLU"] == {"inplace": True}
    assert "torch disagrees" in path.read_text()
