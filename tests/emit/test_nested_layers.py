"""Layers that hold layers: made without torch's own initialisation, then initialised once."""

from __future__ import annotations

import copy
import inspect
import pickle
import sys
from collections import Counter

import pytest
import torch
from torch import nn

import archspec
from archspec.emit import initialize

NESTED = """
archspec: 1
name: Nested
input: {shape: [7], dtype: int64}
layers:
  embed: {Embedding: {num_embeddings: 20, embedding_dim: 64, padding_idx: 0}}
  layer: {TransformerEncoderLayer: {nhead: 4, dim_feedforward: 96, batch_first: true}, repeat: 2}
  attention: {MultiheadAttention: {num_heads: 4, add_bias_kv: true, batch_first: true}}
  lstm: {LSTM: {hidden_size: 32, batch_first: true}}
  whole: {Transformer: {nhead: 4, num_encoder_layers: 2, num_decoder_layers: 1, dim_feedforward: 40, batch_first: true},
          from: [embed, layer]}
outputs: [lstm, whole, attention.weights]
"""


@pytest.fixture(scope="module")
def architecture() -> archspec.Architecture:
    return archspec.load(NESTED)


def test_every_parameter_is_initialised_once_and_by_us_alone(
    architecture: archspec.Architecture, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled: Counter[str] = Counter()
    real = initialize.fill

    def counted(tensor: torch.Tensor, init: object, seed: int, name: str) -> None:
        filled[name] += 1
        assert not tensor.is_meta
        real(tensor, init, seed, name)

    monkeypatch.setattr(initialize, "fill", counted)
    torch.manual_seed(0)
    before = torch.get_rng_state()
    module = architecture.build()
    assert torch.equal(torch.get_rng_state(), before)
    assert filled == Counter(name for name, _ in module.named_parameters())


def test_initial_values(architecture: archspec.Architecture) -> None:
    module = architecture.build(seed=3).requires_grad_(False)
    assert torch.equal(module.embed.weight[0], torch.zeros(64))
    assert module.embed.weight[1:].std() == pytest.approx(1, abs=0.1)
    own = module.layer[0].self_attn
    assert own.in_proj_weight.abs().max() == pytest.approx((6 / (4 * 64)) ** 0.5, rel=0.01)
    assert not own.in_proj_bias.any()
    assert not own.out_proj.bias.any()
    assert own.out_proj.weight.abs().max() == pytest.approx(1 / 8, rel=0.01)
    assert module.lstm.weight_hh_l0.abs().max() == pytest.approx(32**-0.5, rel=0.01)
    assert (module.layer[0].norm1.weight == 1).all()
    assert not torch.equal(own.in_proj_weight, module.layer[1].self_attn.in_proj_weight)
    linear = module.whole.encoder.layers[1].linear1.weight
    assert linear.abs().max() == pytest.approx((6 / (64 + 40)) ** 0.5, rel=0.01)
    again = architecture.build(seed=3)
    assert all(torch.equal(a, b) for a, b in zip(module.parameters(), again.parameters(), strict=True))


def test_policies_reach_inner_parameters() -> None:
    spec = NESTED + 'init: {"layer.0.linear1.*": zeros, MultiheadAttention: {out_proj.weight: ones}}\n'
    module = archspec.load(spec).build()
    assert not module.layer[0].linear1.weight.any()
    assert module.layer[1].linear1.weight.any()
    assert (module.attention.out_proj.weight == 1).all()


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_element_types(architecture: archspec.Architecture, dtype: torch.dtype) -> None:
    module = architecture.build(dtype=dtype)
    assert {tensor.dtype for tensor in module.state_dict().values()} == {dtype}
    assert architecture.prove(module) == ()


def test_meta(architecture: archspec.Architecture) -> None:
    module = architecture.build(device="meta")
    assert all(tensor.is_meta for tensor in module.state_dict().values())


def test_copies_and_pickles_compute_the_same(architecture: archspec.Architecture) -> None:
    module = architecture.build().eval()
    x = torch.randint(0, 20, (2, 7))
    expected = module(x)
    for other in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        for ours, theirs in zip(expected, other(x), strict=True):
            assert torch.equal(ours, theirs)


def test_a_wrong_shape_in_a_nested_result_is_found(
    architecture: archspec.Architecture, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = architecture.build()
    real = nn.LSTM.forward

    def wrong(self: nn.LSTM, x: torch.Tensor) -> object:
        output, (h, c) = real(self, x)
        return output, (h, c[..., :-1])

    monkeypatch.setattr(nn.LSTM, "forward", wrong)
    found = architecture.prove(module)
    assert len(found) == 1
    assert "`lstm` was inferred to give" in found[0].message


def source_of(layers: str) -> str:
    module = archspec.load(f"archspec: 1\nname: Steps\ninput: [5, 8]\nlayers: {layers}\n").build()
    return inspect.getsource(sys.modules[type(module).__module__])


def test_plain_layers_are_a_sequential_and_others_a_class() -> None:
    layer = "TransformerEncoderLayer: {nhead: 2, dim_feedforward: 8, batch_first: true"
    plain = source_of(f"{{a: [{{{layer}}}}}, {{{layer}}}}}]}}")
    assert plain.count("class ") == 1
    causal = source_of(f"{{a: [{{{layer}, is_causal: true}}}}, ReLU]}}")
    assert causal.count("class ") == 2
    assert causal.count("def causal_mask(") == 1
    attention = source_of("{a: [{MultiheadAttention: {num_heads: 2, need_weights: false, batch_first: true}}]}")
    assert "(input, input, input, need_weights=False)" in attention


def test_results_that_nothing_takes_have_no_name() -> None:
    lstm = "{LSTM: {hidden_size: 8, batch_first: true}"
    source = source_of(f"{{a: {lstm}}}, b: {lstm}, from: [a, a.h, a.c]}}, c: {lstm}, repeat: 2}}}}")
    assert "x, (a_h, a_c) = self.a(input)" in source
    assert "x, _ = self.b(x, (a_h, a_c))" in source
    assert "x, _ = layer(x)" in source
