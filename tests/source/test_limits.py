"""How large a spec may be: just below a limit it is read, above it there is one clean diagnostic."""

from __future__ import annotations

import pytest

from archspec.errors import SourceText
from archspec.source import limits, plain, read
from tests.source.marked import faults


def nested(depth: int) -> str:
    return "[" * depth + "1" + "]" * depth


@pytest.mark.parametrize("name", ["net.yaml", "net.json"])
def test_depth(name):
    assert faults(nested(limits.MAX_DEPTH), name) == ()
    (fault,) = faults(nested(limits.MAX_DEPTH + 1), name)
    assert (fault.code, fault.span.column) == ("AS011", limits.MAX_DEPTH + 1)
    assert [fault.code for fault in faults("[" * 200_000, name)] == ["AS011"]
    assert [fault.code for fault in faults('{"a":' * 50_000, name)] == ["AS011"]


def test_depth_of_blocks_and_of_aliases():
    assert [fault.code for fault in faults("- " * 100_000)] == ["AS011"]
    half = f"a: &x {nested(40)}\n"
    assert faults(half + f"b: {'[' * 20}*x{']' * 20}\n") == ()
    assert [fault.code for fault in faults(half + f"b: {'[' * 24}*x{']' * 24}\n")] == ["AS011"]


@pytest.mark.parametrize("name", ["net.yaml", "net.json"])
def test_nodes(name):
    def text(count: int) -> str:
        return "[" + ", ".join(["1"] * count) + "]"

    assert faults(text(limits.MAX_NODES - 1), name) == ()
    assert [fault.code for fault in faults(text(limits.MAX_NODES), name)] == ["AS012"]


@pytest.mark.parametrize("repeat", ["[*{0},*{0},*{0},*{0},*{0},*{0},*{0},*{0},*{0}]", "{{<<: [*{0}, *{0}]}}"])
def test_alias_bombs_are_refused_before_they_are_laid_out(repeat):
    lines = ["a0: &a0 {k: [1, 2, 3, 4, 5, 6, 7, 8, 9]}" if "<<" in repeat else "a0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9]"]
    lines += [f"a{n}: &a{n} {repeat.format(f'a{n - 1}')}" for n in range(1, 40)]
    (fault,) = faults("\n".join(lines))
    assert fault.code == "AS012"
    assert fault.span.line < 40


@pytest.mark.parametrize("name", ["net.yaml", "net.json"])
def test_lengths_of_values_and_keys(name):
    assert faults('{"a": "' + "x" * limits.MAX_SCALAR + '"}', name) == ()
    assert [fault.code for fault in faults('{"a": "' + "x" * (limits.MAX_SCALAR + 1) + '"}', name)] == ["AS013"]
    assert faults('{"' + "k" * 1_000 + '": 1}', name) == ()
    assert [fault.code for fault in faults('{"' + "k" * 1_025 + '": 1}', name)] == ["AS013"]


@pytest.mark.parametrize("key", ["k" * 1_000_000, '"' + "k" * 1_000_000 + '"'])
def test_a_huge_key_is_cut_short_in_the_message(key):
    (fault,) = faults(f"a: 1\n{key}: 1\n")
    assert fault.code == "AS013"
    assert len(fault.render()) < 1_000


def test_a_text_larger_than_a_file_may_be():
    (fault,) = faults("# " + "x" * limits.MAX_BYTES)
    assert (fault.code, fault.span) == ("AS003", None)


def test_a_large_flat_spec_is_accepted():
    lines = [f"  layer{n}: {{Conv2d: {{out_channels: 8, kernel_size: 3}}}}" for n in range(17_500)]
    text = "layers:\n" + "\n".join(lines) + "\n"
    assert len(text) > 900_000
    node = read(SourceText("net.yaml", text))
    assert len(plain(node)["layers"]) == 17_500
    assert node.get("layers").entries[-1][0].span.line == 17_501


def test_many_scalars_of_any_kind_within_the_limit_of_nodes():
    text = "".join(f"k{n}: v\n" for n in range(90_000))
    assert faults(text) == ()
