"""The exported Python file: `tests.judge.agree` compares it for every construct; here are whole specs and the text."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from torch import nn

import archspec
from archspec.emit.python.source import python_source
from tests.judge import as_exported, exported, load, samples, tensors
from tools.generate_exports import smaller

SPECS = [spec for spec in sorted(Path("specs").rglob("*.yaml")) if spec.stem != "llama3_405b"]
LARGE = ("bilinear_cnn", "gpt2", "llama", "transformer")  # tests/zoo compares them in a smaller size


@pytest.mark.parametrize("spec", [spec for spec in SPECS if spec.stem not in LARGE], ids=lambda spec: spec.stem)
def test_it_is_the_same_network(spec: Path) -> None:
    architecture = archspec.load(spec, **smaller(spec))
    ours, theirs = architecture.build().eval(), exported(architecture).eval()
    assert list(theirs.state_dict()) == list(ours.state_dict())
    theirs.load_state_dict(ours.state_dict())
    inputs = samples(architecture, 2)
    with torch.no_grad():
        results = []
        for model in (ours, theirs):
            torch.manual_seed(0)  # a VAE draws
            results.append(tensors(model(*inputs)))
        assert all(torch.equal(mine, other) for mine, other in zip(*results, strict=True))


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the exported file of each spec."""
    folder = tmp_path_factory.mktemp("exports")
    for spec in SPECS:
        (folder / f"{spec.stem}.py").write_text(archspec.load(spec).to_python())
    return folder


RULES = "E,F,W,I,UP,B,C4,SIM,RUF,PIE,RET,PT,ANN,PERF,D100,D101,D103"
TOOLS = {
    "ruff's rules": [
        "ruff",
        "check",
        "--isolated",
        "--line-length=120",
        f"--select={RULES}",
        "--ignore=RUF001,RUF002,RUF003",
    ],
    "ruff's format": ["ruff", "format", "--isolated", "--check"],
    "ruff's format with longer lines": ["ruff", "format", "--isolated", "--check", "--line-length=120"],
}


@pytest.mark.parametrize("tool", TOOLS)
def test_it_is_clean(exports: Path, tool: str) -> None:
    found = subprocess.run(
        [sys.executable, "-m", *TOOLS[tool], str(exports)], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout


@pytest.mark.skipif(find_spec("mypy") is None, reason="mypy is not installed")
def test_it_is_typed(exports: Path) -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--ignore-missing-imports", "--no-error-summary"]
    files = sorted(map(str, exports.glob("*.py")))
    found = subprocess.run([*command, *files], capture_output=True, text=True, check=False)
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
    assert "def __init__(self, in_features: int, out: int, activation: type[nn.Module]) -> None:" in text
    assert "self.one = B(4, 3, nn.ReLU)" in text
    assert "self.other = B(5, 5, nn.Tanh)" in text
    assert "self.act = activation()" in text
    assert "nn.Dropout()" in text


def test_activations_with_other_arguments_are_other_classes() -> None:
    spec = BODY + (
        "blocks: {b: {params: {act: layer}, layers: {fc: {Linear: 4}, act: $act}}}\n"
        "layers: {one: {b: ReLU}, two: {b: {act: {LeakyReLU: 0.3}}}, three: {b: LeakyReLU},"
        " four: {b: {act: {LeakyReLU: 0.2}}}}\n"
    )
    architecture = archspec.load(spec)
    as_exported(architecture, architecture.build(), samples(architecture))
    text = architecture.to_python()
    assert text.count("class B") == 2
    assert "self.three = B(nn.LeakyReLU)" in text
    assert "self.four = B2(0.2)" in text


def test_a_block_of_numbered_layers_is_a_sequential() -> None:
    spec = BODY + (
        "blocks: {chain: {params: {n: int}, layers: [{Linear: $n}, ReLU]}, other: {layers: [{Linear: 3}, {mul: 2}]}}\n"
        "layers: {one: {chain: 3}, two: {chain: 5}, last: other}\n"
    )
    architecture = archspec.load(spec)
    as_exported(architecture, architecture.build(), samples(architecture))
    text = architecture.to_python()
    assert "class Chain(nn.Sequential):" in text
    assert "super().__init__(nn.Linear(in_features, n), nn.ReLU())" in text
    assert text.count("def forward") == 2
    assert "self.one = Chain(4, 3)" in text


def test_loops_name_what_they_make_alike() -> None:
    spec = BODY + (
        "layers: {body: {Linear: 4, skip: add, repeat: 3}, more: {Linear: 4, skip: mul, repeat: 2},\n"
        " named: {Linear: 4, skip: add, repeat: 2, names: unit$(index)}}\n"
    )
    architecture = archspec.load(spec)
    as_exported(architecture, architecture.build(), samples(architecture))
    text = architecture.to_python()
    assert text.count("    out = layer(x)\n") == 3
    assert "unit0 =" not in text


def test_a_number_that_a_parameter_is_filled_with_stands_where_it_is_made() -> None:
    spec = BODY + (
        "blocks: {b: {params: {v: float}, layers: {p: {Parameter: {shape: [4], init: {constant: {val: $v}}}},"
        " sum: {add: [input, p]}}}}\n"
        "layers: {one: {b: 0.5}, two: {b: 2.0}, q: {Parameter: {shape: [4], init: zeros}}, out: {mul: [two, q]}}\n"
    )
    text = archspec.load(spec).to_python()
    assert "torch.zeros(4)" in text
    assert "nn.init" not in text
    module = exported(archspec.load(spec))
    assert module.two.p.eq(2).all()
    assert module.one.p.eq(0.5).all()


def test_what_follows_is_not_written_and_strings_are_quoted_alike() -> None:
    text = archspec.load("specs/vit_b_16.yaml", depth=2).to_python()
    assert "nn.MultiheadAttention(768, 12, batch_first=True)" in text
    assert "'" not in text.replace("what's", "")


def test_what_is_none_and_not_by_itself_is_written() -> None:
    text = "input: [3, 8, 8]\nlayers: [{Conv2dNormActivation: {out_channels: 4, activation_layer: null}}]\n"
    architecture = archspec.load(f"archspec: 1\n{text}")
    as_exported(architecture, architecture.build(), samples(architecture))
    assert "activation_layer=None" in architecture.to_python()


def test_the_checkpoint_that_a_spec_names_is_told() -> None:
    text = archspec.load(BODY + "weights: some/net.pt\nlayers: {fc: {Linear: 2}}\n").to_python()
    assert "The spec fills it from the checkpoint `some/net.pt`" in text.partition("import")[0]


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


def test_bare_parameters_begin_in_their_class_or_together_by_how_their_names_end() -> None:
    body = """input: [4]
blocks:
  scaled:
    layers:
      table: {Parameter: {shape: [4], init: {uniform: {a: 2, b: 3}}}}
      gain: {Parameter: {shape: [4], init: {uniform: {a: 4, b: 5}}}}
      by: {mul: {broadcast: true}, from: [input, table]}
      again: {mul: {broadcast: true}, from: [by, gain]}
layers:
  first: {scaled: {}, repeat: 5}
  second: {scaled: {}, repeat: 4}
init: {"second.*.gain": {uniform: {a: 6, b: 7}}, "first.*.gain": {uniform: {a: 8, b: 9}}}
"""
    architecture = load(body)
    text = python_source(architecture.graph, "A test.")
    assert "nn.init.uniform_(self.table, a=2, b=3)" in text
    module = exported(architecture)
    for name, parameter in module.named_parameters():
        low = 2 if name.endswith("table") else 6 if name.startswith("second") else 8
        assert low <= parameter.min() < parameter.max() <= low + 1, name
