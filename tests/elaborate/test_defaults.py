"""`defaults`: the same model as with the arguments written at every entry of the kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import archspec
from archspec.ops.registry import find
from tests.judge import faults
from tests.schema.judge import data_of

SPECS = Path(__file__).parents[2] / "specs"
HEAD = "archspec: 1\ninput: [3, 32, 32]\n"
WITH_DEFAULTS = [path for path in sorted(SPECS.rglob("*.yaml")) if "\ndefaults:" in path.read_text(encoding="utf-8")]


def _source(spec: Any) -> str:
    return archspec.load(spec).to_python().partition("\n")[2]


def _written_out(node: Any, defaults: dict[str, Any]) -> Any:
    """The spec with the default arguments in every entry that does not write them."""
    if isinstance(node, list):
        return [_written_out(item, defaults) for item in node]
    if isinstance(node, str) and node in defaults:
        return {node: dict(_named(node, defaults[node]))}
    if not isinstance(node, dict):
        return node
    made = {}
    for key, value in node.items():
        inner = _written_out(value, defaults)
        made[key] = {**_named(key, defaults[key]), **_named(key, value)} if key in defaults else inner
    return made


def _named(kind: str, value: Any) -> dict[str, Any]:
    op = find(kind)
    assert op is not None
    return value if isinstance(value, dict) else {} if value is None else {str(op.primary): value}


def _without_defaults(spec: dict[str, Any]) -> dict[str, Any]:
    rest = {key: value for key, value in spec.items() if key != "defaults"}
    places = {key: _written_out(rest[key], spec["defaults"]) for key in ("layers", "blocks", "vars") if key in rest}
    return {**rest, **places}


@pytest.mark.parametrize("path", WITH_DEFAULTS, ids=lambda path: path.stem)
def test_a_spec_of_the_zoo_is_the_one_with_all_arguments_written(path: Path) -> None:
    spec = data_of(path.read_text(encoding="utf-8"))
    assert _source(_without_defaults(spec)) == _source(spec)


EVERYWHERE = """
archspec: 1
name: Everywhere
input: [8, 16, 16]
vars: {act: {LeakyReLU: }, word: LeakyReLU, size: 3}
defaults:
  Conv2d: {kernel_size: $size, padding: same, out_channels: 8}
  LeakyReLU: 0.3
  Dropout: {p: 0.25}
  Parameter: {init: {normal: {std: 0.5}}}
blocks:
  unit:
    params: {wet: 1, act: {LeakyReLU: }}
    layers: {conv: Conv2d, act: $act, drop: {Dropout: , when: $(wet > 0)}}
layers:
  unit: unit
  numbered: [Conv2d, $act, $word, {LeakyReLU: 0.7}, [Conv2d: {kernel_size: 5}]]
  branches: {branches: {a: Conv2d, b: {Conv2d: {kernel_size: 1}}}, merge: add}
  skipped: {Conv2d: 4, skip: {project: {Conv2d: 4}}}
  copies: {Conv2d: , repeat: 3, first: {kernel_size: 1}, per_repeat: {bias: [true, false, true]}}
  inline: [{Conv2d: , repeat: 2, inline: true}]
  weight: {Parameter: [8, 16, 16]}
  sum: {add: [inline, weight]}
"""


def test_they_reach_every_entry_of_the_file() -> None:
    spec = data_of(EVERYWHERE)
    written = _without_defaults(spec)
    written["vars"]["word"] = {"LeakyReLU": 0.3}
    assert _source(written) == _source(spec)


def test_an_entry_overrides_and_a_repeat_overrides_it() -> None:
    spec = (
        HEAD
        + """
defaults: {Conv2d: {kernel_size: 3, stride: 2, bias: false}}
layers: [{Conv2d: {out_channels: 4, stride: 1}, repeat: 2, last: {bias: true}}]
"""
    )
    first, last = archspec.build(data_of(spec)).get_submodule("0")
    assert (first.kernel_size, first.stride, first.bias) == ((3, 3), (1, 1), None)
    assert last.bias is not None


def test_null_leaves_one_of_two_arguments_out() -> None:
    head = HEAD + "defaults: {Upsample: {scale_factor: 2}}\n"
    module = archspec.build(data_of(head + "layers: {a: Upsample, b: {Upsample: {size: 8, scale_factor: null}}}"))
    assert (module.a.scale_factor, module.b.scale_factor, module.b.size) == (2.0, None, 8)
    (fault,) = archspec.check(data_of(head + "layers: {b: {Upsample: {size: 8}}}"))
    assert fault.code == "AS402"
    assert "`scale_factor: 2` comes from `defaults`, line" in " ".join(fault.notes)


def test_a_function_has_defaults_beside_its_inputs() -> None:
    layers = "layers: {a: ReLU, b: {concat: [a, input]}, c: {concat: {dim: 3}, from: [b, b]}}"
    shapes = archspec.load(data_of(f"{HEAD}defaults: {{concat: {{dim: 2}}}}\n{layers}")).shapes
    assert (shapes["b"][1:], shapes["c"][1:]) == ((3, 64, 32), (3, 64, 64))


def test_what_archspec_makes_by_itself_has_its_own_arguments() -> None:
    spec = (
        HEAD
        + """
defaults: {concat: {dim: 2}, Conv2d: {kernel_size: 3, padding: 1, bias: true}, BatchNorm2d: {eps: 0.5}}
layers:
  branches: {branches: [Conv2d: 4, Conv2d: 4], merge: concat}
  skipped: {layers: [Conv2d: 6], skip: {project: auto}}
"""
    )
    module = archspec.build(data_of(spec))
    assert module.skipped.get_submodule("0").in_channels == 8
    assert module.skipped.project[0].bias is None
    assert module.skipped.project[1].eps == 1e-5


def test_a_default_means_the_variables_of_the_file() -> None:
    """Also where a block that takes it has a parameter of that name."""
    spec = (
        HEAD
        + """
vars: {size: 3}
defaults: {Conv2d: {kernel_size: $size}}
blocks: {unit: {params: {size: 5}, layers: {conv: {Conv2d: $size}}}}
layers: {unit: unit}
"""
    )
    assert archspec.build(data_of(spec)).unit.conv.kernel_size == (3, 3)
    assert archspec.build(data_of(spec), size=1).unit.conv.kernel_size == (1, 1)
    assert archspec.build(data_of(spec), size=1).unit.conv.out_channels == 5


def test_a_block_with_its_own_has_none_of_the_file() -> None:
    spec = (
        HEAD
        + """
defaults: {Conv2d: {kernel_size: 3, bias: false}, ReLU: {inplace: true}}
blocks:
  own: {params: {size: int}, defaults: {Conv2d: {kernel_size: $size}}, layers: {conv: {Conv2d: 4}, act: ReLU}}
  none: {defaults: {}, layers: {conv: {Conv2d: {out_channels: 4, kernel_size: 1}}, act: ReLU}}
layers: {own: {own: 5}, other: {own: 7}, none: none, conv: {Conv2d: 2}, act: ReLU}
"""
    )
    module = archspec.build(data_of(spec))
    assert (module.own.conv.kernel_size, module.other.conv.kernel_size) == ((5, 5), (7, 7))
    assert all(conv.bias is not None for conv in (module.own.conv, module.other.conv, module.none.conv))
    assert [module.own.act.inplace, module.none.act.inplace, module.act.inplace] == [False, False, True]


@pytest.mark.parametrize(
    ("layers", "blocks", "code"),
    [
        ("[Conv2d: 4]", "", None),
        ("[ReLU]", "blocks: {never: {layers: [Conv2d: 4]}}", None),
        ("[ReLU]", "blocks: {never: {layers: [{layers: [{Conv2d: 4}]}]}}", None),
        ("[ReLU]", "vars: {held: {Conv2d: 4}}", None),
        ("[{Conv2d: 4, when: false}]", "", None),
        ("[{ReLU: , skip: {project: {Conv2d: {out_channels: 3, padding: 1}}}}]", "", None),
        ("[ReLU]", "blocks: {never: {defaults: {}, layers: [Conv2d: {out_channels: 4, kernel_size: 3}]}}", "AS231"),
        ("[ReLU]", "", "AS231"),
    ],
)
def test_what_nothing_uses_is_warned_of(layers: str, blocks: str, code: str | None) -> None:
    spec = f"{HEAD}defaults: {{Conv2d: {{kernel_size: 3}}}}\n{blocks}\nlayers: {layers}\n"
    assert [fault.code for fault in archspec.check(data_of(spec))] == ([] if code is None else [code])


def test_an_unused_block_is_checked_with_them() -> None:
    block = "blocks: {never: {layers: [Conv2d: 4, MaxPool2d: {stride: 2}]}}\nlayers: [ReLU]\n"
    (fault,) = archspec.check(data_of(HEAD + "defaults: {Conv2d: {kernel_size: 3}}\n" + block))
    assert (fault.code, "kernel_size" in fault.message) == ("AS203", True)


@pytest.mark.parametrize("entry", ["{MaxPool2d: {stqride: 1}}", "{MaxPool2d: {kernel_size: 3, strides: 1}}"])
def test_a_misspelt_argument_is_the_one_error(entry: str) -> None:
    """It is taken for what it means, not for nothing: with the default's 2 the sizes would differ."""
    spec = "defaults: {MaxPool2d: {kernel_size: 3, stride: 2, padding: 1}}\nlayers: {b: ENTRY, c: {add: [b, input]}}\n"
    found = archspec.check(data_of(HEAD + spec.replace("ENTRY", entry)))
    assert [fault.code for fault in found] == ["AS202"]


def test_an_unknown_default_may_be_the_argument_that_is_missing() -> None:
    assert faults("input: [4]\ndefaults: {topk: {q: 2}}\nlayers: {a: {topk: {}}}\n") == [("AS202", "q")]
    spec = "input: [4, 5]\ndefaults: {transpose: {dimq: -1}}\nlayers: {a: {transpose: {dim0: 1}}}\n"
    assert faults(spec) == [("AS202", "dimq")]
