"""`FakeData`: torchvision's random images, to try a model or how fast it trains."""

from __future__ import annotations

from torchvision.datasets import FakeData

from archspec.train.data.images import ImageData
from archspec.train.data.items import Items, as_class
from archspec.train.data.loaded import Loaded
from archspec.train.data.request import Request
from archspec.train.data.statistics import usual_statistics


def load(request: Request) -> ImageData:
    """Images of the spec's size, the same each time; train and eval have different ones.

    Raises:
        SpecError: AS552, the spec's input is no image.
    """
    shape = request.image_shape(channels=(1, 3))
    classes, size = request.argument("num_classes"), (3, shape.height, shape.width)
    counts = {"train": request.argument("size"), "eval": request.argument("eval_size")}
    phases = {}
    for phase, offset in (("train", 0), ("eval", counts["train"])):
        made = FakeData(counts[phase], size, classes, random_offset=offset)
        source = Items(made, "FakeData", shape.channels, as_class)
        preparation = request.preparation(phase, shape, *usual_statistics(shape))
        phases[phase] = Loaded(source, preparation, request.argument("workers"))
    names = tuple(str(number) for number in range(classes))
    return ImageData("FakeData", "classification", names, phases["train"], phases["eval"], phases["eval"].preparation)
