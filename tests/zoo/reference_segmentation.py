"""Networks that label pixels or find things at every scale, as people write them by hand: torch only."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Level(nn.Module):
    """A pooling where there is one before, then two convolutions."""

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
    """Twice the size, padded to the skip connection and joined with it."""

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

    def __init__(self, channels: int = 3, classes: int = 2, base: int = 32, depth: int = 4) -> None:
        super().__init__()
        sizes = [channels, *(base * 2**index for index in range(depth + 1))]
        self.encoder = nn.ModuleList(Level(sizes[i], sizes[i + 1], pool=i > 0) for i in range(depth + 1))
        self.decoder = nn.ModuleList(Up(base * 2**index) for index in reversed(range(depth)))
        self.head = nn.Conv2d(base, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        levels = []
        for level in self.encoder:
            x = level(x)
            levels.append(x)
        for up, skip in zip(self.decoder, reversed(levels[:-1]), strict=True):
            x = up(x, skip)
        return self.head(x)


def double_conv(in_channels: int, out_channels: int) -> nn.Sequential:
    """Convolution, batch norm and ReLU, twice."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
        nn.Conv2d(out_channels, out_channels, kernel_size=3, padding=1),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )


class DownNode(nn.Module):
    """Half the size, twice the channels."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.pool = nn.MaxPool2d(2, 2)
        self.conv = double_conv(in_channels, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(self.pool(x))


class UpNode(nn.Module):
    """All nodes before it in its row, and the one below."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
        self.conv = double_conv(in_channels, out_channels)

    def forward(self, row: list[Tensor], below: Tensor) -> Tensor:
        return self.conv(torch.cat([*row, self.up(below)], dim=1))


class UNetPlusPlus(nn.Module):
    """Zhou et al., 2018, arXiv:1807.10165, with deep supervision."""

    def __init__(self, channels: int = 3, classes: int = 1, base: int = 32) -> None:
        super().__init__()
        nb = [base, base * 2, base * 4, base * 8, base * 16]

        self.conv0_0 = double_conv(channels, nb[0])
        self.conv1_0 = DownNode(nb[0], nb[1])
        self.conv2_0 = DownNode(nb[1], nb[2])
        self.conv3_0 = DownNode(nb[2], nb[3])
        self.conv4_0 = DownNode(nb[3], nb[4])

        self.conv0_1 = UpNode(nb[0] + nb[1], nb[0])
        self.conv1_1 = UpNode(nb[1] + nb[2], nb[1])
        self.conv2_1 = UpNode(nb[2] + nb[3], nb[2])
        self.conv3_1 = UpNode(nb[3] + nb[4], nb[3])

        self.conv0_2 = UpNode(nb[0] * 2 + nb[1], nb[0])
        self.conv1_2 = UpNode(nb[1] * 2 + nb[2], nb[1])
        self.conv2_2 = UpNode(nb[2] * 2 + nb[3], nb[2])

        self.conv0_3 = UpNode(nb[0] * 3 + nb[1], nb[0])
        self.conv1_3 = UpNode(nb[1] * 3 + nb[2], nb[1])

        self.conv0_4 = UpNode(nb[0] * 4 + nb[1], nb[0])

        self.final1 = nn.Conv2d(nb[0], classes, kernel_size=1)
        self.final2 = nn.Conv2d(nb[0], classes, kernel_size=1)
        self.final3 = nn.Conv2d(nb[0], classes, kernel_size=1)
        self.final4 = nn.Conv2d(nb[0], classes, kernel_size=1)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        x0_0 = self.conv0_0(x)
        x1_0 = self.conv1_0(x0_0)
        x0_1 = self.conv0_1([x0_0], x1_0)

        x2_0 = self.conv2_0(x1_0)
        x1_1 = self.conv1_1([x1_0], x2_0)
        x0_2 = self.conv0_2([x0_0, x0_1], x1_1)

        x3_0 = self.conv3_0(x2_0)
        x2_1 = self.conv2_1([x2_0], x3_0)
        x1_2 = self.conv1_2([x1_0, x1_1], x2_1)
        x0_3 = self.conv0_3([x0_0, x0_1, x0_2], x1_2)

        x4_0 = self.conv4_0(x3_0)
        x3_1 = self.conv3_1([x3_0], x4_0)
        x2_2 = self.conv2_2([x2_0, x2_1], x3_1)
        x1_3 = self.conv1_3([x1_0, x1_1, x1_2], x2_2)
        x0_4 = self.conv0_4([x0_0, x0_1, x0_2, x0_3], x1_3)

        return self.final1(x0_1), self.final2(x0_2), self.final3(x0_3), self.final4(x0_4)


def conv_bn_relu(in_channels: int, out_channels: int) -> nn.Sequential:
    """One step of VGG with batch norm."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.BatchNorm2d(out_channels), nn.ReLU(inplace=True)
    )


class SegNetDown(nn.Module):
    """Some convolutions, then a pooling that remembers where its maxima were."""

    def __init__(self, in_channels: int, out_channels: int, count: int) -> None:
        super().__init__()
        sizes = [in_channels] + [out_channels] * count
        self.convs = nn.Sequential(*[conv_bn_relu(sizes[i], sizes[i + 1]) for i in range(count)])
        self.pool = nn.MaxPool2d(2, 2, return_indices=True)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.pool(self.convs(x))


class SegNetUp(nn.Module):
    """The unpooling, then as many convolutions, the last of which changes the channels."""

    def __init__(self, in_channels: int, out_channels: int, count: int) -> None:
        super().__init__()
        self.unpool = nn.MaxUnpool2d(2, 2)
        sizes = [in_channels] * count + [out_channels]
        self.convs = nn.Sequential(*[conv_bn_relu(sizes[i], sizes[i + 1]) for i in range(count)])

    def forward(self, x: Tensor, indices: Tensor) -> Tensor:
        return self.convs(self.unpool(x, indices))


class SegNet(nn.Module):
    """Badrinarayanan et al., 2015, arXiv:1511.00561: the last decoder's second convolution gives the classes."""

    def __init__(self, classes: int = 12, channels: tuple[int, ...] = (64, 128, 256, 512, 512)) -> None:
        super().__init__()
        counts = [2, 2, 3, 3, 3]
        self.encoder = nn.ModuleList()
        in_channels = 3
        for out_channels, count in zip(channels, counts, strict=True):
            self.encoder.append(SegNetDown(in_channels, out_channels, count))
            in_channels = out_channels
        self.decoder = nn.ModuleList()
        for out_channels, count in zip(reversed((channels[0], *channels[:-1])), (3, 3, 3, 2, 1), strict=True):
            self.decoder.append(SegNetUp(in_channels, out_channels, count))
            in_channels = out_channels
        self.head = nn.Conv2d(in_channels, classes, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        found = []
        for down in self.encoder:
            x, indices = down(x)
            found.append(indices)
        for up in self.decoder:
            x = up(x, found.pop())
        return self.head(x)
