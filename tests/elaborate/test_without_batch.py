"""A tensor without the batch is refused by norms that have a single value of it, as torch refuses it in training."""

from __future__ import annotations

import pytest
import torch

import archspec

NORMS = ["BatchNorm1d", "SyncBatchNorm", "GroupNorm"]


def _spec(norm: str, rows: int) -> dict[str, object]:
    given: dict[str, object] = {"num_groups": 2} if norm == "GroupNorm" else {}
    constant = {"Parameter": {"shape": [rows, 2], "init": "zeros"}}
    layers = {"table": constant, "norm": {norm: given, "from": "table"}, "mean": {"mean": {"dim": 0}}}
    return {"archspec": 1, "input": [2], "layers": {**layers, "sum": {"add": ["input", "mean"]}}}


@pytest.mark.parametrize("norm", NORMS)
def test_a_single_value_is_refused(norm: str) -> None:
    (fault,) = archspec.check(_spec(norm, 1))
    assert fault.code == "AS303"
    judge = torch.nn.GroupNorm(2, 2) if norm == "GroupNorm" else torch.nn.BatchNorm1d(2)
    with pytest.raises(ValueError, match="more than 1 value"):
        judge(torch.zeros(1, 2))


@pytest.mark.parametrize("norm", [name for name in NORMS if name != "SyncBatchNorm"])
def test_several_are_taken(norm: str) -> None:
    model = archspec.build(_spec(norm, 3)).train()
    assert model(torch.zeros(4, 2)).shape == (4, 2)


def test_a_projection_is_held_to_it_too() -> None:
    constant = {"Parameter": {"shape": [1, 2], "init": "zeros"}}
    entry = {"Linear": 1, "from": "table", "skip": {"merge": "add", "project": "auto"}}
    layers = {"table": constant, "narrow": entry, "sum": {"add": ["input", "narrow"]}}
    (fault,) = archspec.check({"archspec": 1, "input": [1], "layers": layers})
    assert fault.code == "AS303"
    assert "the projection" in fault.message
