"""What a run's best weights say of pictures that are no part of its data."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image

from archspec.errors import Diagnostic, UsageError, clip
from archspec.spec.recipe import Recipe
from archspec.train.data.loaded import opened
from archspec.train.data.registry import load_data
from archspec.train.data.request import Request
from archspec.train.device import pick_device
from archspec.train.evaluate import best_model
from archspec.train.fit import Trainable, check_head
from archspec.train.objective import make_objective

_NORMALISED = frozenset({"CrossEntropyLoss", "MultiMarginLoss"})


@dataclass(frozen=True, slots=True)
class Prediction:
    """Attributes:
    path: of the picture.
    classes: names with their probabilities, the most probable first.
    """

    path: str
    classes: Sequence[tuple[str, float]]


@torch.no_grad()
def predict_images(
    architecture: Trainable, folder: Path, paths: Sequence[str | os.PathLike[str]], device: str
) -> list[Prediction]:
    """The classes of pictures, prepared as the run's evaluation images are.

    Args:
        architecture: of the run.
        folder: of the run.
        paths: of the pictures.
        device: as for training.

    Raises:
        SpecError: as training.
        UsageError: AS557, a file is no picture; AS607, the run has no weights yet; AS558, it labels pixels.
    """
    recipe, place = architecture.recipe or Recipe(), pick_device(device)
    data = load_data(Request(recipe, architecture.input_types))
    check_head(architecture, data, recipe)
    if data.task != "classification" or data.preparation is None:
        message = f"the run in `{folder}` gives no class per image, and only these are told so far"
        raise UsageError(Diagnostic("AS558", message, help=f"look at {folder / 'predictions.png'}"))
    model = best_model(architecture, folder, place)
    main = make_objective(recipe, tuple(architecture.output_types), place).main
    found = []
    for index, path in enumerate(paths):
        image, _ = data.preparation.one(_opened(path, data.preparation.shape.channels), torch.tensor(0), 0, index)
        output = main.at(model(data.preparation.finish(image.unsqueeze(0).to(place)))).float()
        shares = _shares(main.name, output)[0].cpu()
        ranked = shares.argsort(descending=True).tolist()
        found.append(Prediction(os.fspath(path), [(data.classes[each], float(shares[each])) for each in ranked]))
    return found


def _opened(path: str | os.PathLike[str], channels: int) -> Image.Image:
    try:
        return opened(path, channels)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        message = f"the image `{os.fspath(path)}` cannot be read: {clip(reason, 200)}"
        raise UsageError(Diagnostic("AS557", message)) from None


def _shares(loss: str, output: torch.Tensor) -> torch.Tensor:
    """Numbers that add up to 1, [n, classes]: what the output means under the loss that it was trained with."""
    if output.shape[1] == 1:
        share = output.sigmoid() if loss in ("BCEWithLogitsLoss", "SoftMarginLoss") else output.clamp(0, 1)
        return torch.cat([1 - share, share], 1)
    if loss == "NLLLoss":
        return output.exp()
    if loss in ("BCEWithLogitsLoss", "MultiLabelSoftMarginLoss", "SoftMarginLoss"):
        output = output.sigmoid()
        return output / output.sum(1, keepdim=True)
    if loss in _NORMALISED:
        return output.softmax(1)
    output = output.clamp_min(0)
    return output / output.sum(1, keepdim=True).clamp_min(1e-12)
