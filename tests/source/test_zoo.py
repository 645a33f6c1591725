"""The zoo by name, in a checkout and in a wheel."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import archspec
from archspec.errors import SpecError
from archspec.source.zoo_index import zoo_files, zoo_names

ROOT = Path(__file__).parents[2]
SPECS = sorted(path.stem for path in (ROOT / "specs").rglob("*.yaml"))


def test_the_zoo_is_the_folder_of_specs() -> None:
    assert sorted(zoo_files()) == SPECS
    assert len(set(SPECS)) == len(SPECS)
    assert archspec.load("zoo:resnet34").shapes == archspec.load("specs/resnet34.yaml").shapes


def test_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert archspec.check("zoo:mlp") == ()
    assert archspec.build("zoo:convnet", num_classes=3).fc.out_features == 3
    assert archspec.load("archspec: 1\nextends: zoo:convnet\n").name == "ConvNet"


@pytest.mark.parametrize(
    "name", ["zoo:", "zoo:resnet34.yml", "zoo:../specs/resnet34", "zoo:/etc/passwd", "zoo:resnet43"]
)
def test_what_is_not_in_it(name: str) -> None:
    with pytest.raises(SpecError) as caught:
        archspec.load(name)
    assert [fault.code for fault in caught.value.diagnostics] == ["AS245"]


@pytest.mark.parametrize(
    ("name", "help"),
    [
        ("zoo:resnet34.yaml", "did you mean `zoo:resnet34`?"),
        ("zoo:vgg16-bn", "did you mean `zoo:vgg16_bn`, `zoo:vgg11_bn` or `zoo:vgg13_bn`?"),
        ("zoo:effcientnet_b3", "did you mean `zoo:efficientnet_b3`, `zoo:efficientnet_b0` or `zoo:efficientnet_b1`?"),
        ("zoo:wideresnet50_2", "did you mean `zoo:wide_resnet50_2` or `zoo:wide_resnet101_2`?"),
        ("zoo:stylegan", "`archspec list` shows what it has"),
    ],
)
def test_the_nearest_names_are_suggested(name: str, help: str) -> None:
    (fault,) = archspec.check(name)
    assert fault.help == help


def test_a_name_is_a_file_with_its_settings(tmp_path: Path) -> None:
    by_hand = archspec.load("specs/classification/vgg.yaml", convs=[1, 1, 2, 2, 2], batch_norm=True)
    assert archspec.load("zoo:vgg11_bn").shapes == by_hand.shapes
    model = archspec.build("zoo:vgg11_bn", num_classes=3, units=8, device="meta")
    assert model.classifier[6].out_features == 3
    (tmp_path / "net.yaml").write_text("archspec: 1\nextends: zoo:vgg11_bn\nlayers: {classifier: {Linear: 7}}\n")
    extended = archspec.load(tmp_path / "net.yaml")
    assert extended.num_params == sum(parameter.numel() for parameter in by_hand.build(device="meta").parameters()) - (
        sum(parameter.numel() for parameter in by_hand.build(device="meta").classifier.parameters()) - (25088 + 1) * 7
    )


@pytest.mark.parametrize("name", zoo_names())
def test_every_name_means_variables_of_its_file(name: str) -> None:
    family, values = zoo_names()[name]
    assert values.keys() <= archspec.load(f"zoo:{family}").variables.keys()
    assert {word: archspec.load(f"zoo:{name}").variables[word] for word in values} == values


def test_blocks_are_imported_by_a_name_too() -> None:
    spec = "archspec: 1\nimport: [zoo:resnet101]\ninput: [8, 8, 8]\nlayers: {a: {Bottleneck: {channels: 2}}}\n"
    assert archspec.check(spec) == ()


def test_the_wheel_holds_it(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as files:
        names = [Path(name) for name in files.namelist() if name.startswith("archspec/zoo/")]
        assert sorted(name.stem for name in names if name.suffix == ".yaml") == SPECS
        assert {name.name for name in names if name.suffix == ".json"} == {"names.json", "figures.json"}
        files.extractall(tmp_path / "installed")
    code = "import archspec; print(archspec.__file__, archspec.load('zoo:resnet34').name, len(archspec.list_zoo()))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path / "installed", check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == [
        str(tmp_path / "installed" / "archspec" / "__init__.py"),
        "ResNet34",
        str(len(archspec.list_zoo())),
    ]
