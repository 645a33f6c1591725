"""The command itself, also as real processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import archspec
from tests.cli.run import Shell

SPECS = Path(__file__).parents[2] / "specs"


def process(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "archspec", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)


@pytest.mark.parametrize("option", ["--help", "-h"])
@pytest.mark.parametrize("command", [[], ["check"], ["build"], ["train"], ["explain"]])
def test_help(shell: Shell, command: list[str], option: str) -> None:
    run = shell(*command, option)
    assert run.status == 0
    assert "Usage: " in run.out


def test_version(shell: Shell) -> None:
    run = shell("--version")
    assert run.status == 0
    assert archspec.__version__ in run.out


@pytest.mark.parametrize(
    "arguments", [["chekc", "x.yaml"], ["--frobnicate"], ["check"], ["check", "--jsn", "x"], ["train"]]
)
def test_wrong_usage(shell: Shell, arguments: list[str]) -> None:
    run = shell(*arguments)
    assert run.status == 2
    assert run.err != ""


def test_an_interrupt_is_no_traceback(shell: Shell, specs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(archspec, "examine", interrupted)
    assert shell("check", "good.yaml").status == 130


def test_check_as_a_process(specs: Path) -> None:
    good, bad, missing = (process("check", f"{name}.yaml", cwd=specs) for name in ("good", "bad", "missing"))
    assert (good.returncode, good.stdout, good.stderr) == (0, "good.yaml: ok\n", "")
    assert bad.returncode == 1
    assert bad.stdout.count("error[AS201]") == 1
    assert missing.returncode == 2
    assert "Traceback" not in bad.stderr + missing.stderr


def test_a_pipe_that_is_closed_is_no_traceback(specs: Path) -> None:
    command = f"{sys.executable} -m archspec build good.yaml --full | true"
    run = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, cwd=specs)
    assert "Traceback" not in run.stderr
    assert "Exception ignored" not in run.stderr


def test_output_that_the_terminal_cannot_show(specs: Path) -> None:
    command = [sys.executable, "-m", "archspec", "build", "good.yaml"]
    environment = {"PYTHONIOENCODING": "ascii", "PATH": "", "PYTHONPATH": str(Path(archspec.__file__).parents[1])}
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=specs, env=environment)
    assert "Traceback" not in run.stderr
    assert run.returncode == 0


def test_train_for_one_epoch(tmp_path: Path) -> None:
    run = process("train", SPECS / "mlp.yaml", "--set", "train.epochs=1", "--out", tmp_path / "run", "--device", "cpu")
    assert run.returncode == 0, run.stderr
    assert "Traceback" not in run.stderr
    made = {file.name for file in (tmp_path / "run").iterdir()}
    assert "metrics.csv" in made
    assert "accuracy" in run.stdout


def test_train_quietly_prints_the_result_only(shell: Shell, tmp_path: Path) -> None:
    run = shell(
        "train",
        SPECS / "mlp.yaml",
        "--set",
        "train.epochs=1",
        "--set",
        "hidden=8",
        "--out",
        tmp_path / "run",
        "--quiet",
    )
    assert run.status == 0
    assert "output shape" not in run.out
    assert "accuracy" in run.out


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["missing.yaml"], 2),
        (["bad.yaml"], 1),
        (["good.yaml"], 1),
        (["good.yaml", "--device", "gpu"], None),
        (["good.yaml", "--set", "train.epochs=none"], 1),
    ],
)
def test_training_that_cannot_start(shell: Shell, specs: Path, arguments: list[str], status: int | None) -> None:
    before = sorted(specs.iterdir())
    run = shell("train", *arguments)
    assert run.status in ((1, 2) if status is None else (status,))
    assert "error[" in run.err
    assert sorted(specs.iterdir()) == before


def test_a_head_that_does_not_fit_is_told_before_training(shell: Shell, tmp_path: Path) -> None:
    run = shell("train", SPECS / "mlp.yaml", "--set", "num_classes=7", "--out", tmp_path / "run")
    assert run.status == 1
    assert "num_classes=10" in run.err
    assert not (tmp_path / "run").exists()
