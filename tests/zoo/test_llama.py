"""The Llama-shaped decoder: its exact size, and a small one against the same written by hand."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import archspec
from archspec.errors import UsageError

SPEC = "specs/llama3_405b.yaml"
SMALL = {"vocabulary": 50, "context": 7, "features": 32, "hidden": 48, "heads": 8, "kv_heads": 2, "layers": 2}


class Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.ModuleDict({"input_layernorm": nn.RMSNorm(32, eps=1e-5), "self_attn": nn.Module()})
        for name, width in (("q_proj", 32), ("k_proj", 8), ("v_proj", 8), ("o_proj", 32)):
            self.attention["self_attn"].add_module(name, nn.Linear(32, width, bias=False))
        self.feed_forward = nn.ModuleDict({"post_attention_layernorm": nn.RMSNorm(32, eps=1e-5), "mlp": nn.Module()})
        for name, (into, out) in (("gate_proj", (32, 48)), ("up_proj", (32, 48)), ("down_proj", (48, 32))):
            self.feed_forward["mlp"].add_module(name, nn.Linear(into, out, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        h, attention = self.attention["input_layernorm"](x), self.attention["self_attn"]
        q, k, v = attention.q_proj(h), attention.k_proj(h), attention.v_proj(h)
        q, k, v = (part.unflatten(2, (-1, 4)).transpose(1, 2) for part in (q, k, v))
        k, v = k.repeat_interleave(4, 1), v.repeat_interleave(4, 1)
        a = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2)
        x = x + attention.o_proj(a)
        h, mlp = self.feed_forward["post_attention_layernorm"](x), self.feed_forward["mlp"]
        return x + mlp.down_proj(F.silu(mlp.gate_proj(h)) * mlp.up_proj(h))


class Llama(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(50, 32)
        self.layers = nn.ModuleList(Layer() for _ in range(2))
        self.norm = nn.RMSNorm(32, eps=1e-5)
        self.lm_head = nn.Linear(32, 50, bias=False)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embed_tokens(tokens)
        for layer in self.layers:
            x = layer(x)
        return self.lm_head(self.norm(x))


def test_a_small_one_is_what_one_writes_by_hand() -> None:
    architecture = archspec.load(SPEC, **SMALL)
    original, compiled = Llama().eval(), architecture.build().eval()
    assert architecture.prove(compiled) == ()
    assert list(compiled.state_dict()) == list(original.state_dict())
    compiled.load_state_dict(original.state_dict())
    tokens = torch.randint(0, 50, (3, 7))
    torch.testing.assert_close(compiled(tokens), original(tokens))


def test_the_whole_one_is_counted_and_not_allocated() -> None:
    architecture = archspec.load(SPEC)
    assert architecture.num_params == 405_853_388_800
    with pytest.raises(UsageError, match=r"1,623\.4 GB in float32.*\n.*--max-params 405853388800"):
        architecture.build()
    assert sum(parameter.numel() for parameter in architecture.build(device="meta").parameters()) == 405_853_388_800
