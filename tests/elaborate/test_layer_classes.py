"""Layers made of others: their parts' arguments (`norm_layer: {BatchNorm2d: {eps: 0.001}}`) and initialisation."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import nn
from torchvision import ops

import archspec
from tests.judge import Hand, agree, as_exported, build, exported, faults, load

IMAGE = "input: [3, 8, 8]\n"
NORM = """
layers:
  a: {Conv2dNormActivation: {out_channels: 4, norm_layer: {BatchNorm2d: {eps: 0.001, momentum: 0.01}}}}
  b:
    Conv2dNormActivation:
      {out_channels: 4, norm_layer: {BatchNorm2d: {affine: false}}, activation_layer: {LeakyReLU: 0.2}}
"""


def test_a_norm_and_an_activation_with_arguments_of_their_own() -> None:
    norms = (partial(nn.BatchNorm2d, eps=0.001, momentum=0.01), partial(nn.BatchNorm2d, affine=False))
    a = ops.Conv2dNormActivation(3, 4, norm_layer=norms[0])
    b = ops.Conv2dNormActivation(4, 4, norm_layer=norms[1], activation_layer=partial(nn.LeakyReLU, negative_slope=0.2))
    module = agree(IMAGE + NORM, Hand(lambda m, x: m.b(m.a(x)), a=a, b=b))
    assert (module.a[1].eps, module.a[1].momentum, module.b[2].negative_slope) == (0.001, 0.01, 0.2)
    architecture = load(IMAGE + NORM)
    assert "partial(nn.BatchNorm2d, eps=0.001, momentum=0.01)" in architecture.to_python()
    as_exported(architecture, module, [torch.randn(2, 3, 8, 8)])


def test_in_the_other_layers_of_layers() -> None:
    spec = """
layers:
  se: {SqueezeExcitation: {squeeze_channels: 2, activation: {ELU: {alpha: 0.5}}}}
  flat: Flatten
  mlp:
    MLP: {hidden_channels: [4, 5], norm_layer: {LayerNorm: {eps: 0.1, bias: false}}, activation_layer: {GELU: tanh}}
"""
    original = Hand(
        lambda m, x: m.mlp(m.se(x).flatten(1)),
        se=ops.SqueezeExcitation(3, 2, partial(nn.ELU, alpha=0.5)),
        mlp=ops.MLP(192, [4, 5], partial(nn.LayerNorm, eps=0.1, bias=False), partial(nn.GELU, approximate="tanh")),
    )
    agree(IMAGE + spec, original)


def test_what_differs_between_instances_becomes_a_parameter_of_their_class() -> None:
    spec = """
blocks:
  conv:
    params: {eps: float}
    layers: {c: {Conv2dNormActivation: {out_channels: 3, norm_layer: {BatchNorm2d: {eps: $eps}}}}}
layers: [conv: 0.1, conv: 0.2]
"""
    architecture = load(IMAGE + spec)
    assert "norm_layer: partial[nn.Module]" in architecture.to_python()
    as_exported(architecture, architecture.build(), [torch.randn(2, 3, 8, 8)])


@pytest.mark.parametrize(
    ("norm", "code", "at"),
    [
        ("{BatchNorm3d: {eps: 0.1}}", "AS401", "BatchNorm3d"),
        ("{BatchNorm2d: {epsilon: 0.1}}", "AS202", "epsilon"),
        ("{BatchNorm2d: {num_features: 4}}", "AS202", "num_features"),
        ("{BatchNorm2d: {eps: -1}}", "AS401", "-1"),
        ("{BatchNorm2d: 3}", "AS202", "3"),
        ("{BatchNorm2d: {}, InstanceNorm2d: {}}", "AS401", "{BatchNorm2d: {}, InstanceNorm2d: {}}"),
    ],
)
def test_faults(norm: str, code: str, at: str) -> None:
    layer = f"{{Conv2dNormActivation: {{out_channels: 4, norm_layer: {norm}}}}}"
    assert faults(f"{IMAGE}layers: [{layer}]\n") == [(code, at)]


def test_a_fault_of_a_layer_that_a_variable_holds_is_told_where_it_is_written_once() -> None:
    held = "vars: {norm: {type: layer, default: {BatchNorm2d: {eps: 0}}}}\n"
    layer = "{Conv2dNormActivation: {out_channels: 4, norm_layer: $norm}}"
    assert faults(f"{IMAGE}{held}layers: [{layer}, {layer}]\n") == [("AS401", "0")]


def test_a_fault_of_a_layer_in_defaults_is_told_at_its_argument() -> None:
    written = "defaults: {Conv2dNormActivation: {norm_layer: {BatchNorm2d: {eps: -1}}}}\n"
    assert faults(f"{IMAGE}{written}layers: [{{Conv2dNormActivation: 4}}]\n") == [("AS401", "-1")]


def test_a_misspelt_argument_of_a_layer_that_is_one_is_mended() -> None:
    layer = "{Conv2dNormActivation: {out_channels: 4, norm_layer: {BatchNorm2d: {momentm: 0.2}}}}"
    text = f"archspec: 1\n{IMAGE}layers: [{layer}]\n"
    (fault,) = archspec.check(text)
    assert fault.edit is not None
    start, end = fault.edit.span.start, fault.edit.span.end
    mended = text[:start] + fault.edit.text + text[end:]
    assert "{momentum: 0.2}" in mended
    assert not archspec.check(mended)


def test_the_activation_s_own_rules_hold_inside() -> None:
    layer = "{Conv2dNormActivation: {out_channels: 4, activation_layer: {LeakyReLU: -0.1}}}"
    assert [code for code, _ in faults(f"{IMAGE}layers: [{layer}]\n")] == ["AS402"]


INIT = """
layers:
  a: {Conv2dNormActivation: {out_channels: 4}}
  b: {Conv2d: {out_channels: 4, kernel_size: 1}}
  se: {SqueezeExcitation: {squeeze_channels: 2}}
  flat: Flatten
  mlp: {MLP: {hidden_channels: [4, 5]}}
init:
  Conv2d: {weight: {constant: {val: 2}}, bias: ones}
  BatchNorm2d: {weight: zeros}
  Linear: {constant: {val: 3}}
  se.fc2.weight: {constant: {val: 4}}
"""


def _starts(module: nn.Module) -> dict[str, float]:
    return {name: float(module.get_parameter(name).detach().mean()) for name in STARTS}


STARTS = {
    "a.0.weight": 2,
    "a.1.weight": 0,
    "b.weight": 2,
    "b.bias": 1,
    "se.fc1.weight": 2,
    "se.fc2.weight": 4,
    "se.fc2.bias": 1,
    "mlp.0.weight": 3,
    "mlp.3.weight": 3,
}


def test_rules_of_a_kind_reach_the_layers_inside_others() -> None:
    assert _starts(build(IMAGE + INIT)) == STARTS


def test_in_the_exported_file_too() -> None:
    assert _starts(exported(load(IMAGE + INIT))) == STARTS


def test_inside_a_transformer_layer_but_for_what_is_a_class_of_its_own() -> None:
    spec = "input: [4, 8]\nlayers: [{TransformerEncoderLayer: {nhead: 2, batch_first: true}}]\ninit: {Linear: zeros}\n"
    module = build(spec)
    assert not module.get_parameter("0.linear1.weight").any()
    assert module.get_parameter("0.self_attn.out_proj.weight").any()
