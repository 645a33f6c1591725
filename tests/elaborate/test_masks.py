"""Attention masks, and inputs that are given by name, against the same networks written by hand."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import archspec
from tests.judge import Hand, agree, faults

HEADS, STEPS, FEATURES = 2, 6, 8
LAYER = "nhead: 2, dim_feedforward: 9, batch_first: true"


def encoder() -> nn.Module:
    return nn.TransformerEncoderLayer(FEATURES, HEADS, 9, batch_first=True)


def causal(x: torch.Tensor) -> torch.Tensor:
    return torch.ones(x.size(1), x.size(1), dtype=torch.bool).triu(1)


def test_a_decoder_only_model() -> None:
    spec = f"""
input: {{shape: [6], dtype: int64}}
layers:
  embed: {{Embedding: {{num_embeddings: 20, embedding_dim: 8}}}}
  ones: {{new_ones: [6, 6]}}
  later: {{triu: {{diagonal: 1}}}}
  hidden: {{to: bool}}
  blocks: {{TransformerEncoderLayer: {{{LAYER}}}, from: {{src: embed, src_mask: hidden}}, repeat: 2}}
  norm: LayerNorm
  head: {{Linear: 20}}
"""

    def forward(self, tokens):
        x = self.embed(tokens)
        hidden = causal(x)
        for block in self.blocks:
            x = block(x, src_mask=hidden)
        return self.head(self.norm(x))

    hand = Hand(
        forward,
        embed=nn.Embedding(20, 8),
        blocks=nn.ModuleList(encoder() for _ in range(2)),
        norm=nn.LayerNorm(8),
        head=nn.Linear(8, 20),
    )
    agree(spec, hand)


def test_an_encoder_and_a_decoder() -> None:
    spec = f"""
inputs: {{source: {{shape: [5], dtype: int64}}, target: {{shape: [6], dtype: int64}}}}
layers:
  embed: {{Embedding: {{num_embeddings: 20, embedding_dim: 8}}, from: source}}
  padding: {{eq: {{other: 0}}, from: source}}
  encoder: {{TransformerEncoderLayer: {{{LAYER}}}, from: {{src: embed, src_key_padding_mask: padding}}, repeat: 2}}
  embed_target: {{use: embed, from: target}}
  ones: {{new_full: {{size: [6, 6], fill_value: "-inf"}}}}
  later: {{triu: {{diagonal: 1}}}}
  decoder:
    TransformerDecoderLayer: {{{LAYER}}}
    from: {{tgt: embed_target, memory: encoder, tgt_mask: later, memory_key_padding_mask: padding}}
    repeat: 2
  head: {{Linear: 20}}
"""

    def forward(self, source, target):
        padding = source == 0
        memory = self.embed(source)
        for layer in self.encoder:
            memory = layer(memory, src_key_padding_mask=padding)
        x = self.embed(target)
        later = torch.full((6, 6), -torch.inf).triu(1)
        for layer in self.decoder:
            x = layer(x, memory, tgt_mask=later, memory_key_padding_mask=padding)
        return self.head(x)

    hand = Hand(
        forward,
        embed=nn.Embedding(20, 8),
        encoder=nn.ModuleList(encoder() for _ in range(2)),
        decoder=nn.ModuleList(nn.TransformerDecoderLayer(8, 2, 9, batch_first=True) for _ in range(2)),
        head=nn.Linear(8, 20),
    )
    agree(spec, hand)


def test_attention_with_a_mask_and_without_a_key() -> None:
    spec = """
inputs: {x: [6, 8], y: [5, 8]}
layers:
  mask: {new_ones: {size: [6, 6]}, from: x}
  own: {MultiheadAttention: {num_heads: 2, batch_first: true}, from: {attn_mask: mask, query: x}}
  cross: {MultiheadAttention: {num_heads: 2, batch_first: true, need_weights: false}, from: {query: own, key: y}}
outputs: [cross, own.weights]
"""

    def forward(self, x, y):
        x, weights = self.own(x, x, x, attn_mask=torch.ones(6, 6))
        return self.cross(x, y, y, need_weights=False)[0], weights

    hand = Hand(
        forward,
        own=nn.MultiheadAttention(8, 2, batch_first=True),
        cross=nn.MultiheadAttention(8, 2, batch_first=True),
    )
    agree(spec, hand)


def test_inputs_of_a_block_by_name() -> None:
    spec = """
inputs: {image: [2, 4, 4], small: [2, 4, 4]}
blocks:
  Both:
    inputs: [x, skip]
    layers: {minus: {sub: [x, skip]}}
layers:
  both: {Both: {}, from: {skip: small, x: image}}
  size: {matmul: {}, from: {other: both, input: small}}
"""
    agree(spec, Hand(lambda self, image, small: small @ (image - small)))


@pytest.mark.parametrize(
    ("from_", "code", "message"),
    [
        ("{query: x, attn_maks: mask}", "AS202", "has no input `attn_maks`"),
        ("{attn_mask: mask}", "AS308", "needs `query`"),
        ("{query: x, value: x}", "AS308", "needs `key`"),
        ("{query: x, attn_mask: x}", "AS304", "[6, 6] or [2·N, 6, 6]"),
        ("{query: x, attn_mask: words}", "AS306", "has to be `bool`"),
        ("{query: x, key_padding_mask: mask}", "AS304", "[N, 6]"),
        ("[x, x, x, mask]", "AS308", "one to three inputs"),
    ],
)
def test_what_is_refused(from_: str, code: str, message: str) -> None:
    spec = f"""
inputs: {{x: [6, 8], words: {{shape: [6], dtype: int64}}}}
layers:
  mask: {{new_ones: {{size: [6, 6]}}, from: x}}
  own: {{MultiheadAttention: {{num_heads: 2, batch_first: true}}, from: {from_}}}
outputs: [own, words, mask]
"""
    found = archspec.check(f"archspec: 1\n{spec}")
    assert [(fault.code, message in fault.message) for fault in found] == [(code, True)]


def test_a_mask_and_is_causal() -> None:
    spec = """
input: [6, 8]
layers:
  mask: {new_ones: [6, 6]}
  own: {MultiheadAttention: {num_heads: 2, batch_first: true, is_causal: true}, from: {query: input, attn_mask: mask}}
"""
    assert faults(spec) == [("AS402", "true")]
