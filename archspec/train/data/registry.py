"""The data sets that a recipe may name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from archspec.train.data import coco, digits, digits_segmentation, fake, image_folder, plugged, tensors, vision
from archspec.train.data.images import ImageData
from archspec.train.data.request import Request
from archspec.train.data.task import as_learnt

FACTORIES: Mapping[str, Callable[[Request], ImageData]] = {
    "digits": digits.load,
    "digits_segmentation": digits_segmentation.load,
    "ImageFolder": image_folder.load,
    "FakeData": fake.load,
    "tensors": tensors.load,
    "CocoDetection": coco.load,
    **vision.FACTORIES,
}


def load_data(request: Request) -> ImageData:
    """The data set of the recipe, for the model's input.

    Raises:
        SpecError: AS552 to AS559, the data set cannot give what the spec asks for, or is not there.
    """
    if request.name not in FACTORIES:
        return plugged.load(request)
    data = FACTORIES[request.name](request)
    return as_learnt(request.recipe, data, tuple(request.input_types))
