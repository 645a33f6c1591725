"""The evaluation data through a model's eyes: all figures in one pass, and examples to show."""

from __future__ import annotations

import io
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from archspec.spec.recipe import Recipe
from archspec.train.data.batch import Batch
from archspec.train.data.images import ImageData
from archspec.train.feed import feed
from archspec.train.findings import Example, Findings
from archspec.train.metrics import Metric, mean_iou
from archspec.train.objective import Objective
from archspec.train.palette import UNKNOWN, WRONG, palette
from archspec.train.portions import Portions
from archspec.train.seeds import forked_generators
from archspec.train.targets import classes_second, confusion, hard, predict
from archspec.train.totals import Totals
from archspec.train.understand import shares

_EXAMPLES, _MASKS = 32, 12
_LARGEST, _SMALL = 192, 64


@dataclass(slots=True)
class _Seen:
    """What is remembered of each sample: its class, what was said, how sure; of a mask, its IoU."""

    labels: list[Tensor] = field(default_factory=list)
    said: list[Tensor] = field(default_factory=list)
    scores: list[Tensor] = field(default_factory=list)

    def add(self, loss: str, output: Tensor, target: Tensor, data: ImageData) -> None:
        """One batch; of masks, the scores only."""
        labels = hard(target, output)
        said = predict(loss, classes_second(output, labels))
        if data.task == "segmentation":
            self.scores.append(_ious(labels, said, len(data.classes)))
            return
        self.labels.append(labels.cpu())
        self.said.append(said.cpu())
        self.scores.append(shares(loss, output.float()).amax(1).cpu())


@torch.no_grad()
def look(
    model: nn.Module,
    objective: Objective,
    data: ImageData,
    recipe: Recipe,
    metrics: Sequence[Metric],
    device: torch.device,
    *,
    examples: bool = True,
) -> Findings:
    """Measure a model on all evaluation data, and choose examples: mistakes first, or masks from the worst to the best.

    Args:
        model: whose weights are looked at; it is left in eval mode.
        objective: its loss.
        data: what it is measured on.
        recipe: for the size of a batch.
        metrics: what is measured besides the loss.
        device: where the model is.
        examples: whether to choose any.
    """
    model.eval()
    main, seen = objective.main, _Seen()
    totals = Totals.of(metrics, main.name, data.exclusive, device)
    with forked_generators(device), closing(_everything(data, recipe, device)) as batches:
        for batch in batches:
            loss, output = objective(model(*batch.inputs), batch)
            target = main.target(batch)
            totals.add(loss, batch.size, output, target)
            if target is not None and data.task in ("classification", "segmentation"):
                seen.add(main.name, output, target, data)
    matrix = totals.confusion().tolist()
    shown = tuple(_examples(model, objective, data, device, seen)) if examples else ()
    classes = data.classes if matrix else ()  # of very many there is no matrix
    return Findings(totals.figures(objective.is_mean), classes, matrix, data.task, len(data.eval), shown)


def _everything(data: ImageData, recipe: Recipe, device: torch.device) -> Generator[Batch, None, None]:
    return feed(data.eval, torch.arange(len(data.eval)), 0, recipe, device, Portions(recipe.batch_size))


def _ious(labels: Tensor, said: Tensor, classes: int) -> Tensor:
    return torch.tensor([mean_iou(confusion(*pair, classes)) for pair in zip(labels, said, strict=True)])


def _examples(
    model: nn.Module, objective: Objective, data: ImageData, device: torch.device, seen: _Seen
) -> Iterator[Example]:
    if not seen.scores or data.preparation is None:  # of what is no image there is nothing to show
        return
    if data.task == "classification":
        yield from _labelled(data, torch.cat(seen.labels), torch.cat(seen.said), torch.cat(seen.scores))
    else:
        yield from _masks(model, objective, data, device, torch.cat(seen.scores))


def _labelled(data: ImageData, labels: Tensor, said: Tensor, scores: Tensor) -> Iterator[Example]:
    """The surest mistakes, at most half of all; then right ones, evenly taken."""
    wrong = (labels != said).nonzero().flatten()
    wrong = wrong[scores[wrong].argsort(descending=True, stable=True)]
    right = (labels == said).nonzero().flatten().tolist()
    shown = wrong[: max(_EXAMPLES // 2, _EXAMPLES - len(right))].tolist()[:_EXAMPLES]
    shown += evenly(right, _EXAMPLES - len(shown))
    for index, image in zip(shown, _images(data, shown), strict=True):
        true, told = (data.classes[int(values[index])] for values in (labels, said))
        yield Example(encoded(image), true, told, true == told, float(scores[index]))


def _masks(
    model: nn.Module, objective: Objective, data: ImageData, device: torch.device, scores: Tensor
) -> Iterator[Example]:
    """From the worst image to the best, evenly taken."""
    shown = evenly(scores.argsort(stable=True).tolist(), _MASKS)
    main, classes = objective.main, len(data.classes)
    with closing(data.eval.batches(torch.tensor(shown), 1, 0, device)) as batches:
        for index, batch in zip(shown, batches, strict=True):
            output = main.at(model(*batch.inputs))
            target = main.target(batch)
            assert target is not None
            truth = hard(target, output)
            said = predict(main.name, classes_second(output, truth)).cpu()[0]
            truth = truth.cpu()[0]
            assert data.preparation is not None
            picture = data.preparation.shown(batch.inputs[0].cpu())[0]
            pair = encoded_mask(truth, classes), encoded_mask(said, classes, truth)
            yield Example(encoded(picture), "", "", bool((said == truth).all()), float(scores[index]), pair)


def _images(data: ImageData, indices: Sequence[int]) -> Iterator[Tensor]:
    """These evaluation images as pictures, [C, H, W] in [0, 1]."""
    chosen = torch.tensor(indices, dtype=torch.int64)
    assert data.preparation is not None
    with closing(data.eval.batches(chosen, len(indices) or 1, 0, torch.device("cpu"))) as batches:
        for batch in batches:
            yield from data.preparation.shown(batch.inputs[0])


def evenly(values: Sequence[int], count: int) -> list[int]:
    """`count` of the values, from the first to the last."""
    if len(values) <= count:
        return list(values)
    return [values[round(place * (len(values) - 1) / max(1, count - 1))] for place in range(count)]


def encoded(image: Tensor) -> bytes:
    """A picture [C, H, W] in [0, 1] as a file: PNG where it is small, else JPEG, no larger than it is shown."""
    pixels = (image.clamp(0, 1) * 255).round().to(torch.uint8).movedim(0, -1).cpu().numpy()
    made = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    file = io.BytesIO()
    if max(made.size) <= _SMALL:
        made.save(file, "PNG")
    else:
        made.thumbnail((_LARGEST, _LARGEST))
        made.save(file, "JPEG", quality=88)
    return file.getvalue()


def encoded_mask(mask: Tensor, classes: int, truth: Tensor | None = None) -> bytes:
    """A mask [H, W] in the colours of its classes as PNG; of two classes, what differs from `truth` is red."""
    colours = np.array([*palette(classes), WRONG, UNKNOWN], dtype=np.uint8)
    indices = np.where(mask.numpy() < 0, classes + 1, mask.numpy())
    if truth is not None and classes == 2:
        indices = np.where((truth.numpy() >= 0) & (indices != truth.numpy()), classes, indices)
    file = io.BytesIO()
    Image.fromarray(colours[indices]).save(file, "PNG")
    return file.getvalue()
