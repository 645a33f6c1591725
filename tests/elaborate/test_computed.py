"""`layers` of a `Buffer`: what it holds is computed once, by functions, when the model is made."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from torch import nn

import archspec
from tests.judge import agree, as_exported, build, faults, load

ROW = "input: [4]\n"
MASK = """
input: [3, 6, 6]
layers:
  mask:
    Buffer:
      persistent: false
      layers:
        ones: {new_ones: ["$(input.height)", "$(input.width)"]}
        lower: tril
        hidden: {eq: 0}
  out: {masked_fill: {value: -1.0, broadcast: true}, from: [input, mask]}
"""


class Mask(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mask", torch.ones(6, 6).tril() == 0, persistent=False)

    def forward(self, x):
        return x.masked_fill(self.mask, -1.0)


INDEX = """
input: [2, 2]
vars: {window: 3}
blocks:
  biased:
    layers:
      table: {Parameter: {shape: [$((2 * window - 1) ** 2), 2], init: ones}}
      index:
        Buffer:
          layers:
            - arange: $((2 * window - 1) * window)
            - reshape: [$window, $(2 * window - 1)]
            - slice: {dim: 1, end: $window}
            - flatten: 0
            - add: 2
      rows: {index_select: {dim: 0}, from: [table, index]}
      mean: {mean: {dim: 0}}
      out: {add: {broadcast: true}, from: [input, mean]}
layers: {a: {biased: , repeat: 2}}
"""


class Biased(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.ones(25, 2))
        self.register_buffer("index", torch.arange(15).reshape(3, 5)[:, :3].flatten() + 2)

    def forward(self, x):
        return x + self.table[self.index].mean(0)


class Twice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.ModuleList([Biased(), Biased()])

    def forward(self, x):
        for block in self.a:
            x = block(x)
        return x


def test_from_sizes_of_the_input() -> None:
    module = agree(MASK, Mask())
    assert torch.equal(module.mask, Mask().mask)
    assert list(module.state_dict()) == []


def test_in_each_instance_of_a_block() -> None:
    module = agree(INDEX, Twice())
    assert torch.equal(module.a[1].index, Biased().index)
    assert module.a[0].index is not module.a[1].index
    assert list(module.state_dict()) == list(Twice().state_dict())


def test_it_costs_nothing_in_forward() -> None:
    architecture = load(INDEX)
    assert architecture.macs == 0
    assert not any(call.op.name in ("arange", "slice") for call in architecture.graph.calls())
    assert "arange" not in type(build(INDEX).a[0]).forward.__code__.co_names


def test_the_exported_file_computes_it_too() -> None:
    for spec in (MASK, INDEX):
        architecture = load(spec)
        as_exported(architecture, architecture.build(), [torch.randn(2, *architecture.input_types["input"].shape[1:])])
    assert load(INDEX).to_python().count("torch.arange(15)") == 1


def test_on_meta_in_another_type_copied_and_pickled() -> None:
    buffer = "{Buffer: {layers: [{new_full: {size: [4], fill_value: 0.5}}]}}"
    spec = f"archspec: 1\n{ROW}layers: {{b: {buffer}, o: {{add: [input, b]}}}}"
    assert archspec.build(spec, device="meta").b.is_meta
    module = archspec.build(spec, dtype="bfloat16")
    assert (module.b.dtype, module.b.tolist()) == (torch.bfloat16, [0.5] * 4)
    for other in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert torch.equal(other.b, module.b)


def test_an_expanded_one_takes_a_checkpoint() -> None:
    spec = ROW + "layers: {b: {Buffer: {layers: [{new_ones: [1]}, {expand: [4]}]}}, o: {add: [input, b]}}"
    architecture = load(spec)
    as_exported(architecture, architecture.build(), [torch.randn(2, 4)])


def test_a_block_that_has_one_is_called_again() -> None:
    spec = INDEX.replace("layers: {a: {biased: , repeat: 2}}", "layers: {a: biased, b: {use: a}}")
    assert build(spec)(torch.zeros(1, 2, 2)).tolist() == [[[2.0, 2.0], [2.0, 2.0]]]


def test_too_large_a_one_is_refused_before_it_is_made() -> None:
    buffer = "{Buffer: {layers: [{arange: 3000000000}, {slice: {dim: 0, end: 4}}]}}"
    with pytest.raises(archspec.UsageError, match="3,000,000,000 numbers"):
        archspec.build(f"archspec: 1\n{ROW}layers: {{b: {buffer}, o: {{mul: [input, input]}}}}\noutputs: [o, b]")


@pytest.mark.parametrize(
    ("buffer", "code", "at"),
    [
        ("{layers: [{mul: [input, input]}]}", "AS236", "input"),
        ("{layers: [{arange: 4}, {Linear: 4}]}", "AS236", "Linear"),
        ("{layers: [{arange: 4}, {layers: [{add: 1}]}]}", "AS236", "{layers: [{add: 1}]}"),
        ("{layers: [{new_ones: [4]}, randn_like]}", "AS236", "randn_like"),
        ("{layers: [{new_ones: [4]}, {dropout: 0.5}]}", "AS236", "dropout"),
        ("{layers: [{new_ones: [N, 4]}]}", "AS236", "new_ones"),
        ("{layers: [{reshape: [2, 2]}]}", "AS236", "reshape"),
        ("{layers: [{arange: 4}, {aded: 1}]}", "AS201", "aded"),
        ("{layers: [{new_ones: [4]}, {add: {othre: 1}}]}", "AS202", "othre"),
        ("{layers: [{arange: 4, repeat: 2}]}", "AS105", "repeat"),
        ("{layers: [{arange: 4, from: previous}]}", "AS236", "previous"),
        ("{layers: []}", "AS103", "[]"),
        ("{layers: arange}", "AS101", "arange"),
        ("{layers: [{arange: 4}], shape: [4]}", "AS402", "shape"),
        ("{layers: [{arange: 4}], dtype: int32}", "AS402", "dtype"),
        ("{layers: [{arange: 4}, {reshape: [3]}]}", "AS402", "[3]"),
        ("{layers: [{arange: $n}]}", "AS211", "n"),
    ],
)
def test_faults(buffer: str, code: str, at: str) -> None:
    assert faults(ROW + f"layers: {{b: {{Buffer: {buffer}}}, out: {{add: [input, b]}}}}\n") == [(code, at)]


def test_what_is_never_reached_is_looked_at_too() -> None:
    blocks = "{unused: {layers: {b: {Buffer: {layers: [{aded: 1}]}}, o: {add: [input, b]}}}}"
    assert ("AS201", "aded") in faults(f"{ROW}blocks: {blocks}\nlayers: [ReLU]\n")
