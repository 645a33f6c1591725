"""What is checked without values sees the names that there are at its place, and costs no copy of them."""

from __future__ import annotations

import tracemalloc

from archspec.compiler import compile_text
from archspec.errors import SourceText
from tests.fuzz.test_attacks import HEAD

LEFT_OUT = "  b@: {ReLU: , when: $(1 > 2)}\n"


def _peak(text: str) -> int:
    tracemalloc.start()
    try:
        assert not compile_text(SourceText("net.yaml", text)).diagnostics
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _lines(line: str, count: int) -> str:
    return "".join(line.replace("@", str(number)) for number in range(count))


def test_entries_that_are_left_out_take_memory_by_their_number() -> None:
    small, large = (
        _peak(f"{HEAD}layers:\n" + _lines("  a@: ReLU\n", count) + _lines(LEFT_OUT, count)) for count in (200, 1_600)
    )
    assert large < 12 * small


def test_variables_beside_entries_that_are_left_out() -> None:
    small, large = (
        _peak(f"{HEAD}vars:\n" + _lines("  v@: 1\n", count) + "layers:\n" + _lines(LEFT_OUT, count) + "  r: ReLU\n")
        for count in (200, 1_600)
    )
    assert large < 12 * small


def test_what_is_left_out_knows_no_name_that_comes_later() -> None:
    text = f"{HEAD}layers:\n  a: ReLU\n  b: {{ReLU: , from: c, when: $(1 > 2)}}\n  c: ReLU\n"
    (fault,) = compile_text(SourceText("net.yaml", text)).diagnostics
    assert (fault.code, fault.span and fault.span.text) == ("AS225", "c")
    assert not compile_text(SourceText("net.yaml", text.replace("from: c", "from: a"))).diagnostics
