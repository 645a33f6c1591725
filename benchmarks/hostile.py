"""Specs that a stranger may send to tire the checker: each as large as its kind can be, or as a limit lets it be."""

from __future__ import annotations

import json
from typing import NamedTuple

from tests.fuzz.test_attacks import HEAD, RELU

_ONE = "{Conv2d: {out_channels: 4, kernel_size: 1}}"
_SUM = "+".join(["1"] * 120)


class Hostile(NamedTuple):
    """A spec, how its file ends, and the files beside it."""

    text: str
    suffix: str = ".yaml"
    beside: dict[str, str] = {}  # noqa: RUF012


def _lines(line: str, count: int) -> str:
    return "".join(line.replace("@", str(number)) for number in range(count))


def _wide(layers: int, uses: int) -> str:
    inside = _lines("      l@: {ReLU: , from: input}\n", layers)
    return f"{HEAD}blocks:\n  wide:\n    layers:\n{inside}layers:\n" + _lines("  u@: wide\n", uses)


def _nested(levels: int) -> str:
    entry = "ReLU"
    for _ in range(levels):
        entry = f"{{branches: {{a: {entry}, b: ReLU}}, merge: add}}"
    return f"{HEAD}layers: [{entry}]\n"


def _chain(files: int, entries: int) -> dict[str, str]:
    base = f"{HEAD}layers:\n" + _lines(f"  a@: {_ONE}\n", entries)
    overlays = {
        f"f{number}.yaml": f"archspec: 1\nextends: f{number - 1}.yaml\nlayers:\n" + _lines("  a@: ReLU\n", entries)
        for number in range(1, files)
    }
    return {"f0.yaml": base, **overlays}


def _libraries(files: int, blocks: int) -> dict[str, str]:
    return {
        f"i{number}.yaml": "archspec: 1\nblocks:\n" + _lines(f"  b{number}x@: {{layers: [ReLU]}}\n", blocks)
        for number in range(files)
    }


def _importer(files: int) -> str:
    return f"import: [{', '.join(f'i{n}.yaml' for n in range(files))}]\n{HEAD}layers: [b0x0]\n"


def _as_json(count: int) -> str:
    entry = {"Conv2d": {"out_channels": 4, "kernel_size": 1}}
    layers = {f"a{number}": entry for number in range(count)}
    return json.dumps({"archspec": 1, "input": [4, 8, 8], "layers": layers}, indent=1)


def _twice_in_json(count: int) -> str:
    pairs = ", ".join(['"a": "ReLU"'] * count)
    return f'{{"archspec": 1, "input": [4, 8, 8], "layers": {{{pairs}}}}}'


_UNKNOWN = _lines("  a@: {ReLU: {}, when: $(flag_@ > 1)}\n", 5_000)
_BASE = f"{HEAD}layers:\n" + _lines(f"  a@: {_ONE}\n", 8_000)

HOSTILE = {
    "uses of one wide block": Hostile(_wide(100, 175)),
    "uses of one small block": Hostile(_wide(1, 8_900)),
    "a computed buffer of many functions": Hostile(
        f"{HEAD}layers:\n  b:\n    Buffer:\n      layers:\n        - {{arange: 8}}\n"
        + _lines("        - {add: @}\n", 15_000)
        + "  r: {ReLU: , from: input}\n"
    ),
    "many computed buffers": Hostile(
        f"{HEAD}layers:\n" + _lines("  b@: {Buffer: {layers: [{arange: 8}, {mul: 2}]}}\n", 4_500)
        + "  r: {ReLU: , from: input}\n"
    ),
    "buffers of many values": Hostile(
        f"{HEAD}layers:\n  b: {{Buffer: {{values: {[1.5] * 150_000}}}}}\n  r: {{ReLU: , from: input}}\n"
    ),
    "variables of long expressions": Hostile(f"{HEAD}vars:\n" + _lines(f"  v@: $({_SUM})\n", 10_000) + RELU),
    "variables that use one another": Hostile(
        f"{HEAD}vars:\n  v: 1\n" + _lines("  v@: $(v + v + v + v)\n", 30_000) + RELU
    ),
    "defaults of a long expression": Hostile(
        f"{HEAD}defaults: {{Conv2d: {{kernel_size: $({_SUM} - 119)}}}}\nlayers:\n"
        + _lines("  a@: {Conv2d: 4}\n", 15_500)
    ),
    "a long expression in every copy, in a variable": Hostile(
        f"{HEAD}vars: {{x: $({_SUM})}}\nlayers: [{{ReLU: {{}}, repeat: 15500, when: $(x > index - 20000)}}]\n"
    ),
    "a long expression of the copy's index": Hostile(
        f"{HEAD}layers: [{{ReLU: {{}}, repeat: 15500, when: $({'+'.join(['index'] * 60)} >= 0)}}]\n"
    ),
    "a name written twice, and again": Hostile(f"{HEAD}layers:\n" + "  a: ReLU\n" * 50_000),
    "names written twice": Hostile(f"{HEAD}layers:\n" + _lines("  a@: ReLU\n  a@: ReLU\n", 25_000)),
    "names that differ in case": Hostile(f"{HEAD}layers:\n" + _lines("  a@: ReLU\n  A@: ReLU\n", 8_700)),
    "many inputs": Hostile(
        "archspec: 1\ninputs:\n" + _lines("  x@: [4]\n", 8_000)
        + "layers:\n" + _lines("  r@: {ReLU: , from: x@}\n", 8_000)
    ),
    "many outputs": Hostile(
        f"{HEAD}layers:\n" + _lines("  r@: {ReLU: , from: input}\n", 8_000) + "outputs:\n" + _lines("  o@: r@\n", 8_000)
    ),
    "outputs for training": Hostile(
        f"{HEAD}layers:\n" + _lines("  r@: {ReLU: , from: input}\n", 8_000) + "outputs:\n  y: r0\n"
        + _lines("  o@: {from: r@, training: true}\n", 8_000)
    ),
    "stages of many values": Hostile(
        f"{HEAD}layers:\n  l$(stage):\n    Conv2d: {{kernel_size: 1}}\n    repeat: {[17] * 1_024}\n"
        f"    per_stage: {{out_channels: {[4] * 1_024}}}\n"
    ),
    "values of every copy": Hostile(
        f"{HEAD}layers:\n  l:\n    Conv2d: {{kernel_size: 1}}\n    repeat: 15500\n"
        f"    per_repeat: {{out_channels: {[4, 5] * 8_750}}}\n"
    ),
    "projected skips": Hostile(
        f"{HEAD}layers:\n"
        + _lines(f"  s@: {{layers: [{_ONE}], skip: {{merge: add, project: auto}}}}\n", 2_000)
        + _lines("  t@: {layers: [{Conv2d: {out_channels: $(5 + @ % 2), kernel_size: 1}}], "
                 "skip: {merge: add, project: auto}}\n", 2_000)
    ),
    "skips in copies": Hostile(
        f"{HEAD}layers: [{{layers: [{_ONE}, ReLU], skip: add, repeat: 4300}}]\n"
    ),
    "as many entries as are accepted, in JSON": Hostile(_as_json(15_500), ".json"),
    "a key written twice in JSON": Hostile(_twice_in_json(50_000), ".json"),
    "a million brackets in JSON": Hostile("[" * 1_000_000, ".json"),
    "an unknown variable in every copy": Hostile(
        f"{HEAD}layers: [{{layers: [{{ReLU: {{}}, when: $(flag > 1)}}, {_ONE}], repeat: 8500}}]\n"
    ),
    "an unknown reference in every copy": Hostile(
        f"{HEAD}layers: [{{layers: [{{ReLU: , from: nowhere}}, {_ONE}], repeat: 8500}}]\n"
    ),
    "a wrong argument in every copy": Hostile(
        f"{HEAD}layers: [{{layers: [{{Conv2d: {{out_channel: 4, kernel_size: 1}}}}], repeat: 8500}}]\n"
    ),
    "a wrong shape in every use": Hostile(
        f"{HEAD}blocks: {{b: {{layers: [{{Linear: {{in_features: 3, out_features: 4}}}}]}}}}\nlayers:\n"
        + _lines("  a@: {b: , from: input}\n", 8_500)
    ),
    "unknown variables": Hostile(f"{HEAD}layers:\n{_UNKNOWN}"),
    "unknown references": Hostile(f"{HEAD}layers:\n" + _lines("  a@: {ReLU: , from: b@}\n", 8_500)),
    "globs of init": Hostile(f"{_BASE}init:\n" + _lines('  "a@*.weight": zeros\n', 124)),
    "globs of init that match nothing": Hostile(f"{_BASE}init:\n" + _lines('  "b@*": zeros\n', 124)),
    "globs of freeze": Hostile(f"{_BASE}freeze: [" + _lines('"a@*",', 12) + "]\n"),
    "globs of freeze, of stars": Hostile(f"{_BASE}freeze: [" + ", ".join(['"' + "*a" * 100 + '"'] * 4) + "]\n"),
    "globs of parameter groups": Hostile(
        f"{_BASE}train: {{data: digits, param_groups: [" + _lines('{match: "a@*", lr: 0.1},', 12) + "]}\n"
    ),
    "an overlay of many edits": Hostile(
        "archspec: 1\nextends: f0.yaml\nlayers:\n" + _lines("  a@: {Tanh: , after: a0}\n", 8_000),
        beside={"f0.yaml": _BASE},
    ),
    "an overlay that inserts": Hostile(
        "archspec: 1\nextends: f0.yaml\nlayers:\n" + _lines("  n@: {Tanh: , after: a@}\n", 8_000),
        beside={"f0.yaml": _BASE},
    ),
    "an overlay that removes": Hostile(
        "archspec: 1\nextends: f0.yaml\nlayers:\n" + _lines("  a@: null\n", 7_999), beside={"f0.yaml": _BASE}
    ),
    "a chain of extends": Hostile(
        "archspec: 1\nextends: f14.yaml\nlayers: {z: ReLU}\n", beside=_chain(15, 3_000)
    ),
    "a chain of extends that is too long": Hostile("archspec: 1\nextends: f40.yaml\n", beside=_chain(41, 10)),
    "imports of many files": Hostile(_importer(60), beside=_libraries(60, 1_000)),
    "as many imports as are accepted": Hostile(_importer(19), beside=_libraries(19, 1_000)),
    "blocks that nothing uses": Hostile(f"{HEAD}blocks:\n" + _lines(f"  b@: {{layers: [{_ONE}]}}\n", 10_500) + RELU),
    "blocks that nothing uses, and variables": Hostile(
        f"{HEAD}vars:\n" + _lines("  v@: 1\n", 20_000) + "blocks:\n" + _lines("  b@: {layers: [ReLU]}\n", 15_000) + RELU
    ),
    "uses of a block, and variables": Hostile(
        f"{HEAD}vars:\n" + _lines("  v@: 1\n", 20_000) + "blocks: {b: {layers: [ReLU]}}\nlayers:\n"
        + _lines("  a@: b\n", 7_500)
    ),
    "layers in defaults of parameters": Hostile(
        f"{HEAD}blocks:\n  b:\n    params:\n" + _lines("      p@: {type: layer, default: ReLU}\n", 15_000)
        + "    layers: [$p3]\nlayers: [b]\n"
    ),
    "layers in variables": Hostile(f"{HEAD}vars:\n" + _lines("  v@: {ReLU: }\n", 15_500) + RELU),
    "an imported chain of variables": Hostile(
        f"import: lib.yaml\n{HEAD}layers: [b]\n",
        beside={"lib.yaml": "archspec: 1\nvars:\n  v0: 1\n" + "".join(f"  v{n}: $v{n - 1}\n" for n in range(1, 30_000))
                + "blocks: {b: {layers: [{Conv2d: {out_channels: $v29999, kernel_size: 1}}]}}\n"},
    ),
    "entries that are left out": Hostile(
        f"{HEAD}vars:\n" + _lines("  v@: 1\n", 12_000) + "layers:\n"
        + _lines("  a@: {ReLU: , when: $(1 > 2)}\n", 14_000) + "  r: ReLU\n"
    ),
    "entries that are left out behind others": Hostile(
        f"{HEAD}layers:\n" + _lines("  a@: ReLU\n", 8_000) + _lines("  b@: {ReLU: , when: $(1 > 2)}\n", 8_000)
    ),
    "branches inside branches": Hostile(_nested(20)),
    "many branches": Hostile(
        f"{HEAD}layers: [{{branches: [{', '.join([_ONE] * 15_500)}], merge: concat}}]\n"
    ),
    "a join of many": Hostile(
        f"{HEAD}layers:\n" + _lines("  a@: {ReLU: , from: input}\n", 8_000)
        + "  j: {concat: [" + ", ".join(f"a{n}" for n in range(8_000)) + "]}\n"
    ),
    "joins of ever more": Hostile(
        f"{HEAD}layers:\n  a0: ReLU\n" + "".join(
            f"  a{n}: {{concat: [{', '.join(f'a{m}' for m in range(max(0, n - 40), n))}]}}\n" for n in range(1, 30)
        ) + _lines("  c@: {add: [" + ", ".join(["a0"] * 40) + "]}\n", 3_000)
    ),
    "references to every copy": Hostile(
        f"{HEAD}layers:\n  a: {{ReLU: {{}}, repeat: 8000}}\n  j: {{add: a.*}}\n  k: {{concat: a.*}}\n"
    ),
    "references to copies by expressions": Hostile(
        f"{HEAD}layers:\n  a: {{ReLU: {{}}, repeat: 4000}}\n  b: {{add: [previous, a.$(3999 - index)], repeat: 4000}}\n"
    ),
    "named copies": Hostile(
        f"{HEAD}layers:\n  a:\n    ReLU: {{}}\n    repeat: {{{', '.join(f'n{n}: ' for n in range(15_000))}}}\n"
    ),
    "names by a long template": Hostile(
        f"{HEAD}layers: [{{ReLU: {{}}, repeat: 8000, names: \"{'x' * 900}$(index)\"}}]\n"
    ),
    "names by a long expression": Hostile(
        f"{HEAD}layers: [{{ReLU: {{}}, repeat: 8000, names: \"x$({'+'.join(['index'] * 100)})\"}}]\n"
    ),
    "the same name for every copy": Hostile(f"{HEAD}layers: [{{ReLU: {{}}, repeat: 8000, names: \"x$(0)\"}}]\n"),
    "long names": Hostile(f"{HEAD}layers:\n" + _lines(f"  {'n' * 200}@: ReLU\n", 15_000)),
    "ties": Hostile(
        "archspec: 1\ninput: [4]\nlayers:\n  a: {Linear: 4}\n"
        + _lines("  t@: {Linear: 4, tie: {weight: a.weight}}\n", 8_000)
    ),
    "aliases": Hostile(
        f"{HEAD}layers:\n  a: &a {_ONE}\n" + _lines("  b@: *a\n", 15_000)
    ),
    "misspelt modifiers": Hostile(f"{HEAD}layers:\n" + _lines("  a@: {ReLU: , repaet: 2}\n", 8_000)),
    "policies of every name": Hostile(
        f"{HEAD}layers:\n" + _lines(f"  a@: {_ONE}\n", 900) + "init:\n" + _lines("  a@.weight: zeros\n", 900)
    ),
}  # fmt: skip
