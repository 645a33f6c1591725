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


class PositionalEncoding(nn.Module):
    """Sinusoids for the positions, added to the embeddings."""

    def __init__(self, features: int, dropout: float, maxlen: int = 5000) -> None:
        super().__init__()
        den = torch.exp(-torch.arange(0, features, 2) * math.log(10000) / features)
        pos = torch.arange(0, maxlen).reshape(maxlen, 1)
        pos_embedding = torch.zeros((maxlen, features))
        pos_embedding[:, 0::2] = torch.sin(pos * den)
        pos_embedding[:, 1::2] = torch.cos(pos * den)
        self.dropout = nn.Dropout(dropout)
        self.register_buffer("pos_embedding", pos_embedding, persistent=False)

    def forward(self, token_embedding: Tensor) -> Tensor:
        return self.dropout(token_embedding + self.pos_embedding[: token_embedding.size(1)])


class Seq2SeqTransformer(nn.Module):
    """Vaswani et al., 2017, arXiv:1706.03762, whose two embeddings and last layer share their weight."""

    def __init__(
        self,
        words: int = 37000,
        features: int = 512,
        heads: int = 8,
        hidden: int = 2048,
        depth: int = 6,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, features)
        self.positional_encoding = PositionalEncoding(features, dropout)
        self.transformer = nn.Transformer(features, heads, depth, depth, hidden, dropout, batch_first=True)
        self.generator = nn.Linear(features, words)
        self.generator.weight = self.embedding.weight

    def embed(self, tokens: Tensor) -> Tensor:
        return self.positional_encoding(self.embedding(tokens) * math.sqrt(self.embedding.embedding_dim))

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        later = nn.Transformer.generate_square_subsequent_mask(target.size(1), target.device, torch.bool)
        source_padding = source == 0
        out = self.transformer(
            self.embed(source),
            self.embed(target),
            tgt_mask=later,
            tgt_is_causal=True,
            src_key_padding_mask=source_padding,
            tgt_key_padding_mask=target == 0,
            memory_key_padding_mask=source_padding,
        )
        return self.generator(out)
