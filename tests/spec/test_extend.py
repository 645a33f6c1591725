"""`extends`: overlays on trees, and what becomes of the models; torch's own surgery is the judge."""

from __future__ import annotations

import json
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import archspec
from archspec import source
from archspec.errors import SourceText
from archspec.source.tree import Mapping, plain
from archspec.spec.extend import extended
from archspec.spec.laying import Laying
from archspec.spec.read import read_document

BASE = """archspec: 1
name: Base
input: {shape: [3, 8, 8], dtype: float32}
vars: {width: int, depth: {type: int, default: 2, max: 4}, act: ReLU}
blocks: {step: {params: {k: 3}, layers: {conv: {Conv2d: {out_channels: 4, kernel_size: $k}}, act: ReLU}}}
layers:
  a: {Conv2d: 4}
  b: [ReLU, {Dropout: 0.5}, Flatten]
  c: {layers: {x: ReLU, y: {Linear: 5}}, skip: add}
outputs: {one: c, two: a}
init: {Conv2d: {weight: zeros}, Linear: {weight: ones}}
train: {data: digits, epochs: 3, scheduler: {StepLR: {step_size: 1}}}
"""


def tree(text: str) -> Mapping:
    read = source.read(SourceText("x.yaml", text))
    assert isinstance(read, Mapping)
    return read


def laid(overlay: str, base: str = BASE) -> Any:
    """The merged spec as plain data; the overlay fits."""
    laying = Laying()
    merged = extended(laying, tree(base), tree("archspec: 1\n" + overlay))
    assert laying.faults == []
    return plain(merged)


def test_an_empty_overlay_changes_nothing() -> None:
    assert laid("") == plain(tree(BASE))
    assert list(laid("")) == list(plain(tree(BASE)))


def test_an_entry_is_replaced_in_place_whole() -> None:
    layers = laid("layers: {b: Flatten, c: {Linear: 2}}")["layers"]
    assert layers == {"a": {"Conv2d": 4}, "b": "Flatten", "c": {"Linear": 2}}
    assert list(layers) == ["a", "b", "c"]


def test_null_removes() -> None:
    merged = laid("layers: {b: null}\noutputs: {two: }\ninit: null\nblocks: {step: null}\ntrain: {scheduler: null}")
    assert list(merged["layers"]) == ["a", "c"]
    assert merged["outputs"] == {"one": "c"}
    assert merged["blocks"] == {}
    assert merged["train"] == {"data": "digits", "epochs": 3}
    assert "init" not in merged


@pytest.mark.parametrize(
    ("overlay", "order"),
    [
        ("{n: ReLU}", "abcn"),
        ("{n: {ReLU: , after: a}}", "anbc"),
        ("{n: {ReLU: , before: a}}", "nabc"),
        ("{m: {ReLU: , after: a}, n: {ReLU: , after: a}}", "amnbc"),
        ("{m: {ReLU: , before: b}, n: {ReLU: , before: b}}", "amnbc"),
        ("{m: {ReLU: , before: b}, n: {ReLU: , after: m}}", "amnbc"),
        ("{m: {ReLU: , after: a}, n: {ReLU: , after: a}, o: {ReLU: , after: m}}", "amonbc"),
        ("{c: {ReLU: , before: a}}", "cab"),
        ("{a: {ReLU: , after: c}}", "bca"),
        ("{b: null, n: {ReLU: , after: a}}", "anc"),
    ],
)
def test_where_an_entry_goes(overlay: str, order: str) -> None:
    layers = laid(f"layers: {overlay}")["layers"]
    assert "".join(layers) == order
    assert all("after" not in entry and "before" not in entry for entry in layers.values() if isinstance(entry, dict))


def test_into_a_sequence() -> None:
    layers = laid("layers: {c: {layers: {y: {Linear: 9}, z: {Tanh: , after: x}}, skip: null, when: true}}")["layers"]
    assert layers["c"] == {"layers": {"x": "ReLU", "z": {"Tanh": None}, "y": {"Linear": 9}}, "when": True}
    assert list(layers["c"]["layers"]) == ["x", "z", "y"]
    assert laid("layers: {c: [ReLU]}")["layers"]["c"] == ["ReLU"]
    assert laid("layers: {a: {layers: {x: ReLU}}}")["layers"]["a"] == {"layers": {"x": "ReLU"}}


def test_into_a_list_by_number() -> None:
    def b(overlay: str) -> Any:
        return laid(f"layers: {{b: {{layers: {overlay}}}}}")["layers"]["b"]["layers"]

    assert b("{1: {Dropout: 0.1}}") == ["ReLU", {"Dropout": 0.1}, "Flatten"]
    assert b("{0: null, 1: null}") == ["Flatten"]
    assert b("{3: Tanh, 4: ReLU}") == ["ReLU", {"Dropout": 0.5}, "Flatten", "Tanh", "ReLU"]
    assert b("{1: null, 3: Tanh}") == ["ReLU", "Flatten", "Tanh"]
    numbered = BASE.partition("\nlayers:")[0] + "\nlayers: [ReLU, {Linear: 3}]\n"
    assert laid("layers: {1: {Linear: 4}}", numbered)["layers"] == ["ReLU", {"Linear": 4}]
    assert laid("layers: [Tanh]", numbered)["layers"] == ["Tanh"]


def test_into_a_block() -> None:
    step = laid("blocks: {step: {params: {k: 5, n: 1}, layers: {act: GELU}}, more: {layers: [ReLU]}}")["blocks"]
    assert step["step"] == {
        "params": {"k": 5, "n": 1},
        "layers": {"conv": {"Conv2d": {"out_channels": 4, "kernel_size": "$k"}}, "act": "GELU"},
    }
    assert step["more"] == {"layers": ["ReLU"]}


def test_variables_keep_their_types() -> None:
    merged = laid("vars: {width: 3, depth: 4, act: null, new: 1}")["vars"]
    assert merged == {
        "width": {"type": "int", "default": 3},
        "depth": {"type": "int", "max": 4, "default": 4},
        "act": None,
        "new": 1,
    }
    assert laid("vars: {width: float, depth: {type: str}}")["vars"]["width"] == "float"
    assert laid("vars: {width: float, depth: {type: str}}")["vars"]["depth"] == {"type": "str"}


def test_other_sections_merge_key_by_key() -> None:
    merged = laid("outputs: {two: b}\ninit: {Conv2d: {weight: ones}, a.bias: zeros}\ntrain: {epochs: 9, seed: 1}")
    assert merged["outputs"] == {"one": "c", "two": "b"}
    assert list(merged["init"].items()) == [
        ("Conv2d", {"weight": "ones"}),
        ("Linear", {"weight": "ones"}),
        ("a.bias", "zeros"),
    ]
    assert merged["train"]["epochs"] == 9
    assert merged["train"]["seed"] == 1
    assert laid("outputs: c")["outputs"] == "c"
    assert laid("name: Other\ndescription: d")["name"] == "Other"
    assert laid("description: d")["name"] == "Base"


def test_inputs() -> None:
    assert laid("input: [1, 8, 8]")["input"] == {"shape": [1, 8, 8], "dtype": "float32"}
    several = laid("inputs: {meta: [1]}")
    assert "input" not in several
    assert list(several["inputs"]) == ["input", "meta"]
    assert list(several).index("inputs") == list(plain(tree(BASE))).index("input")
    two = "archspec: 1\ninputs: {a: [3], b: {shape: [4], dtype: int64}}\nlayers: {x: {concat: [a, b]}}\n"
    assert laid("inputs: {a: null, b: [5], c: [6]}", two)["inputs"] == {
        "b": {"shape": [5], "dtype": "int64"},
        "c": [6],
    }
    assert "inputs" not in laid("input: [3]", two)


@pytest.mark.parametrize(
    ("first", "kept"),
    [
        ("ReLU", {"ReLU": None, "from": "input"}),
        ("[ReLU]", {"layers": ["ReLU"], "from": "input"}),
        ("{Linear: 3, repeat: 2}", {"Linear": 3, "repeat": 2, "from": "input"}),
        ("{Linear: 3, from: input}", {"Linear": 3, "from": "input"}),
        ("{add: [input, input]}", {"add": ["input", "input"]}),
        ("{permute: [0, 1]}", {"permute": [0, 1], "from": "input"}),
    ],
)
def test_a_further_input_leaves_the_first_layer_as_it_was(first: str, kept: Any) -> None:
    base = f"archspec: 1\ninput: [4]\nlayers: {{a: {first}, b: ReLU}}\n"
    assert laid("inputs: {meta: [1]}", base)["layers"]["a"] == kept
    assert laid("inputs: {meta: [1]}\nlayers: {a: Tanh}", base)["layers"]["a"] == "Tanh"
    before = laid("inputs: {meta: [1]}\nlayers: {z: {Tanh: , from: input, before: a}}", base)["layers"]
    assert before["a"] == plain(tree(base))["layers"]["a"]
    assert laid("inputs: {input: [5]}", base)["layers"]["a"] == plain(tree(base))["layers"]["a"]


NAMES = list(plain(tree(BASE))["layers"])  # type: ignore[union-attr]
OVERLAYS = st.fixed_dictionaries(
    {},
    optional={
        "name": st.just("Other"),
        "layers": st.dictionaries(st.sampled_from([*NAMES, "n", "m"]), st.sampled_from(["ReLU", "Tanh"]), min_size=1),
        "vars": st.dictionaries(st.sampled_from(["width", "new"]), st.integers(1, 9), min_size=1),
        "outputs": st.dictionaries(st.sampled_from(["one", "three"]), st.sampled_from(NAMES), min_size=1),
        "train": st.dictionaries(st.sampled_from(["epochs", "batch_size"]), st.integers(1, 9), min_size=1),
    },
)


@given(OVERLAYS)
def test_yaml_and_json_say_the_same(overlay: dict[str, Any]) -> None:
    as_json = source.read(SourceText("x.json", json.dumps({"archspec": 1, **overlay})))
    as_yaml = tree("archspec: 1\n" + "".join(f"{key}: {json.dumps(value)}\n" for key, value in overlay.items()))
    base_json = source.read(SourceText("x.json", json.dumps(plain(tree(BASE)))))
    results = []
    for base in (tree(BASE), base_json):
        for over in (as_json, as_yaml):
            assert isinstance(base, Mapping)
            assert isinstance(over, Mapping)
            results.append(plain(extended(Laying(), base, over)))
    assert all(result == results[0] for result in results)
    for section in ("layers", "outputs", "train"):
        old = plain(tree(BASE))[section]  # type: ignore[index, call-overload]
        assert results[0][section] == {**old, **overlay.get(section, {})}  # type: ignore[index, call-overload]


@given(st.sets(st.sampled_from(NAMES)))
def test_a_part_of_the_base_over_it_changes_nothing(names: set[str]) -> None:
    base = plain(tree(BASE))
    assert isinstance(base, dict)
    layers = base["layers"]
    assert isinstance(layers, dict)
    overlay = {"archspec": 1, "layers": {name: layers[name] for name in NAMES if name in names}}
    over = source.read(source.from_data(overlay), "json")
    assert isinstance(over, Mapping)
    assert plain(extended(Laying(), tree(BASE), over)) == base


@given(OVERLAYS, OVERLAYS)
def test_laying_two_overlays_is_laying_them_one_after_the_other(first: dict[str, Any], second: dict[str, Any]) -> None:
    """New names and replaced ones: the second overlay over the first over the base, or over their union."""
    one, two = (source.read(source.from_data({"archspec": 1, **each}), "json") for each in (first, second))
    assert isinstance(one, Mapping)
    assert isinstance(two, Mapping)
    in_turn = extended(Laying(), extended(Laying(), tree(BASE), one), two)
    at_once = extended(Laying(), tree(BASE), extended(Laying(), one, two))
    assert plain(in_turn) == plain(at_once)


def _keys(model: nn.Module) -> list[tuple[str, torch.Size]]:
    return [(name, value.shape) for name, value in model.state_dict().items()]


CLASSIFIER = """archspec: 1
extends: zoo:resnet34
layers:
  fc:
    - Linear: 256
    - ReLU
    - Dropout: 0.5
    - Linear: 10
"""


def test_a_classifier_of_two_layers_as_the_course_notes_write_it() -> None:
    theirs = torchvision.models.resnet34()
    theirs.fc = nn.Sequential(nn.Linear(512, 256), nn.ReLU(), nn.Dropout(0.5), nn.Linear(256, 10))
    ours = archspec.build(CLASSIFIER)
    assert _keys(ours) == _keys(theirs)
    ours.load_state_dict(theirs.state_dict())
    image = torch.randn(2, 3, 64, 64)
    torch.testing.assert_close(ours.eval()(image), theirs.eval()(image))


class WithMeta(nn.Module):
    """The notes' way to add an input: a model that holds the other one without its head."""

    def __init__(self) -> None:
        super().__init__()
        self.cnn = torchvision.models.resnet34()
        self.cnn.fc = nn.Identity()
        self.fc = nn.Linear(512 + 1, 10)

    def forward(self, image: torch.Tensor, meta: torch.Tensor) -> dict[str, torch.Tensor]:
        features = self.cnn(image)
        return {"logits": self.fc(torch.cat([features, meta], 1)), "features": features}


WITH_META = """archspec: 1
extends: zoo:resnet34
inputs: {meta: [1]}
vars: {num_classes: 10}
layers: {with_meta: {concat: [flatten, meta], before: fc}}
outputs: {logits: fc, features: flatten}
"""


def test_a_further_input_and_a_further_output() -> None:
    theirs, ours = WithMeta().eval(), archspec.build(WITH_META).eval()
    state = {name.removeprefix("cnn."): value for name, value in theirs.state_dict().items()}
    ours.load_state_dict(state)
    image, meta = torch.randn(2, 3, 64, 64), torch.randn(2, 1)
    with torch.no_grad():
        expected, found = theirs(image, meta), ours(image, meta)
    torch.testing.assert_close(found, expected)


VGG = """archspec: 1
name: Small
input: [3, 32, 32]
layers:
  features: [{Conv2d: {out_channels: 8, kernel_size: 3, padding: 1}}, ReLU, {MaxPool2d: 2}]
  flatten: Flatten
  classifier: [{Linear: 32}, ReLU, Dropout, {Linear: 1000}]
"""


def test_one_layer_of_a_numbered_classifier(tmp_path: Path) -> None:
    (tmp_path / "vgg.yaml").write_text(VGG)
    net = tmp_path / "net.yaml"
    net.write_text("archspec: 1\nextends: vgg.yaml\nlayers: {classifier: {layers: {3: {Linear: 2}}}}\n")
    theirs = archspec.build(tmp_path / "vgg.yaml")
    theirs.classifier[3] = nn.Linear(32, 2)
    assert _keys(archspec.build(net)) == _keys(theirs)
    net.write_text("archspec: 1\nextends: vgg.yaml\nlayers: {classifier: {layers: {2: null}}}\n")
    theirs = archspec.build(tmp_path / "vgg.yaml")
    del theirs.classifier[2]
    assert _keys(archspec.build(net)) == _keys(theirs)


def test_yaml_extends_json_and_json_yaml(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(plain(tree(VGG))))
    (tmp_path / "b.yaml").write_text("archspec: 1\nextends: a.json\nlayers: {flatten: {Flatten: 1}}\n")
    (tmp_path / "c.json").write_text('{"archspec": 1, "extends": "b.yaml", "name": "C", "layers": {"last": "Tanh"}}')
    net = archspec.load(tmp_path / "c.json")
    assert (net.name, list(net.shapes)[-1]) == ("C", "last")


def test_a_chain_has_bounds(tmp_path: Path) -> None:
    (tmp_path / "n0.yaml").write_text(VGG)
    for index in range(1, 19):
        (tmp_path / f"n{index}.yaml").write_text(f"archspec: 1\nextends: n{index - 1}.yaml\n")
    assert archspec.check(tmp_path / "n16.yaml") == ()
    assert [fault.code for fault in archspec.check(tmp_path / "n17.yaml")] == ["AS242"]


def test_what_is_stored_needs_no_other_file() -> None:
    net = archspec.load(WITH_META, num_classes=7, set=["train.epochs=1"])
    assert "extends:" not in net.spec_text
    again = archspec.load(net.spec_text)
    assert again.shapes == net.shapes
    assert again.recipe == net.recipe
    assert _keys(again.build()) == _keys(net.build())
    assert OrderedDict(net.with_variables(num_classes=3).build().state_dict())["fc.bias"].shape == (3,)


def test_the_files_are_read_once(tmp_path: Path) -> None:
    (tmp_path / "vgg.yaml").write_text(VGG)
    (tmp_path / "net.yaml").write_text("archspec: 1\nextends: vgg.yaml\nvars: {n: 2}\n")
    net = archspec.load(tmp_path / "net.yaml")
    (tmp_path / "vgg.yaml").unlink()
    assert net.with_variables(n=3).num_params == net.num_params


VALUES = st.recursive(
    st.none() | st.sampled_from(["ReLU", "a", "input", "$width", "int", 3, True]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["layers", "branches", "after", "before", "from", "0", "9", "x", "Linear"]), inner
        )
    ),
    max_leaves=6,
)
SECTIONS = ["layers", "blocks", "vars", "inputs", "input", "outputs", "init", "train", "name"]
KEYS = st.sampled_from([*NAMES, "step", "width", "one", "input", "n", "0"])


@given(st.dictionaries(st.sampled_from(SECTIONS), VALUES | st.dictionaries(KEYS, VALUES, max_size=3), max_size=4))
def test_whatever_is_laid_over_is_read_or_refused(overlay: dict[str, Any]) -> None:
    over = source.read(source.from_data({"archspec": 1, **overlay}), "json")
    assert isinstance(over, Mapping)
    laying = Laying()
    merged = extended(laying, tree(BASE), over)
    _, faults = read_document(merged)
    for fault in (*laying.faults, *faults):
        assert fault.span is not None
        assert fault.render()


def test_defaults_are_laid_over_argument_by_argument() -> None:
    base = "defaults: {Conv2d: {bias: false, stride: 2}, ReLU: {inplace: true}, Dropout: 0.5}\n"
    over = "defaults: {Conv2d: {stride: null, groups: 2}, ReLU: null, Dropout: {p: 0.1}, Tanh: {}}\n"
    laying = Laying()
    made = plain(extended(laying, tree(base), tree(over)))
    assert laying.faults == []
    assert isinstance(made, dict)
    assert made["defaults"] == {"Conv2d": {"bias": False, "groups": 2}, "Dropout": {"p": 0.1}, "Tanh": {}}


def test_defaults_hold_for_the_entries_of_both_files(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(
        "archspec: 1\ninput: [3, 8, 8]\ndefaults: {Conv2d: {kernel_size: 3}}\nlayers: {a: {Conv2d: 4}, b: ReLU}\n"
    )
    over = (
        "archspec: 1\nextends: base.yaml\ndefaults: {Conv2d: {bias: false}}\nlayers: {b: {Conv2d: 5}, c: {Conv2d: 6}}\n"
    )
    (tmp_path / "net.yaml").write_text(over)
    convs = list(archspec.build(tmp_path / "net.yaml").children())
    assert [conv.out_channels for conv in convs] == [4, 5, 6]
    assert all(conv.bias is None and conv.kernel_size == (3, 3) for conv in convs)
