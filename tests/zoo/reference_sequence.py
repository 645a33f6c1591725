"""Networks for sequences, as people write them by hand: torch only."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ResidualLayer(nn.Module):
    """A gated, causal, dilated convolution, what it adds to its input and what it skips ahead."""

    def __init__(self, residual: int, skips: int, dilation: int) -> None:
        super().__init__()
        self.dilation = dilation
        self.gated = nn.Conv1d(residual, 2 * residual, kernel_size=2, dilation=dilation)
        self.skip = nn.Conv1d(residual, skips, kernel_size=1)
        self.residual = nn.Conv1d(residual, residual, kernel_size=1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        out = self.gated(F.pad(x, (self.dilation, 0)))
        filter, gate = torch.chunk(out, 2, dim=1)
        out = torch.tanh(filter) * torch.sigmoid(gate)
        return x + self.residual(out), self.skip(out)


class WaveNet(nn.Module):
    """van den Oord et al., 2016, arXiv:1609.03499."""

    def __init__(
        self, levels: int = 256, residual: int = 32, skips: int = 256, cycles: int = 3, dilations: int = 10
    ) -> None:
        super().__init__()
        self.embed = nn.Embedding(levels, residual)
        self.layers = nn.ModuleList()
        for _ in range(cycles):
            for i in range(dilations):
                self.layers.append(ResidualLayer(residual, skips, 2**i))
        self.head = nn.Sequential(
            nn.ReLU(),
            nn.Conv1d(skips, levels, kernel_size=1),
            nn.ReLU(),
            nn.Conv1d(levels, levels, kernel_size=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(x).transpose(1, 2)
        total: Tensor | float = 0.0
        for layer in self.layers:
            x, skip = layer(x)
            total = total + skip
        return self.head(total)


class LSTMTagger(nn.Module):
    """Embedding, bidirectional LSTM, and a score for each tag at each word."""

    def __init__(self, words: int = 20000, tags: int = 17, features: int = 100, hidden: int = 128) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(words, features, padding_idx=0)
        self.dropout = nn.Dropout(0.5)
        self.lstm = nn.LSTM(features, hidden, batch_first=True, bidirectional=True)
        self.hidden2tag = nn.Linear(2 * hidden, tags)

    def forward(self, sentence: Tensor) -> Tensor:
        embeds = self.dropout(self.word_embeddings(sentence))
        lstm_out, _ = self.lstm(embeds)
        return self.hidden2tag(lstm_out)


class PositionalEmbedding(nn.Module):
    """Embeddings, with sinusoids for the positions added to them."""

    def __init__(self, words: int, features: int, length: int, dropout: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, features)
        self.dropout = nn.Dropout(dropout)
        den = torch.exp(torch.arange(0, features, 2) * (-math.log(10000) / features))
        pos = torch.arange(length).unsqueeze(1)
        positions = torch.zeros(length, features)
        positions[:, 0::2] = torch.sin(pos * den)
        positions[:, 1::2] = torch.cos(pos * den)
        self.register_buffer("positions", positions, persistent=False)

    def forward(self, tokens: Tensor) -> Tensor:
        embedded = self.embedding(tokens) * math.sqrt(self.embedding.embedding_dim)
        return self.dropout(embedded + self.positions[: tokens.size(1)])


def feed_forward(features: int, hidden: int, dropout: float) -> nn.Sequential:
    """Two linear layers for each position by itself."""
    return nn.Sequential(
        nn.Linear(features, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, features), nn.Dropout(dropout)
    )


class EncoderLayer(nn.Module):
    """Each position attends to all; norms come after the sums."""

    def __init__(self, features: int, heads: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.self_attn = nn.MultiheadAttention(features, heads, dropout, batch_first=True)
        self.dropout1 = nn.Dropout(dropout)
        self.norm1 = nn.LayerNorm(features)
        self.feed_forward = feed_forward(features, hidden, dropout)
        self.norm2 = nn.LayerNorm(features)

    def forward(self, x: Tensor, padding: Tensor) -> Tensor:
        attended, _ = self.self_attn(x, x, x, key_padding_mask=padding, need_weights=False)
        x = self.norm1(x + self.dropout1(attended))
        return self.norm2(x + self.feed_forward(x))


class DecoderLayer(nn.Module):
    """Each position attends to itself and those before it, and then to the encoder's."""

    def __init__(self, features: int, heads: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.self_attn = nn.MultiheadAttention(features, heads, dropout, batch_first=True)
        self.dropout1 = nn.Dropout(dropout)
        self.norm1 = nn.LayerNorm(features)
        self.cross_attn = nn.MultiheadAttention(features, heads, dropout, batch_first=True)
        self.dropout2 = nn.Dropout(dropout)
        self.norm2 = nn.LayerNorm(features)
        self.feed_forward = feed_forward(features, hidden, dropout)
        self.norm3 = nn.LayerNorm(features)

    def forward(self, x: Tensor, padding: Tensor, memory: Tensor, memory_padding: Tensor) -> Tensor:
        later = nn.Transformer.generate_square_subsequent_mask(x.size(1), x.device, torch.bool)
        attended, _ = self.self_attn(
            x, x, x, key_padding_mask=padding, need_weights=False, attn_mask=later, is_causal=True
        )
        x = self.norm1(x + self.dropout1(attended))
        attended, _ = self.cross_attn(x, memory, memory, key_padding_mask=memory_padding, need_weights=False)
        x = self.norm2(x + self.dropout2(attended))
        return self.norm3(x + self.feed_forward(x))


class Seq2SeqTransformer(nn.Module):
    """Vaswani et al., 2017, arXiv:1706.03762, whose two embeddings and last layer share their weight."""

    def __init__(
        self,
        words: int = 37000,
        length: int = 128,
        features: int = 512,
        heads: int = 8,
        hidden: int = 2048,
        depth: int = 6,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.embed = PositionalEmbedding(words, features, length, dropout)
        self.encoder = nn.ModuleList([EncoderLayer(features, heads, hidden, dropout) for _ in range(depth)])
        self.decoder = nn.ModuleList([DecoderLayer(features, heads, hidden, dropout) for _ in range(depth)])
        self.generator = nn.Linear(features, words)
        self.generator.weight = self.embed.embedding.weight

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        source_padding = source == 0
        target_padding = target == 0
        memory = self.embed(source)
        for layer in self.encoder:
            memory = layer(memory, source_padding)
        x = self.embed(target)
        for layer in self.decoder:
            x = layer(x, target_padding, memory, source_padding)
        return self.generator(x)
