"""`archspec build`."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import archspec
from tests.cli.run import Shell


def test_it_prints_the_table_the_totals_and_the_proof(shell: Shell, specs: Path) -> None:
    run = shell("build", "good.yaml")
    assert run.status == 0
    assert run.err == ""
    assert run.out.startswith("Good from good.yaml\n")
    assert "0–2 ×3" in run.out
    total = next(line for line in run.out.splitlines() if line.startswith("total"))
    assert total.split() == ["total", "75", "60"]
    assert "every shape is as inferred" in run.out


def test_full_unfolds(shell: Shell, specs: Path) -> None:
    run = shell("build", "good.yaml", "--full")
    assert "×" not in run.out
    assert run.out.count("Linear") == 4


def test_save_writes_the_module_s_initial_weights(shell: Shell, specs: Path) -> None:
    run = shell("build", "good.yaml", "--save", "w.safetensors", "--seed", "7", "--set", "n=2", "--dtype", "float64")
    assert run.status == 0
    assert "weights written to w.safetensors" in run.out
    expected = archspec.load("good.yaml", n=2).build(seed=7, dtype="float64").state_dict()
    saved = load_file("w.safetensors")
    assert saved.keys() == expected.keys()
    assert all(torch.equal(saved[name], expected[name]) for name in saved)


@pytest.mark.parametrize("target", ["none/w.safetensors", "good.yaml/w.safetensors", "folder", ""])
def test_an_unwritable_output_leaves_nothing(shell: Shell, specs: Path, target: str) -> None:
    (specs / "folder").mkdir()
    before = sorted(specs.rglob("*"))
    run = shell("build", "good.yaml", "--save", target)
    assert run.status == 2
    assert "error[AS705]" in run.err
    assert sorted(specs.rglob("*")) == before


def test_meta_weights_cannot_be_saved(shell: Shell, specs: Path) -> None:
    run = shell("build", "good.yaml", "--device", "meta", "--save", "w.safetensors")
    assert run.status == 2
    assert "error[AS705]" in run.err
    assert not (specs / "w.safetensors").exists()


def test_meta_builds_and_proves(shell: Shell, specs: Path) -> None:
    assert shell("build", "good.yaml", "--device", "meta").status == 0


def test_an_existing_file_stays_when_saving_fails(shell: Shell, specs: Path) -> None:
    (specs / "w.safetensors").write_text("old")
    assert shell("build", "bad.yaml", "--save", "w.safetensors").status == 1
    assert (specs / "w.safetensors").read_text() == "old"
    assert shell("build", "good.yaml", "--save", "w.safetensors").status == 0
    assert (specs / "w.safetensors").read_bytes() != b"old"


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        (["bad.yaml"], 1, "AS201"),
        (["missing.yaml"], 2, "AS001"),
        (["."], None, "AS002"),
        (["good.yaml", "--set", "q=1"], 1, "AS109"),
        (["good.yaml", "--device", "gpu"], 2, "AS704"),
        (["good.yaml", "--dtype", "int8"], 2, "AS704"),
        (["good.yaml", "--max-params", "10"], 2, "AS703"),
    ],
)
def test_what_goes_wrong(shell: Shell, specs: Path, arguments: list[str], status: int | None, code: str) -> None:
    run = shell("build", *arguments)
    assert run.status in ((1, 2) if status is None else (status,))
    assert run.err.count("error[") == 1
    assert f"error[{code}]" in run.err
    assert run.out == ""


@pytest.mark.parametrize(
    "arguments", [["--ful"], ["--seed", "x"], ["--max-params", "many"], ["good.yaml", "more.yaml"], []]
)
def test_wrong_usage(shell: Shell, specs: Path, arguments: list[str]) -> None:
    run = shell("build", *arguments)
    assert run.status == 2
    assert "Usage:" in run.err


def test_warnings_go_to_stderr(shell: Shell, specs: Path) -> None:
    run = shell("build", "warned.yaml")
    assert run.status == 0
    assert "warning[AS231]" in run.err
    assert "warning" not in run.out


def test_a_difference_from_what_was_inferred_is_archspec_s_own_fault(
    shell: Shell, specs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from archspec.emit import prove

    monkeypatch.setattr(prove, "_compare_results", lambda graph, result: "the outputs differ")
    run = shell("build", "good.yaml")
    assert run.status == 3
    assert "error[AS900]: the outputs differ" in run.err
    assert "every shape is as inferred" not in run.out
