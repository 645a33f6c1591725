"""Small files that would grow: each is refused by the limit that it meets, before it has grown."""

from __future__ import annotations

import pytest

from archspec.compiler import compile_text
from archspec.errors import SourceText
from tests.fuzz.watch import PATIENT, check_bytes

HEAD = "archspec: 1\ninput: [4, 8, 8]\n"
RELU = "layers: [ReLU]\n"
ONES = "[" + ", ".join(["1"] * 5_000) + "]"


def _repeats(levels: int) -> str:
    entry = "ReLU"
    for _ in range(levels):
        entry = f"{{layers: [{entry}], repeat: 10}}"
    return f"{HEAD}layers: [{entry}]\n"


def _blocks(count: int, uses: int, wrap: int = 0) -> str:
    lines = ["blocks:"]
    for number in range(count):
        inner = f"b{number + 1}" if number < count - 1 else "ReLU"
        entry = "[" * wrap + inner + "]" * wrap
        lines.append(f"  b{number}: {{layers: [{', '.join([entry] * uses)}]}}")
    return HEAD + "\n".join(lines) + "\nlayers: [b0]\n"


def _doubling(first: str, later: str, count: int = 12) -> str:
    lines = [f"  a0: {first}"] + [f"  a{n + 1}: {later.replace('@', f'a{n}')}" for n in range(count)]
    return HEAD + "vars:\n" + "\n".join(lines) + "\n" + RELU


def _many(section: str, line: str, count: int) -> str:
    return HEAD + section + "".join(line.replace("@", str(n)) for n in range(count))


ATTACKS = {
    "repeats of repeats": (_repeats(10), ["AS701"]),
    "blocks of blocks": (_blocks(60, 2), ["AS701"]),
    "blocks nested deeply": (_blocks(1_000, 1), ["AS702"]),
    "sequences nested deeply in blocks": (_blocks(60, 1, wrap=25), ["AS702"]),
    "variables in a long chain": (_many("vars: {z: 1}\n" + RELU, "", 0).replace(
        "{z: 1}", "{" + ", ".join(f"a{n}: $a{n + 1}" for n in range(10_000)) + ", a10000: 1}"), ["AS702"]),
    "lists of lists by expressions": (_doubling("[1, 1, 1, 1]", "$([@, @, @, @, @, @, @, @, @])"), ["AS219"]),
    "lists of lists": (_doubling("[1, 1, 1, 1]", "[$@, $@, $@, $@, $@, $@, $@, $@, $@]"), ["AS219"]),
    "strings of strings": (HEAD + RELU + "vars:\n  x: " + "y" * 60_000 + "\n" + "".join(
        f"  v{n}: a$x\n" for n in range(1_000)), ["AS219"]),
    "strings of the train section": (HEAD + RELU + "vars: {x: " + "y" * 60_000 + "}\ntrain: {z: [" + ", ".join(
        ["a$x"] * 1_000) + "]}\n", ["AS219"]),
    "copies of copies that are left out": (
        HEAD + "layers: [{layers: [{ReLU: {}, repeat: 1000, when: $(index > 9999)}], repeat: 1000}]\n", ["AS701"]),
    "a fault in every copy": (HEAD + "layers: [{layers: [{ReLU: {}, repeat: 999, when: $(1/0)}], repeat: 999}]\n",
                              ["AS217"]),
    "a fault in every one of many copies": (
        HEAD + "layers: [{ReLU: {}, repeat: 54000, when: $(flagge version)}]\n", ["AS210"]),
    "blocks of blocks that are left out": (_blocks(60, 2).replace("ReLU", "{ReLU: {}, when: false}"), ["AS701"]),
    "a sum over a long list in every copy": (
        f"{HEAD}vars: {{x: {ONES}}}\nlayers: [{{ReLU: {{}}, repeat: 15500, when: $(sum(x) > 1)}}]\n", ["AS219"]),
    "a long expression in every copy": (
        f"{HEAD}layers: [{{ReLU: {{}}, repeat: 15500, when: $({'1+' * 120}1 > 1)}}]\n", ["AS219"]),
    "many stages": (f"{HEAD}vars: {{x: {ONES}}}\nlayers:\n  l$(stage): {{ReLU: {{}}, repeat: $x}}\n",
                    ["AS230"]),
    "many dimensions": (f"archspec: 1\ninput: {ONES}\nlayers: [{{ReLU: {{}}, repeat: 15500}}]\n", ["AS701"]),
    "a long list of dimensions": (f"archspec: 1\ninput: {ONES}\nlayers: [{{permute: {list(range(5_001))}, "
                                  "repeat: 5000}]\n", ["AS701"]),
    "many references": (_many("layers:\n  a: ReLU\n", f"  x@: {{concat: [{', '.join(['a'] * 500)}]}}\n", 300),
                        ["AS701"]),
    "many globs": (HEAD + "freeze: [" + ", ".join(f'"{"*a" * 20}{n}*"' for n in range(2_000)) + "]\n"
                   "layers: [{Conv2d: {out_channels: 4, kernel_size: 1}, repeat: 3000}]\n", ["AS701"]),
    "layers of ten thousand parameters": ("archspec: 1\ninput: [1]\nlayers: [{MLP: {hidden_channels: " + ONES
                                          + "}, repeat: 5000}]\n", ["AS701"]),
    "wrong kinds": (_many("layers:\n", "  - Conv@q\n", 3_000), ["AS201"] * 100),
    "wrong sections": (_many(RELU, "sektion@: 1\n", 3_000), ["AS102"] * 100),
    "wrong metrics": (HEAD + RELU + "train: {metrics: [" + ", ".join(f"acuracy{n}" for n in range(3_000)) + "]}\n",
                      None),
    "wrong names beside thousands alike": (_many(RELU + "vars:\n", "  a_very_long_name_@: 1\n", 3_000) + "".join(
        f"  w{n}: $a_very_long_nam_{n}x\n" for n in range(200)), ["AS211"] * 100),
    "a glob of many stars": (HEAD + RELU + 'init: {"' + "*a" * 300 + 'b": zeros}\n', ["AS409"]),
    "a list in a message": (HEAD + "layers: [{reshape: [" + ", ".join(["1"] * 5_000) + "]}]\n", ["AS402"]),
    "a million lines": ("# x\n" * 1_000_000 + "]", ["AS022"]),
    "a million brackets": ("{" * 1_000_000, ["AS011"]),
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
def test_what_would_grow_is_refused(name: str) -> None:
    text, codes = ATTACKS[name]
    found = check_bytes(text.encode(), ".yaml", PATIENT)
    assert found
    assert codes is None or [fault.code for fault in found] == codes
    assert len(found) <= 100


def test_a_hundred_of_thousands_of_warnings_are_told() -> None:
    inputs, entries = _many("", "  x@: [4]\n", 300), _many("layers:\n", "  r@: {ReLU: , from: x0}\n", 300)
    text = f"archspec: 1\ninputs:\n{inputs.removeprefix(HEAD)}{entries.removeprefix(HEAD)}"
    found = check_bytes(text.encode(), ".yaml", PATIENT)
    assert [fault.code for fault in found] == ["AS231"] * 100


def test_the_allowed_number_of_copies_counts_variables() -> None:
    text = SourceText(
        "x.yaml", f"{HEAD}vars: {{n: 300}}\nlayers: [{{layers: [{{ReLU: {{}}, repeat: $n}}], repeat: $n}}]"
    )
    (fault,) = compile_text(text).diagnostics
    assert (fault.code, "90,000" in fault.message) == ("AS701", True)
