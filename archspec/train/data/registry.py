"""The data sets that a recipe may name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from archspec.train.data.images import ImageData
from archspec.train.data.request import Request
from archspec.train.data.task import as_learnt
from archspec.train.data.vision_sets import VISION_SETS

if TYPE_CHECKING:
    from archspec.train.data.handed_over import HandedOver

MODULES: Mapping[str, str] = {
    "digits": "digits",
    "digits_segmentation": "digits_segmentation",
    "ImageFolder": "image_folder",
    "FakeData": "fake",
    "tensors": "tensors",
    "CocoDetection": "coco",
    "given": "handed_over",
    **dict.fromkeys(VISION_SETS, "vision"),
}
"""Where each is made. Loaded when it is asked for: many need torchvision, which takes as long to load as torch."""


def load_data(request: Request, handed: HandedOver | None = None) -> ImageData:
    """The data set of the recipe, for the model's input.

    Args:
        request: the recipe, and the model's inputs.
        handed: in its place.

    Raises:
        SpecError: AS552 to AS559, the data set cannot give what the spec asks for, or is not there.
    """
    if handed is not None:
        from archspec.train.data.handed_over import load_handed  # as the others

        return as_learnt(request.recipe, load_handed(request, handed), tuple(request.input_types))
    module = MODULES.get(request.name, "plugged")
    make: Callable[[Request], ImageData] = import_module(f"archspec.train.data.{module}").load
    data = make(request)
    return as_learnt(request.recipe, data, tuple(request.input_types))
