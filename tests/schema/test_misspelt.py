"""Kinds that are nearly right are warned of; those that are right, and blocks with names of their own, are not."""

from __future__ import annotations

import re

import pytest

from archspec.ops.registry import kinds
from archspec.schema.misspelt import pattern

_FAMILY = re.compile(pattern(["Conv1d", "Conv2d", "Conv3d"]))


@pytest.mark.parametrize(
    "word", ["Conv2D", "conv2d", "CONV2D", "Con2d", "Conv22d", "Conv2dd", "Cnov2d", "Conv2", "xConv2d", "Conv2b"]
)
def test_one_edit_away(word: str) -> None:
    assert _FAMILY.search(word)


@pytest.mark.parametrize("word", ["BasicConv2d", "Conv", "Conv2dBN", "LayerNorm2d", "res_block", "Up", "convolution"])
def test_other_words(word: str) -> None:
    assert not _FAMILY.search(word)


@pytest.mark.parametrize("kind", [kind for kind in kinds() if len(kind) >= 4])
def test_every_edit_of_every_kind(kind: str) -> None:
    near = re.compile(pattern([kind]))
    for at in range(len(kind)):
        swapped = kind[:at] + kind[at + 1 : at + 2] + kind[at] + kind[at + 2 :]
        for word in (kind[:at] + kind[at + 1 :], f"{kind[:at]}x{kind[at + 1 :]}", f"{kind[:at]}x{kind[at:]}", swapped):
            assert near.search(word), word
    assert not near.search(f"My{kind}")
