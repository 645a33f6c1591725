"""Faulty specs with the whole text of what is said about them. `make golden` rewrites the texts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from archspec.compiler import compile_text
from archspec.errors import Diagnostic, SourceText

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))


def diagnostics(text: str) -> tuple[Diagnostic, ...]:
    return compile_text(SourceText("net.yaml", text)).diagnostics


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_text(case: Path) -> None:
    found = diagnostics(case.read_text())
    assert all(fault.help for fault in found)
    said = "\n\n".join(fault.render() for fault in found) + "\n"
    golden = case.with_suffix(".txt")
    if os.environ.get("ARCHSPEC_GOLDEN") == "rewrite":
        golden.write_text(said)
    assert said == golden.read_text()


def _applied(text: str, diagnostic: Diagnostic) -> str:
    edit = diagnostic.edit
    assert edit is not None
    return text[: edit.span.start] + edit.text + text[edit.span.end :]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_every_edit_makes_its_fault_go_away(case: Path) -> None:
    text = case.read_text()
    before = diagnostics(text)
    known = {(other.code, other.span and other.span.line) for other in before}
    for diagnostic in before:
        if diagnostic.edit is None or diagnostic.edit.span.source.name != "net.yaml":
            continue
        after = diagnostics(_applied(text, diagnostic))
        places = [(other.code, other.message) for other in after]
        assert (diagnostic.code, diagnostic.message) not in places, diagnostic.render()
        line = diagnostic.edit.span.line
        there = [other for other in after if other.span and other.span.line == line and other.severity == "error"]
        assert not [other for other in there if (other.code, line) not in known], diagnostic.render()


def test_a_fault_in_a_block_is_told_once_with_its_first_instance() -> None:
    (fault,) = diagnostics((Path(__file__).parent / "cases" / "undefined_variable_in_block.yaml").read_text())
    assert "in `b`, copy 0 of `layer1`, line 9" in fault.notes
    assert "and in 7 more places" in fault.notes


def test_one_undefined_name_used_forty_times_is_one_error() -> None:
    lines = [f"  l{index}: {{add: [input, nowhere]}}" for index in range(40)]
    found = diagnostics("archspec: 1\ninput: [3]\nlayers:\n" + "\n".join(lines) + "\n")
    errors = [diagnostic for diagnostic in found if diagnostic.severity == "error"]
    assert [error.code for error in errors] == ["AS205"]
    assert "and in 39 more places: lines 5, 6, 7, 8, 9, 10, …" in errors[0].notes
