"""Language models, as people write them by hand: torch only."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Conv1D(nn.Module):
    """A linear layer whose weight is [in, out]."""

    def __init__(self, nx: int, nf: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(nx, nf))
        self.bias = nn.Parameter(torch.zeros(nf))
        nn.init.normal_(self.weight, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        size_out = (*x.size()[:-1], self.weight.size(1))
        return torch.addmm(self.bias, x.view(-1, x.size(-1)), self.weight).view(size_out)


class GPT2Attention(nn.Module):
    """Causal self-attention."""

    def __init__(self, features: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.features = features
        self.c_attn = Conv1D(features, 3 * features)
        self.c_proj = Conv1D(features, features)
        self.attn_dropout = nn.Dropout(dropout)
        self.resid_dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, features = x.size()
        q, k, v = self.c_attn(x).split(self.features, dim=2)
        q = q.view(batch, length, self.heads, features // self.heads).transpose(1, 2)
        k = k.view(batch, length, self.heads, features // self.heads).transpose(1, 2)
        v = v.view(batch, length, self.heads, features // self.heads).transpose(1, 2)
        weights = q @ k.transpose(-2, -1) / math.sqrt(features // self.heads)
        mask = torch.tril(torch.ones(length, length, dtype=torch.bool, device=x.device))
        weights = weights.masked_fill(~mask, float("-inf"))
        weights = self.attn_dropout(F.softmax(weights, dim=-1))
        out = (weights @ v).transpose(1, 2).contiguous().view(batch, length, features)
        return self.resid_dropout(self.c_proj(out))


class GPT2MLP(nn.Module):
    """Four times as wide inside, with the tanh form of GELU."""

    def __init__(self, features: int, dropout: float) -> None:
        super().__init__()
        self.c_fc = Conv1D(features, 4 * features)
        self.c_proj = Conv1D(4 * features, features)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        x = self.c_fc(x)
        x = 0.5 * x * (1.0 + torch.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * torch.pow(x, 3.0))))
        return self.dropout(self.c_proj(x))


class GPT2Block(nn.Module):
    """Norms first, shortcuts around."""

    def __init__(self, features: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(features, eps=1e-5)
        self.attn = GPT2Attention(features, heads, dropout)
        self.ln_2 = nn.LayerNorm(features, eps=1e-5)
        self.mlp = GPT2MLP(features, dropout)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class GPT2Model(nn.Module):
    """From tokens to features."""

    def __init__(self, vocabulary: int, context: int, features: int, heads: int, depth: int, dropout: float) -> None:
        super().__init__()
        self.wte = nn.Embedding(vocabulary, features)
        self.wpe = nn.Embedding(context, features)
        self.drop = nn.Dropout(dropout)
        self.h = nn.ModuleList([GPT2Block(features, heads, dropout) for _ in range(depth)])
        self.ln_f = nn.LayerNorm(features, eps=1e-5)

    def forward(self, tokens: Tensor) -> Tensor:
        positions = torch.arange(tokens.size(1), device=tokens.device)
        x = self.drop(self.wte(tokens) + self.wpe(positions))
        for block in self.h:
            x = block(x)
        return self.ln_f(x)


class GPT2(nn.Module):
    """Radford et al., 2019, with the names of Hugging Face's GPT2LMHeadModel."""

    def __init__(
        self,
        vocabulary: int = 50257,
        context: int = 1024,
        features: int = 768,
        heads: int = 12,
        depth: int = 12,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.transformer = GPT2Model(vocabulary, context, features, heads, depth, dropout)
        self.lm_head = nn.Linear(features, vocabulary, bias=False)
        self.lm_head.weight = self.transformer.wte.weight
        for module in self.modules():
            if isinstance(module, nn.Embedding):
                nn.init.normal_(module.weight, std=0.02)
        for name, parameter in self.named_parameters():
            if name.endswith("c_proj.weight"):
                nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * depth))

    def forward(self, tokens: Tensor) -> Tensor:
        return self.lm_head(self.transformer(tokens))


class RMSNorm(nn.Module):
    """Divides by the root mean square."""

    def __init__(self, features: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(features))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        variance = x.pow(2).mean(-1, keepdim=True)
        return self.weight * (x * torch.rsqrt(variance + self.eps))


def rotate_half(x: Tensor) -> Tensor:
    """The second half of the features, negative, before the first."""
    x1 = x[..., : x.shape[-1] // 2]
    x2 = x[..., x.shape[-1] // 2 :]
    return torch.cat((-x2, x1), dim=-1)


def repeat_kv(x: Tensor, count: int) -> Tensor:
    """Each head of keys or values once for every query head that shares it."""
    batch, heads, length, features = x.shape
    x = x[:, :, None, :, :].expand(batch, heads, count, length, features)
    return x.reshape(batch, heads * count, length, features)


class LlamaAttention(nn.Module):
    """Grouped-query attention with rotary positions (Su et al., 2021, arXiv:2104.09864)."""

    def __init__(self, features: int, heads: int, kv_heads: int) -> None:
        super().__init__()
        self.heads, self.kv_heads, self.size = heads, kv_heads, features // heads
        self.q_proj = nn.Linear(features, heads * self.size, bias=False)
        self.k_proj = nn.Linear(features, kv_heads * self.size, bias=False)
        self.v_proj = nn.Linear(features, kv_heads * self.size, bias=False)
        self.o_proj = nn.Linear(heads * self.size, features, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        batch, length, _ = x.shape
        q = self.q_proj(x).view(batch, length, self.heads, self.size).transpose(1, 2)
        k = self.k_proj(x).view(batch, length, self.kv_heads, self.size).transpose(1, 2)
        v = self.v_proj(x).view(batch, length, self.kv_heads, self.size).transpose(1, 2)
        q = q * cos + rotate_half(q) * sin
        k = k * cos + rotate_half(k) * sin
        k = repeat_kv(k, self.heads // self.kv_heads)
        v = repeat_kv(v, self.heads // self.kv_heads)
        weights = torch.matmul(q, k.transpose(2, 3)) / math.sqrt(self.size)
        weights = weights + torch.full((length, length), float("-inf"), device=x.device).triu(1)
        weights = F.softmax(weights, dim=-1, dtype=torch.float32).to(q.dtype)
        out = torch.matmul(weights, v).transpose(1, 2).reshape(batch, length, -1)
        return self.o_proj(out)


class LlamaMLP(nn.Module):
    """SwiGLU."""

    def __init__(self, features: int, hidden: int) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(features, hidden, bias=False)
        self.up_proj = nn.Linear(features, hidden, bias=False)
        self.down_proj = nn.Linear(hidden, features, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class LlamaDecoderLayer(nn.Module):
    """Norms first, shortcuts around."""

    def __init__(self, features: int, hidden: int, heads: int, kv_heads: int) -> None:
        super().__init__()
        self.input_layernorm = RMSNorm(features)
        self.self_attn = LlamaAttention(features, heads, kv_heads)
        self.post_attention_layernorm = RMSNorm(features)
        self.mlp = LlamaMLP(features, hidden)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), cos, sin)
        return x + self.mlp(self.post_attention_layernorm(x))


class LlamaModel(nn.Module):
    """From tokens to features."""

    def __init__(
        self, vocabulary: int, features: int, hidden: int, heads: int, kv_heads: int, layers: int, theta: float
    ) -> None:
        super().__init__()
        self.size, self.theta = features // heads, theta
        self.embed_tokens = nn.Embedding(vocabulary, features)
        self.layers = nn.ModuleList([LlamaDecoderLayer(features, hidden, heads, kv_heads) for _ in range(layers)])
        self.norm = RMSNorm(features)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embed_tokens(tokens)
        steps = torch.arange(0, self.size, 2, dtype=torch.float32, device=x.device)
        inv_freq = 1.0 / (self.theta ** (steps / self.size))
        positions = torch.arange(tokens.size(1), dtype=torch.float32, device=x.device)
        freqs = torch.outer(positions, inv_freq)
        emb = torch.cat((freqs, freqs), dim=-1)
        cos, sin = emb.cos().to(x.dtype), emb.sin().to(x.dtype)
        for layer in self.layers:
            x = layer(x, cos, sin)
        return self.norm(x)


class Llama(nn.Module):
    """Touvron et al., 2023, arXiv:2302.13971, with the names of Hugging Face's LlamaForCausalLM."""

    def __init__(
        self,
        vocabulary: int = 32000,
        features: int = 2048,
        hidden: int = 5632,
        heads: int = 32,
        kv_heads: int = 4,
        layers: int = 22,
        theta: float = 10000.0,
    ) -> None:
        super().__init__()
        self.model = LlamaModel(vocabulary, features, hidden, heads, kv_heads, layers, theta)
        self.lm_head = nn.Linear(features, vocabulary, bias=False)
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, std=0.02)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.lm_head(self.model(tokens))
