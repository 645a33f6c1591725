"""Copies that are alike share what their call comes to, and nothing else does."""

from __future__ import annotations

import pytest

import archspec
from archspec.elaborate import call
from archspec.graph.nodes import Call
from tests.judge import build, load


def calls(body: str) -> list[Call]:
    return list(load(body).graph.calls())


@pytest.mark.parametrize("copies", [1, 500])
def test_a_rule_is_asked_once_for_copies_that_are_alike(monkeypatch: pytest.MonkeyPatch, copies: int) -> None:
    asked = []
    rule = call.apply
    monkeypatch.setattr(call, "apply", lambda *given: asked.append(given) or rule(*given))
    found = calls(f"input: [4, 8, 8]\nlayers: [{{Conv2d: {{out_channels: 4, kernel_size: 1}}, repeat: {copies}}}]\n")
    assert (len(found), len(asked)) == (copies, 1)
    assert len({id(each.state) for each in found}) == 1


@pytest.mark.parametrize(
    ("shape", "layers"),
    [
        ("[4]", "{a: {Linear: 4}, b: {Linear: 8}, c: {Linear: 4}}"),
        ("[4]", "{a: {Dropout: 0}, b: {Dropout: 0.0}}"),
        ("[4]", "{a: ReLU, b: {ReLU: {inplace: false}}}"),
        (
            "[4, 8, 8]",
            "{a: {Conv2d: {out_channels: 8, kernel_size: 1}}, b: {Conv2d: {out_channels: 8, kernel_size: 1}}}",
        ),
    ],
)
def test_what_differs_in_a_value_or_a_type_is_asked_for_by_itself(shape: str, layers: str) -> None:
    found = calls(f"input: {shape}\nlayers: {layers}\n")
    assert len({id(each.args) for each in found}) == len(found)


def test_a_forgotten_flatten_is_told_though_the_same_layer_fits_elsewhere() -> None:
    """Equal shapes, of which only one is known to be of images."""
    body = "archspec: 1\ninputs: {a: [3, 4], b: [3, 4, 8]}\nlayers:\n"
    layers = (
        "  wide: {Linear: {out_features: 32}, from: a}\n"
        "  split: {rearrange: {pattern: 'n c (h w) -> n c h w', w: 8}}\n"
        "  x: {Linear: 2}\n",
        "  y: {Linear: {out_features: 2}, from: b}\n",
    )
    first, later, both = (archspec.check(body + text) for text in (*layers, "".join(layers)))
    assert [fault.code for fault in first if fault.severity == "error"] == []
    assert [fault.code for fault in later if fault.severity == "error"] == ["AS305"]
    assert [fault.code for fault in both if fault.severity == "error"] == ["AS305"]


def test_shared_calls_have_parameters_of_their_own() -> None:
    module = build("input: [4]\nlayers: [{Linear: 4, repeat: 3}]\ninit: {'0.1.weight': zeros}\n")
    weights = [parameter for name, parameter in module.named_parameters() if name.endswith("weight")]
    assert [bool(weight.any()) for weight in weights] == [True, False, True]
    assert len({weight.data_ptr() for weight in weights}) == 3
