"""Feature pyramids, against torchvision's own over the levels of a ResNet."""

from __future__ import annotations

import pytest
from torch import nn
from torchvision.models import resnet18
from torchvision.models._utils import IntermediateLayerGetter
from torchvision.ops import FeaturePyramidNetwork

from tests.judge import Hand, agree, faults

LEVELS = ("layer1", "layer2", "layer3", "layer4")
RESNET18 = """
blocks:
  Residual:
    params: {channels: int, stride: 1}
    layers:
      conv1: {Conv2d: {out_channels: $channels, kernel_size: 3, stride: $stride, padding: 1, bias: false}}
      bn1: BatchNorm2d
      relu: ReLU
      conv2: {Conv2d: {out_channels: $channels, kernel_size: 3, padding: 1, bias: false}}
      bn2: BatchNorm2d
      downsample:
        from: input
        when: $(stride != 1 or input.channels != channels)
        layers:
          - Conv2d: {out_channels: $channels, kernel_size: 1, stride: $stride, bias: false}
          - BatchNorm2d
      add: {add: [bn2, downsample]}
      out: {relu: add}
"""


@pytest.mark.parametrize("norm", [None, nn.BatchNorm2d])
def test_over_a_resnet(norm: type[nn.Module] | None) -> None:
    spec = f"""
input: [3, 72, 56]
{RESNET18}
layers:
  body:
    layers:
      conv1: {{Conv2d: {{out_channels: 64, kernel_size: 7, stride: 2, padding: 3, bias: false}}}}
      bn1: BatchNorm2d
      relu: ReLU
      maxpool: {{MaxPool2d: {{kernel_size: 3, stride: 2, padding: 1}}}}
      layer$(stage + 1):
        Residual: {{}}
        repeat: [2, 2, 2, 2]
        per_stage: {{channels: [64, 128, 256, 512]}}
        first: {{stride: $(1 if stage == 0 else 2)}}
  fpn:
    FeaturePyramidNetwork: {{out_channels: 8, norm_layer: {"null" if norm is None else norm.__name__}}}
    from: [body.layer1, body.layer2, body.layer3, body.layer4]
outputs: {{fine: fpn.0, layer2: fpn.1, layer3: fpn.2, coarse: fpn.3}}
"""

    def forward(self, x):
        names = ("fine", "layer2", "layer3", "coarse")
        return dict(zip(names, self.fpn(self.body(x)).values(), strict=True))

    hand = Hand(
        forward,
        body=IntermediateLayerGetter(resnet18(), {name: name for name in LEVELS}),
        fpn=FeaturePyramidNetwork([64, 128, 256, 512], 8, norm_layer=norm),
    )
    agree(spec, hand)


def test_of_one_level_and_in_a_chain() -> None:
    spec = """
input: [3, 8, 8]
layers:
  fpn: {FeaturePyramidNetwork: 4}
  conv: {Conv2d: {out_channels: 2, kernel_size: 1}}
"""
    hand = Hand(
        lambda self, x: self.conv(self.fpn({"0": x})["0"]),
        fpn=FeaturePyramidNetwork([3], 4),
        conv=nn.Conv2d(4, 2, 1),
    )
    agree(spec, hand)


def test_channels_that_the_levels_have_not() -> None:
    spec = """
inputs: {a: [3, 8, 8], b: [6, 4, 4]}
layers:
  fpn: {FeaturePyramidNetwork: {in_channels_list: [3, 5], out_channels: 4}, from: [a, b]}
"""
    assert faults(spec) == [("AS301", "[3, 5]")]
