"""Default initial values: ours, drawn with torch's generator in torch's order, are torch's to the last bit."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from archspec.ops.apply import Applied, apply
from archspec.ops.entry import Op
from archspec.ops.registry import CATALOGUE
from archspec.tensors import N, TensorType
from tests.conformance.judge import caller

VARIANTS: dict[str, list[dict[str, Any]]] = {
    "Conv2d": [{}, {"groups": 4, "kernel_size": [1, 3]}, {"bias": False}],
    "ConvTranspose2d": [{}, {"groups": 4, "kernel_size": [1, 3]}, {"bias": False}],
    "Linear": [{}, {"bias": False}],
    "PReLU": [{}, {"num_parameters": 8, "init": 0.5}],
    "BatchNorm2d": [{}, {"affine": False}, {"track_running_stats": False}],
    "InstanceNorm2d": [{}, {"affine": True}, {"affine": True, "track_running_stats": True}],
    "LayerNorm": [{"normalized_shape": [5, 7]}, {"normalized_shape": 7, "bias": False}],
    "RMSNorm": [{"normalized_shape": [5, 7]}],
}


NO_STATE = Op.__dataclass_fields__["state"].default
WITH_STATE = [name for name, op in CATALOGUE.items() if op.state is not NO_STATE]


def applied_example(name: str, variant: dict[str, Any]) -> Applied:
    op = CATALOGUE[name]
    written = {arg.name: arg.example for arg in op.args if arg.is_required} | variant
    rank = next((rank for rank in reversed(op.ranks) if rank <= 5), 4)
    inputs = (TensorType((*(N, 8, 5, 6)[: rank - 1], 7)),)
    return apply(op, written, inputs)


@pytest.mark.parametrize(
    ("name", "variant"), [(name, variant) for name in WITH_STATE for variant in VARIANTS.get(name, [{}])]
)
def test_initial_values_are_torchs(name: str, variant: dict[str, Any]) -> None:
    applied = applied_example(name, variant)
    torch.manual_seed(1)
    theirs = caller(CATALOGUE[name], applied.args).state_dict()
    torch.manual_seed(1)
    assert list(applied.state) == list(theirs)
    for key, state in applied.state.items():
        tensor = torch.empty(state.shape, dtype=getattr(torch, state.dtype))
        getattr(torch.nn.init, state.init.function + "_")(tensor, **state.init.arguments)
        assert torch.equal(tensor, theirs[key]), key
