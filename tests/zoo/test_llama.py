"""The largest spec of the zoo is counted without being allocated, and Llamas see how far apart words are."""

from __future__ import annotations

import pytest
import torch

import archspec
from archspec.errors import UsageError

SPEC = "specs/llama3_405b.yaml"
SMALL = {"vocabulary": 50, "context": 12, "features": 32, "hidden": 48, "heads": 4, "kv_heads": 2, "layers": 1}


def test_the_whole_one_is_counted_and_not_allocated() -> None:
    architecture = archspec.load(SPEC)
    assert architecture.num_params == 405_853_388_800
    with pytest.raises(UsageError, match=r"1,623\.4 GB in float32.*\n.*--max-params 405853388800"):
        architecture.build()
    assert sum(parameter.numel() for parameter in architecture.build(device="meta").parameters()) == 405_853_388_800


@torch.no_grad()
def test_the_order_of_words_matters_to_the_last_one() -> None:
    """One layer of attention without positions is blind to the order of what it sees."""
    model = archspec.build(SPEC, **SMALL).eval()
    for parameter in model.model.layers[0].self_attn.parameters():
        parameter.mul_(10)
    tokens = torch.arange(12)[None]
    swapped = tokens.clone()
    swapped[0, [2, 7]] = tokens[0, [7, 2]]
    ours, theirs = (model(given)[0, -1] for given in (tokens, swapped))
    assert (ours - theirs).abs().max() > 1e-4


@torch.no_grad()
def test_half_precision_keeps_its_type() -> None:
    model = archspec.build(SPEC, dtype="bfloat16", **SMALL).eval()
    assert model(torch.arange(12)[None]).dtype == torch.bfloat16
