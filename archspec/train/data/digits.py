"""`digits`: the 1,797 real 8×8 images of the test set of UCI's Optical Recognition of Handwritten Digits.

E. Alpaydin, C. Kaynak: https://doi.org/10.24432/C50P49, CC BY 4.0; see DIGITS_LICENSE.txt beside this file.
"""

from __future__ import annotations

from importlib import resources

import numpy as np
import torch
from torch import Tensor

from archspec.train.data.images import ImageData, ImageShape
from archspec.train.data.in_memory import InMemory
from archspec.train.data.request import Request, square

CLASSES = tuple("0123456789")
_BRIGHTEST = 16
_FIFTH, _TEST_REMAINDER = 5, 2


def load_arrays() -> dict[str, tuple[Tensor, Tensor]]:
    """Images uint8 [n, 1, 8, 8] from 0 to 16 and labels int64 [n], for `train` (1,438) and `eval` (359).

    Within each class, in the order of the file, of every five images the third is one for evaluation.
    """
    with resources.files("archspec.train.data").joinpath("digits.npz").open("rb") as file:
        arrays = np.load(file, allow_pickle=False)
        images = torch.from_numpy(arrays["images"]).unsqueeze(1)
        labels = torch.from_numpy(arrays["labels"]).long()
    rank = torch.zeros_like(labels)
    for label in range(len(CLASSES)):
        of_class = labels == label
        rank[of_class] = torch.arange(int(of_class.sum()))
    is_eval = rank % _FIFTH == _TEST_REMAINDER
    return {"train": (images[~is_eval], labels[~is_eval]), "eval": (images[is_eval], labels[is_eval])}


def load(request: Request) -> ImageData:
    """The digits at the spec's size: [1, H, W], [3, H, W] (grey, repeated), or a vector of a square number of pixels.

    Raises:
        SpecError: AS552, the spec's input is none of these.
    """
    shape = request.image_shape(channels=(1, 3), flat=square)
    arrays = load_arrays()
    pixels = arrays["train"][0].float() / _BRIGHTEST
    mean, std = (float(pixels.mean()),), (float(pixels.std()),)

    def decode(stored: Tensor) -> Tensor:
        return enlarge(stored, shape)

    phases = {
        phase: InMemory(*arrays[phase], decode, request.preparation(phase, shape, mean, std))
        for phase in ("train", "eval")
    }
    train, evaluation = phases["train"], phases["eval"]
    return ImageData("digits", "classification", CLASSES, train, evaluation, evaluation.preparation)


def enlarge(stored: Tensor, shape: ImageShape) -> Tensor:
    """Stored digits [n, 1, 8, 8] as float images in [0, 1] of the given size (bilinear), [n, 1, H, W]."""
    images = stored.float() / _BRIGHTEST
    if list(images.shape[-2:]) == shape.size:
        return images
    from torchvision.transforms.v2 import functional  # late: see `Preparation`

    resized: Tensor = functional.resize(images, shape.size, antialias=True)
    return resized
