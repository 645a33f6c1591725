"""Masks of classes, as files have them, into classes from 0 on; what has no label is `IGNORED`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchvision import datasets

from archspec.train.targets import IGNORED

_VALUES = 256


@dataclass(frozen=True, slots=True)
class MaskValues:
    """Attributes:
    class_of: the class of each value in a file; values that are not here have no label.
    classes: their names; empty where the data set has them.
    """

    class_of: Mapping[int, int]
    classes: tuple[str, ...] = ()

    def read(self, mask: Any) -> Tensor:
        """Classes, int64 [H, W], of an image of values."""
        table = np.full(_VALUES, IGNORED, np.int64)
        for value, number in self.class_of.items():
            table[value] = number
        return torch.from_numpy(table[np.asarray(mask).astype(np.uint8)])


IDENTITY = MaskValues({value: value for value in range(_VALUES - 1)})
"""Values are classes, and 255 is none."""

_STREETS = [each for each in datasets.Cityscapes.classes if not each.ignore_in_eval]

MASKS: Mapping[str, MaskValues] = {
    "OxfordIIITPet": MaskValues({1: 0, 2: 1, 3: 2}),
    "Cityscapes": MaskValues(
        {each.id: each.train_id for each in _STREETS},
        tuple(each.name for each in sorted(_STREETS, key=lambda each: int(each.train_id))),
    ),
}
