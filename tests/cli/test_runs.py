"""`archspec runs`: the list, the comparison, and folders that hold little."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import archspec
from archspec.train.store.lock import locked
from tests.cli.run import Shell
from tests.finished import LINEAR


@pytest.fixture(scope="session")
def other(finished, tmp_path_factory):
    """A second run, of another spec and recipe, which was broken off."""
    folder = tmp_path_factory.mktemp("other") / "wider"
    spec = LINEAR.replace("fc: {Linear: 10}", "wide: {Linear: 12}, fc: {Linear: 10}").replace("lr: 0.01", "lr: 0.02")
    shutil.copytree(finished.folder, folder)
    (folder / "spec.yaml").write_text(spec)
    told = json.loads((folder / "run.json").read_text())
    told["recipe"]["optimizer"]["Adam"]["lr"] = 0.02
    told["sessions"][0] |= {"outcome": None, "ended": None, "began": "2001-01-01T00:00:00+00:00"}
    (folder / "run.json").write_text(json.dumps(told))
    lines = (folder / "metrics.csv").read_text().splitlines(keepends=True)
    (folder / "metrics.csv").write_text("".join(lines[:2]))
    return folder


def test_the_list(finished, other, shell: Shell) -> None:
    done = shell("runs", finished.folder.parent, other.parent)
    assert done.status == 0
    head, _, first, second = done.out.splitlines()
    assert head.split() == ["run", "model", "data", "epochs", "best", "time", "status"]
    assert first.split()[1:4] == ["Linear", "digits", "1/2"]  # began earlier
    assert first.split()[-1] == "interrupted"
    assert second.split()[1:6] == ["Linear", "digits", "2/2", "accuracy", f"{finished.best:.4f}"]
    assert second.split()[-1] == "finished"


def test_the_list_as_data(finished, other, shell: Shell) -> None:
    with locked(other):
        early, late = json.loads(shell("runs", "--json", finished.folder.parent, other.parent).out)
    assert (early["status"], early["epochs"], early["planned"]) == ("running", 1, 2)
    assert late["folder"] == str(finished.folder)
    assert (late["metric"], late["best"], late["best_epoch"]) == ("accuracy", finished.best, finished.best_epoch)
    assert (late["parameters"], late["device"]) == (650, "cpu")


def test_two_beside_each_other(finished, other, shell: Shell) -> None:
    done = shell("runs", finished.folder, other)
    assert done.status == 0
    assert "+  wide:\n+    Linear: 12\n" in done.out
    assert "optimizer.Adam.lr" in done.out
    assert "the circumstances are equal" in done.out
    (line,) = (line for line in done.out.splitlines() if line.startswith("eval_accuracy"))
    assert float(line.split()[1]) == pytest.approx(finished.best, abs=1e-4)
    compared = json.loads(shell("runs", finished.folder, other, "--json").out)
    assert compared["recipe"] == [{"field": "optimizer.Adam.lr", "first": 0.01, "second": 0.02}]
    assert [run["folder"] for run in compared["runs"]] == [str(finished.folder), str(other)]


def test_a_run_and_itself_are_equal(finished, shell: Shell) -> None:
    done = shell("runs", finished.folder, finished.folder)
    assert "the specs are equal" in done.out
    assert "the recipes are equal" in done.out


def test_folders_with_little_in_them(tmp_path: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    missing = shell("runs")
    assert (missing.status, "AS630" in missing.err) == (2, True)
    (tmp_path / "runs").mkdir()
    assert shell("runs").out == "no runs in runs\n"
    (tmp_path / "runs" / "a").mkdir()
    (tmp_path / "runs" / "a" / "run.json").write_text('{"name": "\\u001b[31mred\\n", "sessions": [3], "recipe": 4}')
    (tmp_path / "runs" / "loop").symlink_to(tmp_path / "runs")
    done = shell("runs")
    assert done.out.splitlines()[2].split()[-1] == "interrupted"
    assert "\x1b" not in done.out
    assert len(done.out.splitlines()) == 3
    (tmp_path / "runs" / "b").mkdir()
    (tmp_path / "runs" / "b" / "run.json").write_text("{}")
    with pytest.raises(archspec.UsageError, match="AS607"):
        archspec.compare_runs("runs/a", "runs/b")
