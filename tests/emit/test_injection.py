"""No string of a spec becomes code."""

from __future__ import annotations

import pytest

import archspec
from archspec.emit.classes import generate
from tests.judge import build

NASTY = ['a"); import os  #', "x\n        raise SystemExit", "'''", "__import__('os')", "\\", "{0}", "%s"]


@pytest.mark.parametrize("text", NASTY)
def test_a_description_is_no_code(text: str) -> None:
    spec = {"archspec": 1, "description": text, "input": [4], "layers": [{"Linear": 3}]}
    archspec.build(spec)
    assert "SystemExit" not in generate(archspec.load(spec).graph).source


@pytest.mark.parametrize("text", NASTY)
@pytest.mark.parametrize("place", ["model", "layer", "block", "input", "output", "variable"])
def test_a_name_is_no_code(text: str, place: str) -> None:
    spec: dict = {"archspec": 1, "input": [4], "layers": {"a": {"Linear": 3}}}
    if place == "model":
        spec["name"] = text
    elif place == "layer":
        spec["layers"] = {text: {"Linear": 3}}
    elif place == "block":
        spec["blocks"] = {text: {"layers": ["ReLU"]}}
    elif place == "input":
        spec["inputs"] = {text: spec.pop("input")}
    elif place == "output":
        spec["outputs"] = {text: "a"}
    else:
        spec["vars"] = {text: 1}
    with pytest.raises(archspec.SpecError):
        archspec.load(spec)


def test_a_name_with_a_hyphen_stays_a_string() -> None:
    module = build("input: [4]\nlayers: {a-b: {Linear: 3}, 0: {Linear: 2}}\n")
    assert list(module.state_dict()) == ["a-b.weight", "a-b.bias", "0.weight", "0.bias"]
