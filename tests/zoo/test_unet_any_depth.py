"""One spec for U-Nets of every depth, against a hand-written one."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import archspec
from tests.judge import shuffled

SPEC = Path("specs/segmentation/unet_any_depth.yaml")


class Level(nn.Module):
    def __init__(self, before: int, channels: int, *, pool: bool) -> None:
        super().__init__()
        self.pool = nn.MaxPool2d(2) if pool else None
        self.conv = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(size, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(inplace=True)
            )
            for size in (before, channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        if self.pool is not None:
            x = self.pool(x)
        for conv in self.conv:
            x = conv(x)
        return x


class Up(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(2 * channels, channels, 2, stride=2)
        self.level = Level(2 * channels, channels, pool=False)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        x = self.up(x)
        down, right = skip.size(2) - x.size(2), skip.size(3) - x.size(3)
        x = F.pad(x, [right // 2, right - right // 2, down // 2, down - down // 2])
        return self.level(torch.cat([skip, x], dim=1))


class UNet(nn.Module):
    """Ronneberger et al., 2015, arXiv:1505.04597, padded and with batch norm."""

    def __init__(self, depth: int, base: int) -> None:
        super().__init__()
        sizes = [3, *(base * 2**index for index in range(depth + 1))]
        self.encoder = nn.ModuleList(Level(sizes[i], sizes[i + 1], pool=i > 0) for i in range(depth + 1))
        self.decoder = nn.ModuleList(Up(base * 2**index) for index in reversed(range(depth)))
        self.head = nn.Conv2d(base, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        levels = []
        for level in self.encoder:
            x = level(x)
            levels.append(x)
        for up, skip in zip(self.decoder, reversed(levels[:-1]), strict=True):
            x = up(x, skip)
        return self.head(x)


@pytest.mark.parametrize(("depth", "base"), [(1, 4), (2, 3), (4, 2), (5, 1)])
def test_it_is_the_hand_written_one(depth: int, base: int) -> None:
    architecture = archspec.load(SPEC, depth=depth, base=base)
    module, hand = architecture.build(), UNet(depth, base)
    assert architecture.prove(module) == ()
    assert list(module.state_dict()) == list(hand.state_dict())
    hand.load_state_dict(shuffled(module).state_dict())
    for size in (96, 75):
        x = torch.randn(2, 3, size, size)
        assert torch.equal(module.eval()(x), hand.eval()(x))


def test_it_takes_under_thirty_lines() -> None:
    assert len(SPEC.read_text().splitlines()) < 30
