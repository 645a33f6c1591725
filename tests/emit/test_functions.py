"""Functions in generated code, against the same written by hand."""

from __future__ import annotations

import inspect
import sys
from typing import Any

import pytest
import torch
import torch.nn.functional as F

import archspec
from archspec.layers import BilinearPool2d

HEAD = "archspec: 1\nname: Model\n"


def build(text: str) -> Any:
    return archspec.build(HEAD + text, seed=0).eval()


def source(module: torch.nn.Module) -> str:
    return inspect.getsource(sys.modules[type(module).__module__])


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_windows_hold_for_any_batch(batch: int) -> None:
    model = build(
        """
input: [8, 8, 3]
layers:
  grid: {reshape: [N, 2, 4, 2, 4, 3]}
  order: {permute: [0, 1, 3, 2, 4, 5]}
  windows: {reshape: ["4*N", 16, 3]}
  back: {reshape: [N, 2, 2, 4, 4, 3]}
  again: {permute: [0, 1, 3, 2, 4, 5]}
  whole: {reshape: [N, 8, 8, 3]}
outputs: [windows, whole]
"""
    )
    x = torch.randn(batch, 8, 8, 3)
    windows, whole = model(x)
    assert torch.equal(windows[3], x[0, 4:, 4:].reshape(16, 3))
    assert torch.equal(whole, x)


def test_dropout_obeys_training() -> None:
    model = build("input: [1000]\nlayers:\n  d: {dropout: 0.5}\n")
    x = torch.ones(2, 1000)
    assert torch.equal(model(x), x)
    assert (model.train()(x) == 0).any()


def test_attention_by_a_pattern() -> None:
    model = build(
        """
input: [6, 8]
layers:
  heads: {rearrange: {pattern: "n t (k h d) -> k n h t d", k: 1, h: 2}}
  x: {select: {dim: 0, index: 0}}
  mix: {scaled_dot_product_attention: {dropout_p: 0.5}, from: [x, x, x]}
  join: {rearrange: "n h t d -> n t (h d)"}
"""
    )
    x = torch.randn(3, 6, 8)
    halves = [torch.softmax(h @ h.transpose(1, 2) / 2, -1) @ h for h in (x[..., :4], x[..., 4:])]
    torch.testing.assert_close(model(x), torch.cat(halves, -1))
    assert source(model).startswith("import einops\nimport torch\n")


def test_einops_is_imported_only_when_used() -> None:
    assert "einops" not in source(build("input: [4]\nlayers: [{unsqueeze: 1}]\n"))


@pytest.mark.parametrize("batch", [1, 3])
def test_a_tensor_without_the_batch_is_expanded_to_it(batch: int) -> None:
    model = build("input: [4]\nlayers:\n  m: {mean: {dim: 0, keepdim: true}}\n  e: {expand: [N, -1]}\n")
    x = torch.randn(batch, 4)
    assert torch.equal(model(x), x.mean(0, keepdim=True).expand(batch, 4))


def test_a_block_that_cannot_know_the_batch_is_refused() -> None:
    text = """
input: [4]
blocks:
  e: {layers: {e: {expand: [N, -1]}}}
layers:
  m: {mean: {dim: 0, keepdim: true}}
  e: e
"""
    with pytest.raises(archspec.SpecError, match="needs the batch size"):
        archspec.load(HEAD + text)


def test_a_merge_broadcasts_over_the_batch_by_itself_and_otherwise_when_written() -> None:
    model = build(
        """
input: [3, 4, 4]
layers:
  mean: {mean: {dim: 0, keepdim: true}}
  centred: {sub: [input, mean]}
  gate: {mean: {dim: [2, 3], keepdim: true}, from: input}
  scaled: {mul: {broadcast: true}, from: [centred, gate]}
"""
    )
    x = torch.randn(5, 3, 4, 4)
    assert torch.equal(model(x), (x - x.mean(0, keepdim=True)) * x.mean((2, 3), keepdim=True))
    with pytest.raises(archspec.SpecError, match="equal shapes"):
        archspec.load(
            HEAD + "input: [3, 4, 4]\nlayers:\n  g: {mean: {dim: 1, keepdim: true}}\n  m: {mul: [input, g]}\n"
        )


def test_ports_and_indexing() -> None:
    model = build(
        """
input: [6, 4]
layers:
  parts: {split: {split_size_or_sections: [1, 2, 3], dim: 1}}
  best: {topk: {k: 2, dim: -1}, from: parts.2}
  chosen: {gather: {dim: 2}, from: [parts.2, best.indices]}
  every: {slice: {dim: 1, start: 1, step: 2}, from: input}
outputs: [parts.1, best.values, chosen, every]
"""
    )
    x = torch.randn(2, 6, 4)
    second, values, chosen, every = model(x)
    assert torch.equal(second, x[:, 1:3])
    assert torch.equal(values, chosen)
    assert torch.equal(every, x[:, 1::2])


@pytest.mark.parametrize("two", [False, True])
def test_bilinear_pooling_is_the_loop_over_places(two: bool) -> None:
    a, b = torch.randn(2, 3, 4, 5), torch.randn(2, 6, 4, 5)
    other = b if two else a
    expected = torch.zeros(2, 3, other.size(1))
    for n in range(2):
        for y in range(4):
            for x in range(5):
                expected[n] += torch.outer(a[n, :, y, x], other[n, :, y, x]) / 20
    rooted = (expected.sign() * expected.abs().sqrt()).flatten(1)
    found = BilinearPool2d()(a, b) if two else BilinearPool2d()(a)
    torch.testing.assert_close(found, F.normalize(rooted), rtol=1e-4, atol=1e-4)


def test_a_generated_module_of_functions_has_no_graph_break() -> None:
    model = build(
        'input: [4, 6]\nlayers:\n  r: {rearrange: {pattern: "n a (b c) -> n (a b) c", c: 2}}\n'
        '  s: {chunk: {chunks: 2, dim: 1}}\n  m: {einsum: {equation: "nac,nbc->nab"}, from: [s.0, s.1]}\n'
    )
    x = torch.randn(3, 4, 6)
    assert torch.equal(torch.compile(model, fullgraph=True, backend="eager")(x), model(x))
