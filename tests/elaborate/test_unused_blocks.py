"""What is said of a block that no entry uses."""

from __future__ import annotations

import pytest

from tests.judge import faults

_SPEC = """input: [3, 8, 8]
blocks:
  unused:
    params: {{width: 8}}
    layers:
      inner: {{layers: [{entry}]}}
layers:
  only: ReLU
"""


@pytest.mark.parametrize(
    ("entry", "code", "marked"),
    [
        ("{Conv2d: {out_channels: 8, kernel_size: 0}}", "AS401", "0"),
        ("{Conv2d: {out_channels: 8}}", "AS203", "Conv2d"),
        ("{Softmax: [1, 2]}", "AS401", "[1, 2]"),
        ("{ReLU: 3, from: input}", "AS204", "3"),
        ("{Dropout: 1.5}", "AS401", "1.5"),
        ("{CircularPad1d: {paddingx: [1, 1]}}", "AS202", "paddingx"),
        ("{Conv2d: {out_channels: 8, sizeofit: 3}}", "AS202", "sizeofit"),
        ("{rearrange: {patern: 'n c h w -> n c'}}", "AS202", "patern"),
    ],
)
def test_its_arguments_are_looked_at(entry: str, code: str, marked: str) -> None:
    assert faults(_SPEC.format(entry=entry)) == [(code, marked)]


@pytest.mark.parametrize(
    "entry",
    [
        "{Conv2d: {out_channels: $width, kernel_size: $(width // 2)}}",
        "{Conv2d: {kernel_size: [$width, 3]}, repeat: 2, per_repeat: {out_channels: [4, 8]}}",
        "{add: [input, previous]}",
        "BatchNorm2d",
    ],
)
def test_what_only_an_instance_tells_is_left_open(entry: str) -> None:
    assert faults(_SPEC.format(entry=entry)) == []
