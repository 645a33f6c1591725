"""`CocoDetection`: COCO's outlines of things as masks of their classes."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torchvision.datasets import CocoDetection

from archspec.errors import Diagnostic, SpecError, clip
from archspec.train.data.dense import IDENTITY
from archspec.train.data.images import ImageData
from archspec.train.data.items import Items
from archspec.train.data.loaded import Loaded
from archspec.train.data.request import Request
from archspec.train.data.statistics import usual_statistics

_NO_LABEL = 255
_MOST_CLASSES = 254


@dataclass(frozen=True, slots=True)
class CocoMasks:
    """Pairs of an image and a mask: 0 for the background, then the categories by their ids; where two overlap, or in a
    crowd, there is no label, as in torchvision's reference training.

    Attributes:
        pictures: torchvision's data set.
        class_of: the class of each category's id.
    """

    pictures: CocoDetection
    class_of: dict[int, int]

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> tuple[Image.Image, Any]:
        image, annotations = self.pictures[index]
        mask = np.zeros((image.height, image.width), np.uint8)
        for each in annotations:
            inside = self.pictures.coco.annToMask(each).astype(bool)
            label = _NO_LABEL if each.get("iscrowd") else self.class_of.get(each["category_id"], _NO_LABEL)
            mask[inside] = np.where(mask[inside] > 0, _NO_LABEL, label)
        return image, mask


def load(request: Request) -> ImageData:
    """The images below `root` with the annotations of `annFile`, and those of `eval_root` and `eval_annFile`.

    Raises:
        SpecError: AS552, the spec's input is no image; AS554, files are not there; AS559, pycocotools is missing.
    """
    shape = request.image_shape(channels=(1, 3))
    if find_spec("pycocotools") is None:
        message = "torchvision reads `CocoDetection` with the package `pycocotools`, which is not installed"
        help = "run `python -m pip install pycocotools`"
        raise SpecError([Diagnostic("AS559", message, request.recipe.data.span, help=help)])
    pictures = {"train": _pictures(request, "root", "annFile"), "eval": _pictures(request, "eval_root", "eval_annFile")}
    categories = sorted(pictures["train"].coco.cats.values(), key=lambda each: int(each["id"]))[:_MOST_CLASSES]
    class_of = {each["id"]: number for number, each in enumerate(categories, 1)}
    phases = {
        phase: Loaded(
            Items(CocoMasks(made, class_of), "CocoDetection", shape.channels, IDENTITY.read),
            request.preparation(phase, shape, *usual_statistics(shape)),
            request.argument("workers"),
        )
        for phase, made in pictures.items()
    }
    classes = ("background", *(str(each["name"]) for each in categories))
    shown = phases["eval"].preparation
    return ImageData(
        "CocoDetection", "segmentation", classes, phases["train"], phases["eval"], shown, has_unlabelled=True
    )


def _pictures(request: Request, root: str, file: str) -> CocoDetection:
    place, annotations = (Path(request.argument(name)).expanduser() for name in (root, file))
    for name, path, is_there in ((root, place, place.is_dir()), (file, annotations, annotations.is_file())):
        if not is_there:
            span = request.recipe.data.spans.get(name, request.recipe.data.span)
            message = f"`{name}` of `CocoDetection`, `{clip(str(path))}`, is not there"
            help = "give the folder of images, and the JSON file of their annotations"
            raise SpecError([Diagnostic("AS554", message, span, help=help)])
    try:
        with redirect_stdout(io.StringIO()):  # pycocotools prints how long it takes
            made = CocoDetection(place, str(annotations))
        if not len(made) or not made.coco.cats:
            raise ValueError("it lists no images, or no categories")
    except Exception as error:  # whatever a file that claims to be COCO's makes pycocotools raise
        span = request.recipe.data.spans.get(file, request.recipe.data.span)
        message = f"`{clip(str(annotations))}` holds no annotations as COCO has them: {clip(str(error), 200)}"
        help = "give the JSON file of annotations that COCO's tools write, `instances_train2017.json` for one"
        raise SpecError([Diagnostic("AS554", message, span, help=help)]) from None
    return made
