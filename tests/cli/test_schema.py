"""`archspec schema`."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from archspec.ops import offered
from tests.cli.run import Shell

PLUGIN = """
from torch import nn
import archspec

@archspec.register
class Gate(nn.Module):
    '''A gate of its own.'''
    def __init__(self, width: int, bias: bool = True):
        super().__init__()
    def forward(self, x):
        return x
"""


def test_it_prints_the_schema_of_specs(shell: Shell) -> None:
    run = shell("schema")
    assert run.status == 0
    schema = json.loads(run.out)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert "out_channels" in schema["definitions"]["Conv2d"]["properties"]


def test_it_prints_the_schema_of_recipes(shell: Shell) -> None:
    judge = jsonschema.Draft7Validator(json.loads(shell("schema", "--recipe").out))
    assert judge.is_valid({"archspec": 1, "optimizer": {"SGD": {"lr": 0.1}}, "epochs": 3, "scheduler": None})
    for wrong in ({"optimiser": "SGD"}, {"optimizer": {"SGD": {"lr": -1}}}, {"scheduler": "StepLR"}, {"epochs": 0}, []):
        assert not judge.is_valid({"archspec": 1, **wrong} if isinstance(wrong, dict) else wrong)


def test_it_knows_the_layers_of_a_plug_in_when_asked(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "gate.py").write_text(PLUGIN, encoding="utf-8")
    run = shell("schema", "--plugin", str(tmp_path / "gate.py"), "-o", str(tmp_path / "own.json"))
    assert (run.status, run.out) == (0, "")
    schema = json.loads((tmp_path / "own.json").read_text(encoding="utf-8"))
    judge = jsonschema.Draft7Validator(schema)
    spec = {"archspec": 1, "input": [4], "layers": {"gate": {"Gate": {"width": 3}}}}
    assert judge.is_valid(spec)
    spec["layers"] = {"gate": {"Gate": {"widht": 3}}}
    assert not judge.is_valid(spec)
    assert schema["definitions"]["Gate"]["description"].startswith("A gate of its own.")


def test_it_knows_the_data_sets_of_a_plug_in(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offered, "_REGISTERED", {})
    monkeypatch.setattr(offered, "_points", lambda: {"Installed": None})  # which is not loaded
    (tmp_path / "spots.py").write_text(
        "import archspec\n@archspec.register_dataset(name='Spots')\ndef spots(root): ...\n", encoding="utf-8"
    )
    for arguments in ((), ("--recipe",)):
        run = shell("schema", "--plugin", str(tmp_path / "spots.py"), *arguments)
        judge = jsonschema.Draft7Validator(json.loads(run.out))
        whole = {"archspec": 1, "input": [4], "layers": ["ReLU"]}
        for data, is_known in (({"Spots": {"root": "x"}}, True), ("Installed", True), ("Elsewhere", False)):
            spec = {"archspec": 1, "data": data} if arguments else {**whole, "train": {"data": data}}
            assert judge.is_valid(spec) is is_known, data


def test_a_file_that_cannot_be_written(shell: Shell, tmp_path: Path) -> None:
    run = shell("schema", "-o", str(tmp_path / "no" / "folder.json"))
    assert run.status == 2
    assert "AS705" in run.err
