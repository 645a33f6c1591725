"""What a data set of torch tells of its classes and labels, as torchvision's do, without loading a sample."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

_LABELS = ("targets", "labels", "_labels", "y", "_samples", "samples", "_flat_character_images")
_CLASSES = ("classes", "categories", "all_categories", "_characters", "attr_names")


def class_names(dataset: Any) -> tuple[str, ...]:
    """The names that torchvision tells, in the order of their numbers."""
    for attribute in _CLASSES:
        found = getattr(dataset, attribute, None)
        if isinstance(found, Sequence) and found and not isinstance(found[0], int):
            return tuple(_name(each) for each in found if each)  # of a line that ends in a blank one is empty
    indices = getattr(dataset, "class_to_idx", {})
    return tuple(str(name) for name, _ in sorted(indices.items(), key=lambda pair: pair[1]))


def _name(named: Any) -> str:
    return str(named[0]) if isinstance(named, tuple) else str(named)


def labels_of(dataset: Any) -> list[int] | None:
    """The class of each sample, where a data set tells them without loading the samples."""
    for attribute in _LABELS:
        found = getattr(dataset, attribute, None)
        if found is None or len(found) != len(dataset):
            continue
        labels = [each[-1] if isinstance(each, (tuple, list)) else each for each in found]
        if all(_is_class(label) for label in labels):
            return [int(label) for label in labels]
    return None


def _is_class(label: Any) -> bool:
    try:
        return not isinstance(label, str) and math.isfinite(int(label))
    except (TypeError, ValueError):
        return False
