"""Random inputs: whole numbers reach every row of an embedding, and no further."""

from __future__ import annotations

import pytest
import torch

from archspec.emit.samples import samples
from tests.judge import load

TOKENS = "input: {shape: [500], dtype: int64}\n"


@pytest.mark.parametrize(
    ("layers", "rows"),
    [
        ("[{Embedding: {num_embeddings: 9, embedding_dim: 2}}]", 9),
        ("{a: {layers: [{Embedding: {num_embeddings: 9, embedding_dim: 2}}]}, b: {add: [a, a]}}", 9),
        (
            "{a: {Embedding: {num_embeddings: 9, embedding_dim: 2}, from: input}, "
            "b: {Embedding: {num_embeddings: 4, embedding_dim: 2}, from: input}, sum: {add: [a, b]}}",
            4,
        ),
        (
            "{a: {Embedding: {num_embeddings: 9, embedding_dim: 2}}, padding: {eq: 0, from: input}, "
            "more: {unsqueeze: 2}, b: {masked_fill: {value: 0.0, broadcast: true}, from: [a, more]}}",
            9,
        ),
        ("[{one_hot: 3}]", 1),
        ("[{to: float32}]", 4),
    ],
)
def test_whole_numbers(layers: str, rows: int) -> None:
    architecture = load(f"{TOKENS}layers: {layers}\n")
    module = architecture.build()
    torch.manual_seed(0)
    (given,) = samples(architecture.graph, module)
    assert given.unique().tolist() == list(range(rows))
    assert given.dtype == torch.int64
    module(given)
