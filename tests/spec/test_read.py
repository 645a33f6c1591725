"""The document's form: every key, in YAML, JSON and as a dict."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

import archspec
from archspec.graph.dump import dump
from tests.emit.specs import EVERYTHING
from tests.judge import faults

SPECS = sorted(Path("specs").glob("*.yaml"))
TYPED = """
archspec: 1
input: [4]
vars: {wide: [int], act: layer, n: {type: int, default: 3}}
blocks: {B: {params: {n: int, flag: bool, word: str}, layers: {fc: {Linear: {out_features: $n, bias: $flag}}}}}
layers: {b: {B: {n: '$(wide[1])', flag: true, word: x}}, act: $act, many: {B: {n: $n, flag: false, word: y}, repeat: 2}}
"""


@pytest.mark.parametrize("text", [EVERYTHING, TYPED, *(path.read_text() for path in SPECS)], ids=lambda text: text[:30])
def test_yaml_json_and_dict_say_the_same(text: str, tmp_path: Path) -> None:
    given = {"wide": [4, 5], "act": "Tanh"} if text is TYPED else {}
    data = yaml.safe_load(text)
    (tmp_path / "net.json").write_text(json.dumps(data))
    (tmp_path / "compact.json").write_text(json.dumps(data, indent=3))
    graphs = [
        dump(archspec.load(form, **given).graph)
        for form in (text, data, tmp_path / "net.json", str(tmp_path / "compact.json"), json.dumps(data, indent=1))
    ]
    assert set(graphs) == {graphs[0]}


def test_the_same_faults_in_yaml_and_json() -> None:
    spec = {
        "archspec": 1,
        "input": [4],
        "layers": {"a": {"Lineer": 3}, "b": {"Linear": "3"}, "c": {"ReLU": {}, "from": "x"}},
    }
    forms = (spec, json.dumps(spec, indent=1), yaml.safe_dump(spec, sort_keys=False))
    found = [[(fault.code, fault.message) for fault in archspec.check(form)] for form in forms]
    assert found[0] == found[1] == found[2]
    assert [code for code, _ in found[0]] == ["AS201", "AS401", "AS205"]


def test_the_place_of_a_fault_in_a_dict_shows_that_value() -> None:
    (fault,) = archspec.check({"archspec": 1, "input": [4], "layers": {"a": {"Linear": -3}}})
    assert fault.span is not None
    assert fault.span.text == "-3"
    assert "^^" in fault.render()


REST = "input: [4]\nlayers: [ReLU]\n"


@pytest.mark.parametrize(
    ("body", "code", "marked"),
    [
        (REST + "optimizer: SGD", "AS102", "optimizer"),
        (REST + "nmae: Net", "AS102", "nmae"),
        (REST + "name: 3", "AS101", "3"),
        (REST + "name: my net", "AS106", "my net"),
        (REST + "name: class", "AS106", "class"),
        (REST + "description: 1.10", "AS101", "1.10"),
        (REST + "vars: [a]", "AS101", "[a]"),
        (REST + "blocks: [a]", "AS101", "[a]"),
        (REST + "blocks: {B: [ReLU]}", "AS101", "[ReLU]"),
        (REST + "blocks: {B: {}}", "AS103", "B"),
        (REST + "blocks: {B: {layer: [ReLU], layers: [ReLU]}}", "AS102", "layer"),
        (REST + "blocks: {from: {layers: [ReLU]}}", "AS106", "from"),
        (REST + "blocks: {Linear: {layers: [ReLU]}}", "AS106", "Linear"),
        (REST + "blocks: {B: {inputs: x, layers: [ReLU]}}", "AS101", "x"),
        (REST + "blocks: {B: {inputs: [1], layers: [ReLU]}}", "AS101", "1"),
        (REST + "blocks: {B: {inputs: [{a: 1}], layers: [ReLU]}}", "AS101", "{a: 1}"),
        (REST + "freeze: [{a: 1}]", "AS101", "{a: 1}"),
        (REST + "init: [zeros]", "AS101", "[zeros]"),
        (REST + "train: digits", "AS101", "digits"),
        (REST + "allow_code: true", "AS111", "allow_code"),
        ("input: [4]", "AS103", "archspec"),
        ("layers: [ReLU]", "AS103", "archspec"),
        ("input: [4]\nlayers: {}", "AS103", "{}"),
        ("input: [4]\nlayers: ReLU", "AS101", "ReLU"),
        ("input: [4]\nlayers: {forward: ReLU}", "AS106", "forward"),
        ("input: [4]\nlayers: {a.b: ReLU}", "AS106", "a.b"),
        ("input: [4]\nlayers: {input: ReLU}", "AS106", "input"),
        ("input: [4]\nlayers: {_modules: ReLU}", "AS106", "_modules"),
        ("input: [4]\nlayers: {'': ReLU}", "AS106", "''"),
        ("input: [4]\nlayers: {a: {ReLU: , branches: {}}}", "AS105", "branches"),
        ("input: [4]\nlayers: {a: {ReLU: , form: input}}", "AS105", "form"),
    ],
)
def test_each_fault_of_form_is_one_error_at_its_place(body: str, code: str, marked: str) -> None:
    assert faults(body + "\n") == [(code, marked)]


@pytest.mark.parametrize("version", ["2", '"1"', "true", "null", "1.0", "[1]"])
def test_the_language_version(version: str) -> None:
    found = archspec.check(f"archspec: {version}\n{REST}")
    assert [fault.code for fault in found] == ([] if version == "1.0" else ["AS104"])


def test_a_missing_version_and_its_mend() -> None:
    (fault,) = archspec.check(REST)
    assert fault.code == "AS104"
    assert fault.edit is not None
    assert fault.edit.text + REST == f"archspec: 1\n{REST}"


@pytest.mark.parametrize("text", ["- a\n- b\n", "3\n", "null\n", "\n"])
def test_a_spec_is_a_mapping(text: str) -> None:
    found = archspec.check(text)
    assert len(found) == 1
    assert found[0].severity == "error"


def test_independent_faults_are_all_told_in_file_order() -> None:
    found = faults("name: 1\ninput: [4]\nlayers: {a: {Lineer: 1}, b: {Linear: 0}, c: {ReLU: , from: q}}\noutputs: zz\n")
    assert [marked for _, marked in found] == ["1", "Lineer", "0", "q", "zz"]


def test_names_that_differ_in_case_are_warned_of() -> None:
    (warning,) = archspec.load("archspec: 1\ninput: [4]\nlayers: {conv: ReLU, Conv: ReLU}\n").warnings
    assert (warning.code, warning.severity) == ("AS110", "warning")


def test_near_misses_that_are_right() -> None:
    spec = """
archspec: 1
description: "Ünïcode, 網, and: colons"
input: [3, 33, 33]
layers:
  conv-1: {Conv2d: {out_channels: 6, kernel_size: [3, 5], padding: 0, groups: 3}}
  no: {Dropout: 0.0}
  on: {Dropout: 1.0}
  pool: {MaxPool2d: {kernel_size: 2, ceil_mode: true}}
  left: ReLU
  right: {Tanh: , from: pool}
  diamond: {add: [left, right]}
  norm: {BatchNorm2d: {eps: 1e-3, momentum: .5}}
  act: {LeakyReLU: 1E-2}
  elu: {ELU: +3}
"""
    assert archspec.check(spec) == ()
    assert archspec.check(spec.replace("\n", "\r\n")) == ()
    assert next(iter(archspec.build(spec).state_dict())) == "conv-1.weight"


def test_a_function_in_a_list_takes_an_entry_whose_name_begins_as_kinds_do() -> None:
    layers = "{Stem: {Linear: 3}, b: [{relu: Stem}], c: {layers: [{tanh: Stem}]}}"
    spec = f"archspec: 1\ninput: [4]\nlayers: {layers}\n"
    assert archspec.check(spec) == ()
    block = "{B: {inputs: [A, Mask], layers: [{relu: Mask}]}}"
    spec = f"archspec: 1\ninputs: {{X: [4]}}\nblocks: {block}\nlayers: [{{relu: X}}, {{B: , from: [X, '0']}}]\n"
    assert archspec.check(spec) == ()
    (fault,) = archspec.check("archspec: 1\ninput: [4]\nlayers: [{act: ReLU}]\n")
    assert (fault.code, "no names" in fault.message) == ("AS105", True)
