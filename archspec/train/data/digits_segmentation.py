"""`digits_segmentation`: real handwritten digits at random places and scales on a noisy canvas, with exact masks."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.transforms.v2 import functional

from archspec.errors import Diagnostic, SpecError
from archspec.train.data.digits import CLASSES, load_arrays
from archspec.train.data.images import ImageData, ImageShape
from archspec.train.data.in_memory import InMemory
from archspec.train.data.request import Request

Canvas: TypeAlias = NDArray[np.float32]
Mask: TypeAlias = NDArray[np.uint8]

_CLASS_NAMES = {2: ("background", "digit"), 11: ("background", *CLASSES)}
_SMALLEST_SIDE = 16
_MOST_PIXELS = 400_000_000
_TRIES = 20
_PHASE = {"train": 0, "eval": 1}


def load(request: Request) -> ImageData:
    """Made anew from the argument `seed`, the same each time; train and eval have different digits.

    Raises:
        SpecError: AS552, the spec's input is no image; AS553, an argument asks for what cannot be made.
    """
    shape = request.image_shape(channels=(1, 3))
    classes = request.argument("classes")
    counts = {"train": request.argument("samples"), "eval": request.argument("eval_samples")}
    _check(request, shape, classes, sum(counts.values()))
    digits = load_arrays()
    made = {}
    for phase, count in counts.items():
        source = (digits[phase][0].numpy(), digits[phase][1].numpy())
        seed = (request.argument("seed"), _PHASE[phase])
        made[phase] = compose(source, shape, count, request.argument("digits_per_image"), seed)
    pixels = made["train"][0].float() / 255
    mean, std = (float(pixels.mean()),), (float(pixels.std()),)
    phases = {
        phase: InMemory(
            images, masks.clamp_max(classes - 1).long(), _decode, request.preparation(phase, shape, mean, std)
        )
        for phase, (images, masks) in made.items()
    }
    train, evaluation = phases["train"], phases["eval"]
    names = _CLASS_NAMES[classes]
    return ImageData("digits_segmentation", "segmentation", names, train, evaluation, evaluation.preparation)


def _check(request: Request, shape: ImageShape, classes: int, count: int) -> None:
    span = request.recipe.data.span
    if classes not in _CLASS_NAMES:
        message = f"`classes` of `digits_segmentation` is 2 (background, digit) or 11 (which digit), not {classes}"
        at = request.recipe.data.spans.get("classes", span)
        raise SpecError([Diagnostic("AS553", message, at, help="write `classes: 2` or `classes: 11`")])
    if min(shape.size) < _SMALLEST_SIDE:
        message = f"digits do not fit on {shape.height}×{shape.width} pixels"
        help = f"use an input of at least {_SMALLEST_SIDE}×{_SMALLEST_SIDE}"
        raise SpecError([Diagnostic("AS553", message, span, help=help)])
    pixels = count * shape.height * shape.width
    if pixels > _MOST_PIXELS:
        message = f"{count:,} images of {shape.height}×{shape.width} are more than {_MOST_PIXELS:,} pixels"
        fitting = max(2, _MOST_PIXELS // (shape.height * shape.width))
        help = f"use a smaller input, or a `samples` and `eval_samples` of {fitting:,} together"
        raise SpecError([Diagnostic("AS553", message, span, help=help)])


def _decode(stored: Tensor) -> Tensor:
    return stored.float() / 255


def compose(
    digits: tuple[NDArray[np.uint8], NDArray[np.int64]],
    shape: ImageShape,
    count: int,
    at_most: int,
    seed: tuple[int, int],
) -> tuple[Tensor, Tensor]:
    """Canvases with one to `at_most` digits.

    Args:
        digits: images uint8 [n, 1, 8, 8] from 0 to 16, and their labels [n].
        shape: the canvas.
        count: how many.
        at_most: digits per canvas; fewer where there is no room without overlap.
        seed: of everything; sample i is the same whatever `count` is.

    Returns:
        uint8 images [count, 1, H, W], and uint8 masks [count, H, W]: 0 for background, 1 + label for a digit.
    """
    images = np.empty((count, 1, *shape.size), np.uint8)
    masks = np.empty((count, *shape.size), np.uint8)
    for index in range(count):
        random = np.random.default_rng((*seed, index))
        canvas, mask = _background(random, shape), np.zeros(shape.size, np.uint8)
        for _ in range(int(random.integers(1, at_most + 1))):
            which = int(random.integers(len(digits[1])))
            _place(random, canvas, mask, digits[0][which], int(digits[1][which]))
        canvas += random.normal(0, random.uniform(0.04, 0.10), canvas.shape).astype(np.float32)
        images[index, 0] = np.clip(np.rint(canvas * 255), 0, 255)
        masks[index] = mask
    return torch.from_numpy(images), torch.from_numpy(masks)


def _background(random: np.random.Generator, shape: ImageShape) -> Canvas:
    """Uneven light, blotches, and a few straight scratches as bright as ink."""
    down, right = np.mgrid[0 : shape.height, 0 : shape.width].astype(np.float32)
    angle = random.uniform(0, 2 * np.pi)
    slope = np.cos(angle) * down / shape.height + np.sin(angle) * right / shape.width
    canvas = random.uniform(0.10, 0.30) + 0.15 * slope
    blotches = torch.from_numpy(random.normal(0, 0.06, (1, 1, 6, 6)).astype(np.float32))
    canvas += functional.resize(blotches, shape.size, antialias=True).numpy()[0, 0]
    for _ in range(int(random.integers(0, 4))):
        row, column = random.uniform(0, shape.height), random.uniform(0, shape.width)
        angle, length = random.uniform(0, np.pi), random.uniform(0.2, 0.6) * min(shape.size)
        along = (down - row) * np.sin(angle) + (right - column) * np.cos(angle)
        across = (down - row) * np.cos(angle) - (right - column) * np.sin(angle)
        scratch = np.clip(1.2 - np.abs(across), 0, 1) * (np.abs(along) < length / 2)
        canvas = np.maximum(canvas, scratch * random.uniform(0.5, 0.9))
    lit: Canvas = canvas.astype(np.float32)
    return lit


def _place(random: np.random.Generator, canvas: Canvas, mask: Mask, digit: NDArray[np.uint8], label: int) -> None:
    """Ink a digit where none is yet; not at all where no free place is found."""
    height, width = mask.shape
    side = max(8, round(random.uniform(0.28, 0.5) * min(height, width)))
    for _ in range(_TRIES):
        top, left = int(random.integers(height - side + 1)), int(random.integers(width - side + 1))
        region = np.s_[top : top + side, left : left + side]
        if mask[region].any():
            continue
        stored = torch.from_numpy(digit).float().unsqueeze(0) / 16
        grey = functional.resize(stored, [side, side], antialias=True).numpy()[0, 0]
        ink = np.clip(2 * grey - 0.5, 0, 1)  # steeper edges, so that the mask's border is one that can be seen
        canvas[region] += ink * (random.uniform(0.65, 1.0) - canvas[region])
        mask[region][ink >= 0.5] = 1 + label
        return
