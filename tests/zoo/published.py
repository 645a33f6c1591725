"""Which spec of the zoo is which published network, and how small each can be run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import nn
from torchvision import models

SPECS = Path(__file__).parents[2] / "specs"


@dataclass(frozen=True)
class Published:
    """A spec, its variables, and the network that it must then be.

    Attributes:
        spec: the file, from specs/ on and without its suffix.
        original: makes the network.
        vars: what makes the spec this member of its family.
        small: further variables, with which the numbers are compared.
    """

    spec: str
    original: Callable[[], nn.Module]
    vars: Mapping[str, Any] = field(default_factory=dict)
    small: Mapping[str, Any] = field(default_factory=lambda: {"size": 64})

    @property
    def path(self) -> Path:
        return SPECS / f"{self.spec}.yaml"

    @property
    def name(self) -> str:
        """What a test of it is called."""
        return "-".join([self.spec, *(str(value) for value in self.vars.values())])


def _googlenet() -> nn.Module:
    return models.googlenet(weights=None, aux_logits=True, init_weights=False)


CLASSIFICATION = (
    Published("classification/alexnet", models.alexnet),
    Published("classification/squeezenet1_1", models.squeezenet1_1),
    Published("classification/densenet", models.densenet121),
    Published("classification/densenet", models.densenet169, {"depths": [6, 12, 32, 32]}),
    Published("classification/googlenet", _googlenet),
)
PUBLISHED = CLASSIFICATION
