"""One spec for U-Nets of every depth, against a hand-written one."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import archspec
from tests.judge import shuffled
from tests.zoo.reference_segmentation import UNet

SPEC = Path("specs/segmentation/unet_any_depth.yaml")


@pytest.mark.parametrize(("depth", "base"), [(1, 4), (2, 3), (4, 2), (5, 1)])
def test_it_is_the_hand_written_one(depth: int, base: int) -> None:
    architecture = archspec.load(SPEC, depth=depth, base=base)
    module, hand = architecture.build(), UNet(depth=depth, base=base)
    assert architecture.prove(module) == ()
    assert list(module.state_dict()) == list(hand.state_dict())
    hand.load_state_dict(shuffled(module).state_dict())
    for size in (96, 75):
        x = torch.randn(2, 3, size, size)
        assert torch.equal(module.eval()(x), hand.eval()(x))


def test_it_takes_under_thirty_lines() -> None:
    assert len(SPEC.read_text().splitlines()) < 30
