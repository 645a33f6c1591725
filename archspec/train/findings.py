"""What a model says of the evaluation data, in figures and examples. No torch is needed to look at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Example:
    """One image and what was said of it.

    Attributes:
        picture: as PNG.
        true: its class; of a mask, nothing.
        said: the class that the model gives it.
        is_right: whether these are the same.
        share: how sure the model is, from 0 to 1; of a mask, its IoU.
        masks: the true one and the model's, as PNG; none where the image has one class.
    """

    picture: bytes
    true: str
    said: str
    is_right: bool
    share: float
    masks: tuple[bytes, bytes] | None = None


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """Of one class, against all others. What would be 0 of 0 is None.

    Attributes:
        name: the class.
        count: samples (or pixels) of it.
        precision: the share of those said to be of the class which are.
        recall: the share of its own that were found.
        f1: 2·TP / (2·TP + FP + FN), of pixels the Dice coefficient.
        iou: TP / (TP + FP + FN), the intersection over the union.
    """

    name: str
    count: int
    precision: float | None
    recall: float | None
    f1: float | None
    iou: float | None


@dataclass(frozen=True, slots=True)
class Findings:
    """Attributes:
    figures: the loss and the metrics by name, over all evaluation data.
    classes: their names, by index; empty where nothing is classified.
    matrix: how often each class (row) was taken for each (column).
    task: what the data is for, as `classification`.
    count: how many samples were measured.
    examples: wrong ones first, then right ones.
    """

    figures: Mapping[str, float]
    classes: Sequence[str]
    matrix: Sequence[Sequence[int]]
    task: str
    count: int
    examples: Sequence[Example] = ()

    @property
    def per_class(self) -> list[ClassFigures]:
        """The figures of each class, in order."""
        said = [sum(column) for column in zip(*self.matrix, strict=True)]
        return [_figures(name, self.matrix[index], index, said[index]) for index, name in enumerate(self.classes)]

    def met(self, count: int) -> list[int]:
        """The classes that occur or are said, at most so many, the most frequent ones; in order."""
        said = [sum(column) for column in zip(*self.matrix, strict=True)]
        often = [sum(row) + said[index] for index, row in enumerate(self.matrix)]
        return sorted(sorted(filter(often.__getitem__, range(len(often))), key=lambda each: -often[each])[:count])

    def confusions(self, count: int) -> list[tuple[str, str, int, float]]:
        """The most frequent mistakes: true class, class said, how often, and what share of the true class that is."""
        wrong = [
            (number, row, column)
            for row, numbers in enumerate(self.matrix)
            for column, number in enumerate(numbers)
            if number and row != column
        ]
        wrong.sort(key=lambda each: (-each[0], each[1], each[2]))
        return [
            (self.classes[row], self.classes[column], number, number / sum(self.matrix[row]))
            for number, row, column in wrong[:count]
        ]

    def as_data(self) -> dict[str, Any]:
        """For `evaluation.json`; without the examples."""
        return {
            "task": self.task,
            "count": self.count,
            "figures": dict(self.figures),
            "classes": list(self.classes),
            "confusion": [list(row) for row in self.matrix],
        }


def _figures(name: str, row: Sequence[int], index: int, said: int) -> ClassFigures:
    count, right = sum(row), row[index]
    both = count + said
    return ClassFigures(
        name, count, _ratio(right, said), _ratio(right, count), _ratio(2 * right, both), _ratio(right, both - right)
    )


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
