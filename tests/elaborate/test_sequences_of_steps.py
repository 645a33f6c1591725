"""Recurrent layers, attention and embeddings, against the same networks written by hand."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import archspec
from tests.judge import Hand, agree, build, faults, load


def test_ports_of_recurrent_layers() -> None:
    spec = """
input: {shape: [12], dtype: int64}
layers:
  embed: {Embedding: {num_embeddings: 10, embedding_dim: 6, padding_idx: 0}}
  lstm: {LSTM: {hidden_size: 5, num_layers: 2, bidirectional: true, batch_first: true}}
  gru: {GRU: {hidden_size: 4, batch_first: true}}
  rnn: {RNN: {hidden_size: 4, nonlinearity: relu, batch_first: true}, from: [lstm, gru.h]}
outputs: [rnn, lstm.c, lstm.h]
"""

    def forward(self, x):
        output, (h, c) = self.lstm(self.embed(x))
        return self.rnn(output, self.gru(output)[1])[0], c, h

    hand = Hand(
        forward,
        embed=nn.Embedding(10, 6, padding_idx=0),
        lstm=nn.LSTM(6, 5, num_layers=2, bidirectional=True, batch_first=True),
        gru=nn.GRU(10, 4, batch_first=True),
        rnn=nn.RNN(10, 4, nonlinearity="relu", batch_first=True),
    )
    agree(spec, hand)


def test_cells_and_their_states() -> None:
    spec = """
inputs: {x: [6], h: [8], c: [8]}
layers:
  cell: {LSTMCell: 8, from: [x, h, c]}
  rnn: {RNNCell: 8, from: [x, cell.c]}
  gru: {GRUCell: 3}
"""

    def forward(self, x, h, c):
        return self.gru(self.rnn(x, self.cell(x, (h, c))[1]))

    agree(spec, Hand(forward, cell=nn.LSTMCell(6, 8), rnn=nn.RNNCell(6, 8), gru=nn.GRUCell(8, 3)))


def test_an_initial_state_of_an_lstm() -> None:
    spec = """
inputs: {x: [7, 6], other: [4, 6]}
layers:
  encoder: {LSTM: {hidden_size: 5, batch_first: true}, from: other}
  decoder: {LSTM: {hidden_size: 5, batch_first: true}, from: [x, encoder.h, encoder.c]}
"""

    def forward(self, x, other):
        return self.decoder(x, self.encoder(other)[1])[0]

    agree(spec, Hand(forward, encoder=nn.LSTM(6, 5, batch_first=True), decoder=nn.LSTM(6, 5, batch_first=True)))


def test_attention_of_one_two_and_three_inputs() -> None:
    spec = """
inputs: {x: [7, 8], y: [5, 6], z: [5, 4]}
layers:
  own: {MultiheadAttention: {num_heads: 2, batch_first: true}, from: x}
  quiet: {MultiheadAttention: {num_heads: 2, batch_first: true, need_weights: false}}
  cross: {MultiheadAttention: {num_heads: 4, batch_first: true, average_attn_weights: false}, from: [quiet, y]}
  all: {MultiheadAttention: {num_heads: 4, batch_first: true, bias: false}, from: [cross, y, z]}
outputs: [all, cross.weights, own.weights]
"""

    def forward(self, x, y, z):
        x, own = self.own(x, x, x)
        x, _ = self.quiet(x, x, x, need_weights=False)
        x, cross = self.cross(x, y, y, average_attn_weights=False)
        return self.all(x, y, z)[0], cross, own

    hand = Hand(
        forward,
        own=nn.MultiheadAttention(8, 2, batch_first=True),
        quiet=nn.MultiheadAttention(8, 2, batch_first=True),
        cross=nn.MultiheadAttention(8, 4, kdim=6, vdim=6, batch_first=True),
        all=nn.MultiheadAttention(8, 4, kdim=6, vdim=4, bias=False, batch_first=True),
    )
    agree(spec, hand)


def mask(x):
    return nn.Transformer.generate_square_subsequent_mask(x.size(1))


def test_causal_layers() -> None:
    spec = """
inputs: {tgt: [7, 8], src: [5, 8]}
layers:
  blocks:
    TransformerEncoderLayer: {nhead: 2, dim_feedforward: 9, batch_first: true, is_causal: true}
    repeat: 2
    from: tgt
  own: {MultiheadAttention: {num_heads: 2, batch_first: true, is_causal: true}}
  whole: {Transformer: {nhead: 2, num_encoder_layers: 1, num_decoder_layers: 2, dim_feedforward: 9, batch_first: true,
                        src_is_causal: true, tgt_is_causal: true}, from: [src, own]}
  last: {TransformerDecoderLayer: {nhead: 4, dim_feedforward: 9, norm_first: true, activation: gelu, batch_first: true,
                                   tgt_is_causal: true}, from: [whole, src]}
"""

    def forward(self, tgt, src):
        x = tgt
        for block in self.blocks:
            x = block(x, src_mask=mask(x), is_causal=True)
        x, _ = self.own(x, x, x, attn_mask=mask(x), is_causal=True)
        causal = {"src_is_causal": True, "tgt_is_causal": True}
        x = self.whole(src, x, src_mask=mask(src), tgt_mask=mask(x), **causal)
        return self.last(x, src, tgt_mask=mask(x), tgt_is_causal=True)

    hand = Hand(
        forward,
        blocks=nn.ModuleList(nn.TransformerEncoderLayer(8, 2, 9, batch_first=True) for _ in range(2)),
        own=nn.MultiheadAttention(8, 2, batch_first=True),
        whole=nn.Transformer(8, 2, 1, 2, 9, batch_first=True),
        last=nn.TransformerDecoderLayer(8, 4, 9, norm_first=True, activation="gelu", batch_first=True),
    )
    agree(spec, hand)
    module = build(spec).eval()
    with torch.no_grad():
        src, tgt = torch.randn(2, 5, 8), torch.randn(2, 7, 8)
        changed = tgt.clone()
        changed[:, -1] += torch.randn(8)
        same = torch.isclose(module(tgt, src), module(changed, src), atol=1e-5).flatten(2).all(2)
    assert same[:, :-1].all()
    assert not same[:, -1].any()


def test_pairs_and_bags() -> None:
    spec = """
inputs: {x: [3, 5], y: [3, 5], words: {shape: [4], dtype: int32}, weights: [4]}
layers:
  bilinear: {Bilinear: 6, from: [x, y]}
  cosine: {CosineSimilarity: 2, from: [x, y]}
  distance: {PairwiseDistance: {p: 1.5, keepdim: true}, from: [x, y]}
  bag: {EmbeddingBag: {num_embeddings: 20, embedding_dim: 5, mode: sum}, from: [words, weights]}
outputs: [bilinear, cosine, distance, bag]
"""

    def forward(self, x, y, words, weights):
        bag = self.bag(words, per_sample_weights=weights)
        return self.bilinear(x, y), self.cosine(x, y), self.distance(x, y), bag

    hand = Hand(
        forward,
        bilinear=nn.Bilinear(5, 5, 6),
        cosine=nn.CosineSimilarity(2),
        distance=nn.PairwiseDistance(1.5, keepdim=True),
        bag=nn.EmbeddingBag(20, 5, mode="sum"),
    )
    agree(spec, hand)


def test_unfold_and_fold() -> None:
    spec = """
input: [3, 9, 8]
layers:
  windows: {Unfold: {kernel_size: [3, 2], stride: [3, 2]}}
  back: {Fold: {output_size: [9, 8], kernel_size: [3, 2], stride: [3, 2]}}
"""
    module = build(spec).eval()
    x = torch.randn(2, 3, 9, 8)
    assert torch.equal(module(x), x)


@pytest.mark.parametrize(
    ("entry", "shape", "message", "help", "marked"),
    [
        ("{LSTM: 8}", "[5, 6]", "but receives [N, 5, 6]", "write `batch_first: true`", "LSTM"),
        (
            "{LSTM: {hidden_size: 8, batch_first: false}}",
            "[5, 6]",
            "needs [L, N, F] with `batch_first: false`",
            "write `batch_first: true`",
            "false",
        ),
        (
            "{MultiheadAttention: {num_heads: 8, batch_first: true}}",
            "[5, 65]",
            "`num_heads: 8` of `x` must divide its 65 features (`embed_dim`): 65 % 8 = 1",
            "use 5 or 13 heads, or 64 or 72 features",
            "8",
        ),
        (
            "{TransformerEncoderLayer: {nhead: 3, batch_first: true}}",
            "[5, 7]",
            "`nhead: 3` of `x` must divide its 7 features (`d_model`): 7 % 3 = 1",
            "use 7 heads, or 6 or 9 features",
            "3",
        ),
        (
            "{LSTM: {hidden_size: 4, proj_size: 4, batch_first: true}}",
            "[5, 6]",
            "`proj_size: 4` of `x` must be less than `hidden_size: 4`",
            "use a `proj_size` from 1 to 3, or leave it out",
            "4",
        ),
        (
            "{Embedding: {num_embeddings: 9, embedding_dim: 4}}",
            "[5]",
            "`x` needs integers (`int64` or `int32`), but receives [N, 5]",
            "declare the input as `dtype: int64`",
            "Embedding",
        ),
        (
            "{LSTM: {hidden_size: 9, batch_first: true}}",
            "{shape: [5, 3], dtype: int64}",
            "`x` needs floating-point numbers for `input`, but receives [N, 5, 3] int64",
            "such as `Embedding`",
            "LSTM",
        ),
        (
            "{Linear: 9}",
            "{shape: [5], dtype: int64}",
            "`x` needs floating-point numbers, but receives [N, 5] int64",
            "such as `Embedding`",
            "Linear",
        ),
        (
            "{Embedding: {num_embeddings: 9, embedding_dim: 4, padding_idx: 9}}",
            "{shape: [5], dtype: int64}",
            "`padding_idx: 9` of `x` is no row of its 9",
            "use a row from 0 to 8",
            "9",
        ),
        (
            "{Embedding: {num_embeddings: 9, embedding_dim: 4, sparse: true, scale_grad_by_freq: true}}",
            "{shape: [5], dtype: int64}",
            "torch has no such gradient",
            "leave one of the two out",
            "true",
        ),
        (
            "{Fold: {output_size: 8, kernel_size: 2, stride: 2}}",
            "[8, 9]",
            "an image of 8×8 has 4×4 windows, but [N, 8, 9] has 9 columns",
            "use the size",
            "8",
        ),
        (
            "{RNN: {hidden_size: 3, num_layers: 100000000, batch_first: true}}",
            "[8, 9]",
            "`num_layers` of `x` must be an integer from 1 to 1000",
            "leave it out",
            "100000000",
        ),
        (
            "{TransformerEncoder: {num_layers: 3}}",
            "[8, 9]",
            "`TransformerEncoder` is not in the language: it takes a layer as an argument",
            "use `TransformerEncoderLayer` with `repeat`",
            "TransformerEncoder",
        ),
        ("{TransformerDecoderLayer: 3}", "[5, 6]", "takes two inputs (`tgt`, `memory`)", "`from: [tgt", "Transformer"),
    ],
)
def test_one_fault_is_told_with_its_mend(entry: str, shape: str, message: str, help: str, marked: str) -> None:
    found = archspec.check(f"archspec: 1\ninput: {shape}\nlayers: {{x: {entry}}}\n")
    assert len(found) == 1
    assert message in found[0].message
    assert help in found[0].help
    assert found[0].span.text.startswith(marked)


@pytest.mark.parametrize("states", ["[x, x]", "[x, h, x]", "[x, x, h]"])
def test_initial_states_that_do_not_fit(states: str) -> None:
    spec = f"""
inputs: {{x: [5, 8], other: [5, 8]}}
layers:
  first: {{GRU: {{hidden_size: 8, batch_first: true}}, from: other}}
  x1: {{LSTM: {{hidden_size: 8, batch_first: true}}, from: {states.replace("h", "first.h")}}}
"""
    codes = [code for code, _ in faults(spec)]
    assert codes == (["AS308"] if states == "[x, x]" else ["AS304"])


def test_a_layer_that_gives_one_port_has_no_second() -> None:
    spec = """
input: [5, 8]
layers:
  a: {MultiheadAttention: {num_heads: 2, batch_first: true, need_weights: false}}
outputs: a.weights
"""
    assert [code for code, _ in faults(spec)] != []


@pytest.mark.parametrize("kind", ["LSTM: {hidden_size: 4", "MultiheadAttention: {num_heads: 2"])
def test_a_signal_is_turned_before_it_is_a_sequence(kind: str) -> None:
    spec = f"""
input: [3, 20]
layers:
  conv: {{Conv1d: {{out_channels: 8, kernel_size: 3}}}}
  turn: {{permute: [0, 2, 1]}}
  steps: {{{kind}, batch_first: true}}}}
"""
    assert load(spec).graph.outputs[0].type.shape[1] == 18
    forgotten = spec.replace("  turn: {permute: [0, 2, 1]}\n", "")
    assert [code for code, _ in faults(forgotten)] == ["AS305"]
    size = "input_size: 18" if "LSTM" in kind else "embed_dim: 18"
    assert faults(forgotten.replace("batch_first", f"{size}, batch_first")) == []


def test_the_batch_may_come_second() -> None:
    spec = """
input: [5, 8]
layers:
  turned: {permute: [1, 0, 2]}
  lstm: {LSTM: 6}
  own: {MultiheadAttention: 2}
"""
    types = load(spec).graph.outputs[0].type
    assert str(types) == "[5, N, 6]"


def test_too_many_inputs() -> None:
    spec = """
archspec: 1
input: [5, 8]
layers:
  own: {MultiheadAttention: {num_heads: 2, batch_first: true}, from: [input, input, input, input]}
"""
    (fault,) = archspec.check(spec)
    assert fault.code == "AS308"
    assert "takes one to three inputs (`query`, `key`, `value`), but receives 4" in fault.message
