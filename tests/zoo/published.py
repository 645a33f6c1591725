"""Which spec of the zoo is which published network, and how small each can be run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torchvision import models
from torchvision.models import ResNet

from archspec.source.zoo_index import zoo_names

SPECS = Path(__file__).parents[2] / "specs"


@dataclass(frozen=True)
class Published:
    """A spec, its variables, and the network that it must then be.

    Attributes:
        spec: the file, from specs/ on and without its suffix.
        original: makes the network.
        vars: what makes the spec this member of its family.
        small: further variables, with which the numbers are compared.
        numbers, member, parts: what `measure.module_length` asks for.
        shrink: does to the original what `small` does to the spec, where its constructor cannot.
        prepare: makes of random inputs what the network is given.
    """

    spec: str
    original: Callable[..., nn.Module]
    vars: Mapping[str, Any] = field(default_factory=dict)
    small: Mapping[str, Any] = field(default_factory=lambda: {"size": 64})
    numbers: tuple[str, ...] = ()
    member: str = ""
    parts: tuple[type[nn.Module], ...] = ()
    shrink: Callable[[nn.Module], None] = lambda model: None
    prepare: Callable[[list[Tensor]], list[Tensor]] = lambda inputs: inputs

    @property
    def path(self) -> Path:
        return SPECS / f"{self.spec}.yaml"

    @property
    def published(self) -> str:
        """Where the network is published, for the page on the zoo."""
        return "torchvision"

    def make(self, *, small: bool = False) -> nn.Module:
        """The network, of the published size or of the small one."""
        model = self.original()
        if small:
            self.shrink(model)
        return model

    @property
    def name(self) -> str:
        """What the zoo calls it, which is also what its test is called."""
        stem = self.path.stem
        meant = (stem, dict(self.vars))
        return next((name for name, found in zoo_names().items() if found == meant), stem)


def _small_classifier(model: nn.Module) -> None:
    """Its two hidden layers with 64 units instead of 4096."""
    units = iter((64, 64, 1000))
    size = None
    for at, layer in enumerate(model.classifier):
        if isinstance(layer, nn.Linear):
            model.classifier[at] = nn.Linear(size or layer.in_features, size := next(units))


_RESNEXT101 = {"depths": [3, 4, 23, 3], "groups": 32, "width_per_group": 8}
_SMALL = {"size": 64, "units": 64}


_CONVS = {11: [1, 1, 2, 2, 2], 13: [2, 2, 2, 2, 2], 16: None, 19: [2, 2, 4, 4, 4]}


def _vgg(depth: int, convs: list[int] | None, batch_norm: bool) -> Published:
    original = getattr(models, f"vgg{depth}{'_bn' if batch_norm else ''}")
    own = ({"convs": convs} if convs else {}) | ({"batch_norm": True} if batch_norm else {})
    return Published("classification/vgg", original, own, _SMALL, numbers=("make_layers",), shrink=_small_classifier)


def _googlenet() -> nn.Module:
    return models.googlenet(weights=None, aux_logits=True, init_weights=False)


def _regnet() -> nn.Module:
    with torch.device("cpu"):  # it computes its widths with tensors
        return models.regnet_y_400mf().to("meta")


def _inception() -> nn.Module:
    return models.inception_v3(init_weights=False)


def _efficientnet(b: int) -> Published:
    original = getattr(models, f"efficientnet_b{b}")
    return Published(
        "classification/efficientnet",
        original,
        {"b": b} if b else {},
        numbers=("_efficientnet_conf",),
        member=f"efficientnet_b{b}",
    )


def _fcn() -> nn.Module:
    return models.segmentation.fcn_resnet50(weights_backbone=None, aux_loss=True)


def _lraspp() -> nn.Module:
    return models.segmentation.lraspp_mobilenet_v3_large(weights_backbone=None)


def _deeplab() -> nn.Module:
    return models.segmentation.deeplabv3_resnet50(weights_backbone=None, aux_loss=True)


CLASSIFICATION = (
    Published("classification/alexnet", models.alexnet, {}, _SMALL, shrink=_small_classifier),
    Published("classification/squeezenet1_1", models.squeezenet1_1, member="1_1"),
    Published("classification/densenet", models.densenet121),
    Published("classification/densenet", models.densenet169, {"depths": [6, 12, 32, 32]}),
    Published("classification/densenet", models.densenet201, {"depths": [6, 12, 48, 32]}),
    Published("classification/googlenet", _googlenet),
    Published("classification/inception_v3", _inception, {}, {}),
    Published("classification/resnet18", models.resnet18),
    Published("classification/resnet50", models.resnet50),
    Published("classification/resnet50", models.resnet101, {"depths": [3, 4, 23, 3]}),
    Published("classification/resnet50", models.resnet152, {"depths": [3, 8, 36, 3]}),
    Published("classification/resnet50", models.resnext50_32x4d, {"groups": 32, "width_per_group": 4}),
    Published("classification/resnet50", models.resnext101_32x8d, _RESNEXT101),
    Published("classification/resnet50", models.wide_resnet50_2, {"width_per_group": 128}),
    Published("classification/resnet50", models.wide_resnet101_2, {"depths": [3, 4, 23, 3], "width_per_group": 128}),
    Published("classification/shufflenet_v2", models.shufflenet_v2_x1_0),
    Published("classification/mnasnet", models.mnasnet1_0),
    Published("classification/regnet_y_400mf", _regnet),
    Published("classification/convnext_tiny", models.convnext_tiny),
    Published("classification/swin_t", models.swin_t, small={"size": 72}),  # maps of 18, 9, 5 and 3 are padded
    *(_vgg(depth, convs, batch_norm) for depth, convs in _CONVS.items() for batch_norm in (False, True)),
    Published("classification/mobilenet_v2", models.mobilenet_v2),
    Published(
        "classification/mobilenet_v3_large",
        models.mobilenet_v3_large,
        numbers=("_mobilenet_v3_conf",),
        member="mobilenet_v3_large",
    ),
    Published(
        "classification/mobilenet_v3_small",
        models.mobilenet_v3_small,
        numbers=("_mobilenet_v3_conf",),
        member="mobilenet_v3_small",
    ),
    *(_efficientnet(b) for b in range(8)),
)
SEGMENTATION = (
    Published("segmentation/fcn_resnet50", _fcn, parts=(ResNet,)),
    Published("segmentation/deeplabv3_resnet50", _deeplab, parts=(ResNet,)),
    Published(
        "segmentation/lraspp_mobilenet_v3_large",
        _lraspp,
        numbers=("_mobilenet_v3_conf",),
        member="mobilenet_v3_large",
        parts=(models.MobileNetV3,),
    ),
)
PUBLISHED = CLASSIFICATION + SEGMENTATION
