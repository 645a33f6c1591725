"""Networks for pictures, as people write them by hand: torch only."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Mlp(nn.Module):
    """Two linear layers with a GELU between them."""

    def __init__(self, features: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(features, hidden)
        self.act = nn.GELU()
        self.fc2 = nn.Linear(hidden, features)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(self.act(self.fc1(x)))


class MixerBlock(nn.Module):
    """Tokens are mixed, then channels."""

    def __init__(self, features: int, patches: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(features, eps=1e-6)
        self.mlp_tokens = Mlp(patches, features // 2)
        self.norm2 = nn.LayerNorm(features, eps=1e-6)
        self.mlp_channels = Mlp(features, features * 4)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.mlp_tokens(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        return x + self.mlp_channels(self.norm2(x))


class PatchEmbed(nn.Module):
    """A vector for each patch."""

    def __init__(self, patch: int, features: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, features, kernel_size=patch, stride=patch)

    def forward(self, x: Tensor) -> Tensor:
        return self.proj(x).flatten(2).transpose(1, 2)


class MLPMixer(nn.Module):
    """Tolstikhin et al., 2021, arXiv:2105.01601."""

    def __init__(
        self, size: int = 224, patch: int = 16, features: int = 768, depth: int = 12, num_classes: int = 1000
    ) -> None:
        super().__init__()
        self.stem = PatchEmbed(patch, features)
        self.blocks = nn.Sequential(*[MixerBlock(features, (size // patch) ** 2) for _ in range(depth)])
        self.norm = nn.LayerNorm(features, eps=1e-6)
        self.head = nn.Linear(features, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = self.blocks(x)
        x = self.norm(x)
        return self.head(x.mean(dim=1))


class BilinearCNN(nn.Module):
    """Lin et al., 2015, arXiv:1504.07889, with VGG-16 on both sides."""

    def __init__(self, num_classes: int = 200, convs: tuple[int, ...] = (2, 2, 3, 3, 3)) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        in_channels = 3
        for stage, count in enumerate(convs):
            for _ in range(count):
                out_channels = min(64 * 2**stage, 512)
                layers += [nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1), nn.ReLU(inplace=True)]
                in_channels = out_channels
            layers.append(nn.MaxPool2d(kernel_size=2, stride=2))
        self.features = nn.Sequential(*layers[:-1])
        self.fc = nn.Linear(in_channels**2, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)
        batch, channels, height, width = x.size()
        x = x.view(batch, channels, height * width)
        x = torch.bmm(x, torch.transpose(x, 1, 2)) / (height * width)
        x = x.view(batch, channels * channels)
        x = torch.sign(x) * torch.sqrt(torch.abs(x) + 1e-10)
        x = F.normalize(x)
        return self.fc(x)


class Siamese(nn.Module):
    """Koch et al., 2015: one tower for both pictures, and the weighted distance of what it makes of them."""

    def __init__(self, features: int = 4096) -> None:
        super().__init__()
        self.tower = nn.Sequential()
        self.tower.add_module("conv1", nn.Conv2d(1, 64, kernel_size=10))
        self.tower.add_module("relu1", nn.ReLU())
        self.tower.add_module("pool1", nn.MaxPool2d(2))
        self.tower.add_module("conv2", nn.Conv2d(64, 128, kernel_size=7))
        self.tower.add_module("relu2", nn.ReLU())
        self.tower.add_module("pool2", nn.MaxPool2d(2))
        self.tower.add_module("conv3", nn.Conv2d(128, 128, kernel_size=4))
        self.tower.add_module("relu3", nn.ReLU())
        self.tower.add_module("pool3", nn.MaxPool2d(2))
        self.tower.add_module("conv4", nn.Conv2d(128, 256, kernel_size=4))
        self.tower.add_module("relu4", nn.ReLU())
        self.tower.add_module("flatten", nn.Flatten())
        self.tower.add_module("fc", nn.Linear(256 * 6 * 6, features))
        self.tower.add_module("sigmoid", nn.Sigmoid())
        self.out = nn.Linear(features, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, mean=0.0, std=0.01)
                nn.init.normal_(module.bias, mean=0.5, std=0.01)
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, mean=0.0, std=0.2)
                nn.init.normal_(module.bias, mean=0.5, std=0.01)

    def forward_one(self, x: Tensor) -> Tensor:
        return self.tower(x)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        distance = torch.abs(self.forward_one(left) - self.forward_one(right))
        return torch.sigmoid(self.out(distance))
