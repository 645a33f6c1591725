"""The expressions of generated forwards."""

from __future__ import annotations

import pytest

from archspec.ops.apply import apply
from archspec.ops.code import expression
from archspec.ops.registry import CATALOGUE
from archspec.tensors import N, TensorType

IMAGE = TensorType((N, 4, 8, 8))


@pytest.mark.parametrize(
    ("kind", "written", "count", "source"),
    [
        ("relu", {}, 1, "F.relu(a)"),
        ("sigmoid", {}, 1, "torch.sigmoid(a)"),
        ("softmax", {"dim": 1}, 1, "F.softmax(a, dim=1)"),
        ("gelu", {"approximate": "none"}, 1, "F.gelu(a)"),
        ("gelu", {"approximate": "tanh"}, 1, "F.gelu(a, approximate='tanh')"),
        ("interpolate", {"size": [4, 4]}, 1, "F.interpolate(a, size=(4, 4))"),
        ("flatten", {}, 1, "torch.flatten(a, 1)"),
        ("flatten", {"start_dim": 1, "end_dim": 2}, 1, "torch.flatten(a, 1, 2)"),
        ("add", {}, 3, "a + b + c"),
        ("mul", {"align": "crop"}, 2, "a * crop_like(b, a)"),
        ("sub", {}, 2, "a - b"),
        ("concat", {"dim": 1}, 2, "torch.cat([a, b], dim=1)"),
        ("concat", {"align": "pad"}, 2, "torch.cat([a, pad_like(b, a)], dim=1)"),
    ],
)
def test_expression(kind: str, written: dict, count: int, source: str) -> None:
    op = CATALOGUE[kind]
    applied = apply(op, written, (IMAGE,) * count)
    assert expression(op, applied.args, ("a", "b", "c")[:count]) == source
