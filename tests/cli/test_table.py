"""`archspec check --table`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import archspec
from tests.cli.run import Shell

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "diagnostics" / "cases"


def test_of_a_clean_spec_it_is_the_table_of_build(shell: Shell, specs: Path) -> None:
    run = shell("check", "good.yaml", "--table")
    assert run.status == 0
    assert run.out == archspec.load("good.yaml").summary() + "\ngood.yaml: ok\n"
    assert shell("check", "good.yaml", "--table", "--full").out.count("Linear") == 4


def test_up_to_the_fault(shell: Shell) -> None:
    run = shell("check", CASES / "third_copy.yaml", "--table")
    assert run.status == 1
    table = run.out[run.out.index("name ") : run.out.index("what comes after")]
    lines = [line.split() for line in table.splitlines() if "─" not in line]
    assert [line[0] for line in lines] == [
        "name", "input", "stem", "layer1", "0", "1", "2", "conv1", "bn1", "relu1", "conv2", "add",
    ]  # fmt: skip
    assert table.rstrip().splitlines()[-2].split()[2:6] == ["←", "AS304,", "line", "13"]
    assert "[N, 16, 32, 32]" in table


def test_without_anything_known_there_is_no_table(shell: Shell, specs: Path) -> None:
    (specs / "bad.yaml").write_text("archspec: [1\n")
    run = shell("check", "bad.yaml", "missing.yaml", "--table")
    assert run.status == 1
    assert "output shape" not in run.out


@pytest.mark.parametrize("case", sorted(CASES.glob("*.yaml")), ids=lambda case: case.stem)
def test_what_is_known_before_a_fault_is_what_is_known_without_it(case: Path) -> None:
    """No case breaks the table, and every shape in it is one that was inferred."""
    examination = archspec.examine(case)
    table = examination.summary(full=True)
    if table is None:
        return
    assert table.startswith("name ")
    assert "None" not in table
    for shape in re.findall(r"\[(.*?)\]", table):
        assert re.fullmatch(
            r"(\d+, )*N?(, \d+)*|\d+(, \d+)*", shape
        )  # an LSTM's states have the batch second, a Parameter none


def test_the_part_that_is_known_is_that_of_the_whole_model() -> None:
    text = (ROOT / "specs" / "resnet34.yaml").read_text()
    whole = archspec.load(text).table(full=True).rows
    cut = text.replace("  fc: ", "  fault: {Conv1d: {out_channels: 8, kernel_size: 3}}\n  fc: ")
    assert cut != text
    partial = archspec.examine(cut).summary(full=True)
    assert partial is not None
    shown = [line.split()[0] for line in partial.splitlines()[2:-3]]
    assert shown == [row.name for row in whole][: len(shown)]
    assert len(shown) == len(whole) - 1
