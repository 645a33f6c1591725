"""The public functions, and what an architecture tells of itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import archspec
from archspec import SpecError, UsageError

TEXT = """archspec: 1
name: Net
input: [4]
vars: {n: 3}
layers: {a: {Linear: 5}, idle: {ReLU: , from: a}, fc: {Linear: $n, from: a}}
"""
WRONG = "archspec: 1\ninput: [4]\nlayers: {a: {Lineer: 5}, fc: {Linear: 0}}\n"


def test_the_public_names_are_pinned() -> None:
    assert sorted(archspec.__all__) == [
        "Architecture",
        "Callback",
        "Diagnostic",
        "Examination",
        "SpecError",
        "UsageError",
        "ZooEntry",
        "__version__",
        "build",
        "check",
        "compare_runs",
        "draw_predictions",
        "dry_run",
        "evaluate",
        "examine",
        "examine_run",
        "find_lr",
        "from_file",
        "is_first_process",
        "is_run",
        "json_schema",
        "launch",
        "ledger",
        "list_runs",
        "list_zoo",
        "load",
        "load_plugin",
        "overfit",
        "predict",
        "prepare",
        "profile",
        "register",
        "register_dataset",
        "spec_of_run",
        "train",
    ]
    assert all(hasattr(archspec, name) for name in archspec.__all__)


def test_a_spec_as_a_path_a_text_and_a_dict(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(TEXT)
    data = {
        "archspec": 1,
        "name": "Net",
        "input": [4],
        "vars": {"n": 3},
        "layers": {"a": {"Linear": 5}, "idle": {"ReLU": None, "from": "a"}, "fc": {"Linear": "$n", "from": "a"}},
    }
    shapes = [archspec.load(form).shapes for form in (path, str(path), TEXT, data, json.dumps(data, indent=1))]
    assert all(found == shapes[0] for found in shapes)


def test_what_an_architecture_tells(tmp_path: Path) -> None:
    net = archspec.load(TEXT)
    assert net.name == "Net"
    assert net.variables == {"n": 3}
    assert net.recipe is None
    assert [warning.code for warning in net.warnings] == ["AS231"]
    assert {name: str(type_) for name, type_ in net.input_types.items()} == {"input": "[N, 4]"}
    assert {name: str(type_) for name, type_ in net.output_types.items()} == {"output": "[N, 3]"}
    assert {path: shape[1:] for path, shape in net.shapes.items()} == {"a": (5,), "idle": (5,), "fc": (3,)}
    assert net.num_params == 25 + 18
    assert net.macs == 20 + 15
    assert net.spec_text == TEXT
    assert "43" in net.summary()


def test_build_is_load_and_build() -> None:
    ours, theirs = archspec.build(TEXT, seed=5, n=2), archspec.load(TEXT, n=2).build(seed=5)
    assert torch.equal(ours.fc.weight, theirs.fc.weight)
    assert archspec.build(TEXT, device="meta").fc.weight.is_meta
    assert archspec.build(TEXT, dtype=torch.float64).fc.weight.dtype == torch.float64
    with pytest.raises(UsageError):
        archspec.build(TEXT, max_params=3)


def test_a_wrong_spec_raises_with_every_fault() -> None:
    for call in (archspec.load, archspec.build, archspec.train):
        with pytest.raises(SpecError) as caught:
            call(WRONG)
        assert [fault.code for fault in caught.value.diagnostics] == ["AS201", "AS401"]
    assert isinstance(caught.value, ValueError)
    assert str(caught.value).count("error[") == 2


def test_check_gives_faults_and_warnings_and_raises_for_neither() -> None:
    assert [fault.code for fault in archspec.check(WRONG)] == ["AS201", "AS401"]
    assert [fault.code for fault in archspec.check(TEXT)] == ["AS231"]
    assert [fault.code for fault in archspec.check(TEXT, n=0)] == ["AS401"]
    assert [fault.code for fault in archspec.check("nowhere.yaml")] == ["AS001"]
    assert [fault.code for fault in archspec.check(TEXT, set=["q=1"])] == ["AS109"]


def test_variables_do_not_leak_from_one_load_to_the_next() -> None:
    assert archspec.load(TEXT, n=7).variables == {"n": 7}
    assert archspec.load(TEXT).variables == {"n": 3}
    net = archspec.load(TEXT)
    net.with_variables(n=9)
    assert net.variables == {"n": 3}


def test_a_dict_is_left_as_it_is() -> None:
    data = {"archspec": 1, "input": [4], "vars": {"n": 3}, "layers": [{"Linear": "$n"}]}
    before = json.dumps(data)
    archspec.load(data, n=4).build()
    assert json.dumps(data) == before


@pytest.mark.parametrize(
    "value", [object(), {"input": {1, 2}}, {1: 2}, {"layers": (torch.nn.ReLU(),)}, {"x": float("inf")}, {"x": b"bytes"}]
)
def test_a_dict_holds_plain_data(value: object) -> None:
    spec = value if isinstance(value, dict) else {"archspec": 1, "input": [4], "layers": value}
    found = archspec.check(spec)
    assert found
    assert all(fault.severity == "error" for fault in found if fault.code != "AS231")


def test_loading_and_checking_never_import_torch() -> None:
    code = f"""
import sys
import archspec
net = archspec.load({TEXT!r}, n=5)
net.summary(), net.with_variables(n=6), archspec.check({WRONG!r})
heavy = [name for name in ("torch", "torchvision", "matplotlib", "rich", "numpy") if name in sys.modules]
sys.exit(f"imported: {{heavy}}" if heavy else 0)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_errors_travel_between_processes() -> None:
    import pickle

    with pytest.raises(SpecError) as caught:
        archspec.load(WRONG)
    twin = pickle.loads(pickle.dumps(caught.value))
    assert str(twin) == str(caught.value)
    assert [fault.code for fault in twin.diagnostics] == ["AS201", "AS401"]
    with pytest.raises(UsageError) as usage:
        archspec.build(TEXT, device="gpu")
    assert str(pickle.loads(pickle.dumps(usage.value))) == str(usage.value)


def test_an_architecture_travels_between_processes() -> None:
    import pickle

    net = pickle.loads(pickle.dumps(archspec.load(TEXT)))
    assert torch.equal(net.build().fc.weight, archspec.build(TEXT).fc.weight)
    assert net.with_variables(n=8).variables == {"n": 8}
