"""What a data set is asked for: the spec's input, the recipe's arguments and transforms."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from archspec.errors import Diagnostic, SpecError
from archspec.ops.signatures import signatures
from archspec.spec.recipe import Recipe
from archspec.tensors import TensorType, show_shape
from archspec.train.data.images import ImageShape, Preparation
from archspec.train.parts import make_transforms, normalizes

_LARGEST_IMAGE = 2**26


def square(features: int) -> tuple[int, int] | None:
    """Height and width of a square image with that many pixels."""
    side = math.isqrt(features)
    return (side, side) if side * side == features else None


@dataclass(frozen=True, slots=True)
class Request:
    """Attributes:
    recipe: the `train` section.
    input_types: the model's inputs, by name.
    called: what the data set is called in place of its name in the recipe.
    output: what the model gives first, where that is known.
    """

    recipe: Recipe
    input_types: Mapping[str, TensorType]
    called: str | None = None
    output: TensorType | None = None

    @property
    def name(self) -> str:
        return self.called or self.recipe.data.name

    def argument(self, name: str) -> Any:
        """The recipe's value of a data set's argument, or its default."""
        declared = signatures("datasets")[self.recipe.data.name].argument(name)
        assert declared is not None, name
        return self.recipe.data.arguments.get(name, declared.default)

    def image_shape(
        self, channels: tuple[int, ...], flat: Callable[[int], tuple[int, int] | None] | None = None
    ) -> ImageShape:
        """The image that the model's input means.

        Args:
            channels: how many the data set can give.
            flat: height and width of a vector's image, where the data set can give vectors.

        Raises:
            SpecError: AS552, the data set has no such images.
        """
        if len(self.input_types) != 1:
            names = ", ".join(f"`{name}`" for name in self.input_types)
            raise self.no_input(f"the model has {len(self.input_types)} inputs ({names}), but `{self.name}` gives one")
        ((name, given),) = self.input_types.items()
        dims = [dim for dim in given.shape[1:] if isinstance(dim, int)]
        shown = f"`{name}` is {show_shape(given.shape)}"
        if not given.is_floating:
            raise self.no_input(f"`{name}` has integers ({given.dtype}), but `{self.name}` gives images of floats")
        if len(dims) == 1 and flat is not None:
            size = flat(dims[0])
            if size is None:
                raise self.no_input(f"{shown}, but {dims[0]} pixels are no square image")
            return ImageShape(1, *size, flat=True)
        if len(dims) != 3:
            raise self.no_input(f"{shown}, but `{self.name}` gives images [N, C, H, W]")
        if dims[0] not in channels:
            has = " or ".join(map(str, channels))
            raise self.no_input(f"{shown}, but an image of `{self.name}` has {has} channels, not {dims[0]}")
        if math.prod(dims) > _LARGEST_IMAGE:
            raise self.no_input(f"{shown}, but images have at most {_LARGEST_IMAGE:,} numbers")
        return ImageShape(dims[0], dims[1], dims[2])

    def preparation(
        self, phase: str, shape: ImageShape, mean: tuple[float, ...], std: tuple[float, ...]
    ) -> Preparation:
        """What happens to the images of `train` or `eval`."""
        transforms = self.recipe.transforms
        named = transforms.train if phase == "train" else transforms.eval
        return Preparation(shape, mean, std, self.recipe.seed, make_transforms(named), normalizes(transforms))

    def no_input(self, message: str) -> SpecError:
        """AS552 with the help that fits the data set."""
        help = "write `input: [1, H, W]` or `input: [3, H, W]`"
        if self.name == "digits":
            help += ", e.g. [1, 28, 28], or the number of pixels of a square image, e.g. [784]"
        return SpecError([Diagnostic("AS552", message, self.recipe.data.span, help=help)])
