"""The exported Python file: `tests.judge.agree` compares it for every construct; here are whole specs and the text."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

import archspec
from tests.judge import exported, samples, tensors

SMALL = {"resnet34_notes": {}, "vit_b_16": {"size": 32}}
SPECS = [spec for spec in sorted(Path("specs").rglob("*.yaml")) if spec.stem != "llama3_405b"]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.stem)
def test_it_is_the_same_network(spec: Path) -> None:
    architecture = archspec.load(spec)
    ours, theirs = architecture.build().eval(), exported(architecture).eval()
    assert list(theirs.state_dict()) == list(ours.state_dict())
    theirs.load_state_dict(ours.state_dict())
    inputs = samples(architecture, 2)
    with torch.no_grad():
        pairs = zip(tensors(ours(*inputs)), tensors(theirs(*inputs)), strict=True)
        assert all(torch.equal(mine, other) for mine, other in pairs)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.stem)
def test_it_is_clean(spec: Path, tmp_path: Path) -> None:
    file = tmp_path / "model.py"
    file.write_text(archspec.load(spec).to_python())
    rules = "E4,E7,E9,F,I,B,UP,PIE,C4"
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", rules, str(file)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


def test_it_runs_without_archspec(tmp_path: Path) -> None:
    file = tmp_path / "model.py"
    file.write_text(archspec.load("specs/resnet34.yaml").to_python())
    code = (
        "import sys; sys.modules['archspec'] = None\nimport torch, model\n"
        "print(tuple(model.ResNet34()(torch.zeros(2, 3, 64, 64)).shape))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True, env={"PYTHONPATH": "."}
    )
    assert found.stdout == "(2, 1000)\n"


BODY = "archspec: 1\ninput: [4]\n"


def test_what_varies_between_instances_is_a_parameter() -> None:
    spec = BODY + (
        "blocks: {b: {params: {out: int, act: layer}, layers: {fc: {Linear: $out}, act: $act, d: {Dropout: 0.5}}}}\n"
        "layers: {one: {b: {out: 3, act: ReLU}}, two: {b: {out: 5, act: ReLU}}, other: {b: {out: 5, act: Tanh}}}\n"
    )
    text = archspec.load(spec).to_python()
    assert "def __init__(self, in_features: int, out: int) -> None:" in text
    assert "self.one = B(in_features=4, out=3)" in text
    assert "nn.Dropout()" in text
    assert "self.other = B2()" in text


def test_initial_weights_are_as_the_spec_says() -> None:
    spec = BODY + (
        "init: {Linear: {weight: {constant: {val: 2}}, bias: ones}, last.weight: {constant: {val: 7}}}\n"
        "layers: {first: {Linear: 3}, p: {Parameter: {shape: [3], init: {constant: {val: 5}}}},"
        " sum: {add: [first, p]}, last: {Linear: 2}, tied: {Linear: 2, tie: {weight: last.weight}, from: sum}}\n"
        "outputs: [last, tied]\n"
    )
    module = exported(archspec.load(spec))
    assert module.first.weight.eq(2).all()
    assert module.last.bias.eq(1).all()
    assert module.p.eq(5).all()
    assert module.last.weight.eq(7).all()
    assert module.tied.weight is module.last.weight


def test_a_frozen_statistic_stays_frozen() -> None:
    spec = BODY + "freeze: [bn.*]\nlayers: {bn: BatchNorm1d, fc: {Linear: 2}}\n"
    module = exported(archspec.load(spec)).train()
    assert not module.bn.training
    assert [name for name, parameter in module.named_parameters() if not parameter.requires_grad] == [
        "bn.weight",
        "bn.bias",
    ]


def test_a_layer_of_ones_own_is_refused_by_name() -> None:
    class Mine(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x

    archspec.register(Mine, name="MineOnly")
    with pytest.raises(archspec.UsageError) as caught:
        archspec.load(BODY + "layers: {a: MineOnly}\n").to_python()
    assert caught.value.diagnostic.code == "AS708"
    assert "`a` is a `MineOnly`" in caught.value.diagnostic.message


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.stem)
def test_json_and_yaml_say_the_same(spec: Path, tmp_path: Path) -> None:
    whole = archspec.load(spec)
    for name, text in (("a.json", whole.to_json()), ("a.yaml", whole.to_yaml())):
        (tmp_path / name).write_text(text)
        again = archspec.load(tmp_path / name)
        assert again.summary(full=True) == whole.summary(full=True)
        assert again.to_json() == whole.to_json()
