"""The zoo by name, in a checkout and in a wheel."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import archspec
from archspec.errors import SpecError
from archspec.source.zoo import zoo_files

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


def test_the_nearest_name_is_suggested() -> None:
    for name in ("zoo:resnet43", "zoo:resnet34.yaml"):
        (fault,) = archspec.check(name)
        assert fault.help == "did you mean `zoo:resnet34`?"


def test_the_wheel_holds_it(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as files:
        names = [Path(name) for name in files.namelist() if name.startswith("archspec/zoo/")]
        assert sorted(name.stem for name in names if name.suffix == ".yaml") == SPECS
        files.extractall(tmp_path / "installed")
    code = "import archspec; print(archspec.__file__, archspec.load('zoo:resnet34').name)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path / "installed", check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == [str(tmp_path / "installed" / "archspec" / "__init__.py"), "ResNet34"]
