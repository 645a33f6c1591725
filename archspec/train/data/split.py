"""Cutting off a part to measure on, the same each time."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from archspec.train.seeds import derive


def stratified(labels: Sequence[int], fraction: float, seed: int) -> tuple[list[int], list[int]]:
    """The indices to learn from and those to measure on, each class in both; one of a single sample is learnt from."""
    train: list[int] = []
    held_out: list[int] = []
    members: dict[int, list[int]] = {}
    for index, label in enumerate(labels):
        members.setdefault(label, []).append(index)
    for label in sorted(members):
        of_class = members[label]
        generator = torch.Generator().manual_seed(derive(seed, label))
        order = torch.randperm(len(of_class), generator=generator).tolist()
        count = min(len(of_class) - 1, max(1, round(fraction * len(of_class))))
        held_out += [of_class[index] for index in sorted(order[:count])]
        train += [of_class[index] for index in sorted(order[count:])]
    return train, held_out
