"""`archspec check`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.run import Shell


def test_a_good_spec(shell: Shell, specs: Path) -> None:
    run = shell("check", "good.yaml")
    assert (run.status, run.out, run.err) == (0, "good.yaml: ok\n", "")


def test_a_wrong_spec_is_explained_at_its_line(shell: Shell, specs: Path) -> None:
    run = shell("check", "bad.yaml")
    assert run.status == 1
    assert "error[AS201]" in run.out
    assert "--> bad.yaml:3:15" in run.out
    assert run.out.endswith("bad.yaml: 1 error\n")


def test_a_warning_is_told_and_no_failure(shell: Shell, specs: Path) -> None:
    run = shell("check", "warned.yaml")
    assert run.status == 0
    assert "warning[AS231]" in run.out
    assert run.out.endswith("warned.yaml: 1 warning\n")


def test_several_files(shell: Shell, specs: Path) -> None:
    run = shell("check", "good.yaml", "bad.yaml", "warned.yaml")
    assert run.status == 1
    assert [
        line for line in run.out.splitlines() if line.split(":")[0] in ("good.yaml", "bad.yaml", "warned.yaml")
    ] == [
        "good.yaml: ok",
        "bad.yaml: 1 error",
        "warned.yaml: 1 warning",
    ]


def test_settings(shell: Shell, specs: Path) -> None:
    assert shell("check", "good.yaml", "--set", "n=5", "--set", "input=[7]").status == 0
    run = shell("check", "good.yaml", "--set", "m=5")
    assert run.status == 1
    assert "--> --set:1:1" in run.out
    assert shell("check", "good.yaml", "--set", "n").status == 1
    assert shell("check", "good.yaml", "--set", "n=0").status == 1


@pytest.mark.parametrize("path", ["missing.yaml", "", "folder/missing.yaml", "good.yaml/below"])
def test_a_missing_file_is_wrong_usage(shell: Shell, specs: Path, path: str) -> None:
    run = shell("check", path)
    assert run.status == 2
    assert "error[AS001]" in run.out


def test_a_missing_file_beside_a_wrong_one(shell: Shell, specs: Path) -> None:
    assert shell("check", "missing.yaml", "bad.yaml").status == 1
    assert shell("check", "missing.yaml", "good.yaml").status == 2


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"a: [1\n", None),
        (b"a: \xff\n", "AS005"),
        (b"\xff\xfea\x00", "AS005"),
        (b"", None),
        (b"a: 1\na: 2\n", None),
        (b"\ta: 1\n", None),
        (b"<<<<<<< HEAD\n", None),
        (b"x: !!python/object/apply:os.system [id]\n", None),
    ],
)
def test_unreadable_texts(shell: Shell, specs: Path, content: bytes, code: str | None) -> None:
    (specs / "odd.yaml").write_bytes(content)
    run = shell("check", "odd.yaml")
    assert run.status in (1, 2)
    assert run.out.count("error[") >= 1
    assert code is None or f"error[{code}]" in run.out


def test_json_has_every_fault_with_its_place(shell: Shell, specs: Path) -> None:
    run = shell("check", "bad.yaml", "warned.yaml", "missing.yaml", "--json")
    assert run.status == 1
    faults = json.loads(run.out)
    keys = {"code", "severity", "message", "file", "line", "column", "end_line", "end_column", "notes", "help", "edit"}
    assert all(fault.keys() == keys for fault in faults)
    assert [(fault["code"], fault["severity"], fault["file"]) for fault in faults] == [
        ("AS201", "error", "bad.yaml"),
        ("AS231", "warning", "warned.yaml"),
        ("AS001", "error", None),
    ]
    first = faults[0]
    assert (first["line"], first["column"], first["end_line"], first["end_column"]) == (3, 15, 3, 21)
    assert first["edit"]["text"] == "Linear"
    assert json.loads(shell("check", "good.yaml", "--json").out) == []


def test_applying_the_edit_of_the_json_mends_the_spec(shell: Shell, specs: Path) -> None:
    (fault,) = json.loads(shell("check", "bad.yaml", "--json").out)
    edit = fault["edit"]
    lines = (specs / "bad.yaml").read_text().splitlines(keepends=True)
    line = lines[edit["line"] - 1]
    lines[edit["line"] - 1] = line[: edit["column"] - 1] + edit["text"] + line[edit["end_column"] - 1 :]
    (specs / "bad.yaml").write_text("".join(lines))
    assert shell("check", "bad.yaml").status == 0


def test_nothing_is_written(shell: Shell, specs: Path) -> None:
    before = sorted(specs.iterdir())
    shell("check", "good.yaml", "bad.yaml")
    assert sorted(specs.iterdir()) == before
