"""Means and standard deviations by which images are normalised."""

from __future__ import annotations

from typing import TypeAlias

from torch import Tensor

from archspec.train.data.images import ImageShape

Statistics: TypeAlias = tuple[tuple[float, ...], tuple[float, ...]]

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Per channel (R, G, B), as torchvision's pretrained models take them."""
_GREY: Statistics = ((0.5,), (0.5,))
_ENOUGH = 5_000


def usual_statistics(shape: ImageShape) -> Statistics:
    """ImageNet's for colour, a half for grey."""
    return (IMAGENET_MEAN, IMAGENET_STD) if shape.channels == 3 else _GREY


def channel_statistics(images: Tensor, shape: ImageShape) -> Statistics:
    """Those of the images themselves, or of some thousands of them, evenly taken.

    Args:
        images: uint8 [n, C, H, W].
        shape: what they become; grey if it has one channel.
    """
    some = images[:: max(1, len(images) // _ENOUGH)]
    if some.shape[1] == 3 and shape.channels == 1:
        from torchvision.transforms.v2 import functional  # late: see `Preparation`

        some = functional.rgb_to_grayscale(some)
    pixels = some.double() / 255
    mean, std = pixels.mean((0, 2, 3)), pixels.std((0, 2, 3)).clamp_min(1e-3)
    return tuple(mean.tolist()), tuple(std.tolist())
