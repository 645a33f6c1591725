"""`order` of a block: what its module registers first, whatever runs first."""

from __future__ import annotations

import pytest
from torch import nn

from tests.judge import agree, as_exported, faults, load

SPEC = """
input: [4]
blocks:
  merging:
    params: {act: true}
    order: [reduction, norm]
    layers:
      scale: {Parameter: {shape: [4], init: ones}}
      scaled: {mul: [input, scale]}
      norm: LayerNorm
      relu: {ReLU: , when: $act}
      reduction: {Linear: 4}
layers: [merging, merging: false]
"""


class Merging(nn.Module):
    def __init__(self, act: bool) -> None:
        super().__init__()
        import torch

        self.reduction = nn.Linear(4, 4)
        self.norm = nn.LayerNorm(4)
        self.scale = nn.Parameter(torch.ones(4))
        self.relu = nn.ReLU() if act else nn.Identity()

    def forward(self, x):
        return self.reduction(self.relu(self.norm(x * self.scale)))


def test_the_state_dict_is_in_that_order_and_forward_in_the_other() -> None:
    original = nn.Sequential(Merging(True), Merging(False))
    module = agree(SPEC, original)
    assert list(module.state_dict()) == list(original.state_dict())


def test_in_the_exported_file_too() -> None:
    import torch

    architecture = load(SPEC)
    as_exported(architecture, architecture.build(), [torch.randn(2, 4)])


def test_a_block_that_is_not_used_puts_nothing_in_order() -> None:
    assert list(load(SPEC.replace("order: [reduction, norm]", "order: []")).graph.root.order) == []


@pytest.mark.parametrize(
    ("order", "code", "at"),
    [
        ("[reduction, nrom]", "AS205", "nrom"),
        ("[reduction, reduction]", "AS103", "reduction"),
        ("reduction", "AS101", "reduction"),
        ("[[reduction]]", "AS101", "[[reduction]]"),
    ],
)
def test_faults(order: str, code: str, at: str) -> None:
    assert faults(SPEC.replace("[reduction, norm]", order)) == [(code, at)]
