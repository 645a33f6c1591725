"""Which spec of the zoo is which network that torchvision does not have, and how small each can be run."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torchvision.models.detection.backbone_utils import resnet_fpn_backbone

from archspec.source.zoo_index import zoo_names
from tests.zoo import reference_generative as generative
from tests.zoo import reference_language as language
from tests.zoo import reference_segmentation as segmentation
from tests.zoo import reference_sequence as sequence
from tests.zoo import reference_vision as vision
from tests.zoo.published import Published


@dataclass(frozen=True)
class Written(Published):
    """A spec and a network of tests/zoo/reference_*.py, whose arguments have the names of the spec's variables.

    Attributes:
        parameters: how many the network is known to have.
        rounded: the original does its arithmetic in another order, so that results differ in their last bits.
    """

    parameters: int | None = None
    rounded: bool = False

    @property
    def published(self) -> str:
        return f"`{self.original.__module__}.{self.original.__name__}`"

    def make(self, *, small: bool = False) -> nn.Module:
        given = {**self.vars, **(self.small if small else {})}
        taken = inspect.signature(self.original).parameters
        arguments = {name: value for name, value in given.items() if name in taken}
        return self.original(**arguments)


def _pyramid() -> nn.Module:
    return resnet_fpn_backbone(backbone_name="resnet50", weights=None, norm_layer=nn.BatchNorm2d, trainable_layers=5)


def _begun(inputs: list[Tensor]) -> list[Tensor]:
    """Texts that do not begin with padding, which would leave their first word nothing to attend to."""
    for tokens in inputs:
        tokens[:, 0] = 1
    return inputs


_GPT2 = {"vocabulary": 50, "context": 16, "features": 32, "heads": 4, "depth": 2, "dropout": 0.0}
_LLAMA = {"vocabulary": 50, "context": 7, "features": 32, "hidden": 48, "heads": 8, "kv_heads": 2, "layers": 2}


def _named(name: str, original: type[nn.Module], small: Mapping[str, Any], parameters: int) -> Written:
    """One that the zoo has a name for."""
    file, values = zoo_names()[name]
    return Written(f"language/{file}", original, values, small, parameters=parameters, rounded=True)


_LLAMA_405B = {
    "vocabulary": 128256,
    "context": 8192,
    "features": 16384,
    "hidden": 53248,
    "heads": 128,
    "kv_heads": 8,
    "layers": 126,
    "theta": 500000.0,
}
WRITTEN = (
    Written("segmentation/unet_any_depth", segmentation.UNet, {}, {"size": 48, "base": 4, "depth": 3}),
    Written(
        "segmentation/unet_plus_plus",
        segmentation.UNetPlusPlus,
        {},
        {"size": 32, "base": 4, "classes": 2},
        parameters=9_163_329 + 3 * 33,  # the published count has one head, this has four
    ),
    Written("segmentation/segnet", segmentation.SegNet, {}, {"size": 32, "channels": [4, 8, 16, 24, 24]}),
    Published("detection/resnet50_fpn", _pyramid),
    Written("generative/dcgan_generator", generative.Generator, {}, {"base": 4}, parameters=3_576_704),
    Written("generative/dcgan_discriminator", generative.Discriminator, {}, {"base": 4}, parameters=2_765_568),
    Written("generative/autoencoder", generative.Autoencoder, {}, {"base": 4}),
    Written("generative/vae", generative.VAE, {}, {}, parameters=652_824),
    Written("sequence/wavenet", sequence.WaveNet, {}, {"length": 64, "cycles": 2, "dilations": 4}),
    Written("sequence/lstm_tagger", sequence.LSTMTagger, {}, {"words": 50, "steps": 12}),
    Written(
        "sequence/transformer",
        sequence.Seq2SeqTransformer,
        {},
        {"words": 50, "length": 9, "features": 32, "heads": 4, "hidden": 64, "depth": 2, "dropout": 0.0},
        prepare=_begun,
        rounded=True,
    ),
    Written("language/gpt2", language.GPT2, {}, _GPT2, parameters=124_439_808, rounded=True),
    _named("gpt2_medium", language.GPT2, _GPT2, 354_823_168),
    _named("gpt2_large", language.GPT2, _GPT2, 774_030_080),
    _named("gpt2_xl", language.GPT2, _GPT2, 1_557_611_200),
    _named("tinyllama_1b", language.Llama, _LLAMA, 1_100_048_384),
    _named("llama2_7b", language.Llama, _LLAMA, 6_738_415_616),
    _named("llama3_8b", language.Llama, _LLAMA, 8_030_261_248),
    Written("llama3_405b", language.Llama, _LLAMA_405B, _LLAMA, parameters=405_853_388_800, rounded=True),
    Written(
        "classification/mlp_mixer", vision.MLPMixer, {}, {"size": 64, "features": 32, "depth": 2}, parameters=59_880_472
    ),
    Written("classification/bilinear_cnn", vision.BilinearCNN, {}, {"size": 64, "convs": [1, 1, 1]}, rounded=True),
    Written("similarity/siamese", vision.Siamese, {}, {"features": 16}, parameters=38_951_745),
)
