"""`add`, `concat` and `align`, against a hand-written U-Net step."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.judge import Hand, agree, build, faults


def pad(x, like):
    height, width = like.shape[2] - x.shape[2], like.shape[3] - x.shape[3]
    return F.pad(x, [width // 2, width - width // 2, height // 2, height - height // 2])


def crop(x, like):
    top, left = (x.shape[2] - like.shape[2]) // 2, (x.shape[3] - like.shape[3]) // 2
    return x[:, :, top : top + like.shape[2], left : left + like.shape[3]]


def resize(x, like):
    return F.interpolate(x, size=like.shape[2:])


@pytest.mark.parametrize("merge", ["add", "concat", "mul"])
@pytest.mark.parametrize(
    ("align", "first", "later", "function"),
    [
        ("pad", "input", "small", pad),
        ("crop", "small", "input", crop),
        ("resize", "input", "small", resize),
        ("resize", "small", "input", resize),
    ],
)
@pytest.mark.parametrize("size", ["[2, 9, 13]", "[2, 8, 11]"])
def test_later_inputs_are_brought_to_the_size_of_the_first(
    merge: str, align: str, first: str, later: str, function, size: str
) -> None:
    merges = {"add": torch.add, "mul": torch.mul, "concat": lambda a, b: torch.cat([a, b], 1)}

    def forward(m, x):
        values = {"input": x, "small": m.small(x)}
        return merges[merge](values[first], function(values[later], values[first]))

    spec = f"""
input: {size}
layers:
  small: {{Conv2d: {{out_channels: 2, kernel_size: 3, stride: 2}}}}
  out: {{{merge}: [{first}, {later}], align: {align}}}
"""
    agree(spec, Hand(forward, small=nn.Conv2d(2, 2, 3, 2)))


def test_align_among_the_arguments_is_the_same() -> None:
    def forward(m, x):
        small = F.max_pool2d(x, 2)
        return torch.cat([x, pad(small, x), pad(small, x)], 1)

    spec = "input: [2, 9, 9]\nlayers: {p: {MaxPool2d: 2}, out: {concat: {align: pad}, from: [input, p, p]}}\n"
    agree(spec, Hand(forward))


def test_a_unet_step_at_odd_sizes() -> None:
    class Up(nn.Module):
        def __init__(self):
            super().__init__()
            self.up, self.conv = nn.ConvTranspose2d(6, 3, 2, 2), nn.Conv2d(6, 3, 3, padding=1)

        def forward(self, x, skip):
            x = self.up(x)
            return self.conv(torch.cat([skip, pad(x, skip)], 1))

    def forward(m, x):
        first = m.inc(x)
        return m.up(m.down(F.max_pool2d(first, 2)), first)

    spec = """
input: [1, 13, 11]
blocks:
  Up:
    params: {channels: int}
    inputs: [x, skip]
    layers:
      up: {ConvTranspose2d: {out_channels: $(x.channels // 2), kernel_size: 2, stride: 2}, from: x}
      merge: {concat: [skip, up], align: pad}
      conv: {Conv2d: {out_channels: $channels, kernel_size: 3, padding: 1}}
layers:
  inc: {Conv2d: {out_channels: 3, kernel_size: 1}}
  pool: {MaxPool2d: 2}
  down: {Conv2d: {out_channels: 6, kernel_size: 1}}
  up: {Up: 3, from: [down, inc]}
"""
    agree(spec, Hand(forward, inc=nn.Conv2d(1, 3, 1), down=nn.Conv2d(3, 6, 1), up=Up()))


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("{add: [input, small]}", "AS304"),
        ("{concat: [input, small]}", "AS304"),
        ("{concat: [small, input], align: pad}", "AS304"),
        ("{concat: [input, small], align: crop}", "AS304"),
        ("{add: [input, more]}", "AS304"),
        ("{add: input}", "AS308"),
        ("{concat: [input, small], align: fit}", "AS401"),
        ("{concat: {dim: 9}, from: [input, small]}", "AS307"),
    ],
)
def test_merges_that_do_not_fit(entry: str, code: str) -> None:
    spec = f"""
input: [2, 9, 9]
layers:
  small: {{MaxPool2d: {{kernel_size: 2, ceil_mode: true}}}}
  more: {{Conv2d: {{out_channels: 3, kernel_size: 1}}, from: input}}
  out: {entry}
"""
    assert [found for found, _ in faults(spec)] == [code]


def test_resizing_is_for_at_most_three_dimensions_as_in_torch() -> None:
    spec = "input: [2, 3, 4, 5, 6]\nlayers: {deep: {unsqueeze: 2}, out: {add: [deep, deep], align: %s}}\n"
    assert faults(spec % "resize") == [("AS304", "resize")]
    build(spec % "pad")
