"""Several processes as people start them: `--devices`, and torch's own launcher. All real, on the CPU with gloo."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import archspec

ROOT = Path(__file__).parents[2]
SPEC = """archspec: 1
name: Net
input: [1, 8, 8]
layers: {flatten: Flatten, hidden: {Linear: 16}, relu: ReLU, fc: {Linear: 10}}
train: {data: digits, batch_size: 64, epochs: 2, checkpoint_every: 5, optimizer: {SGD: {lr: 0.1}}}
"""
TORCHRUN = ("torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are launched as on Linux")


def started(folder: Path, *words: object, before: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    (folder / "net.yaml").write_text(SPEC)
    command = [sys.executable, "-W", "ignore", "-m", *before, "archspec", *map(str, words)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=folder, env=environment, text=True, **pipes)  # type: ignore[call-overload, no-any-return]


def rows(folder: Path) -> list[dict[str, float]]:
    with open(folder / "metrics.csv", encoding="utf-8", newline="") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


@pytest.mark.parametrize(("before", "after"), [((), ("--devices", "2")), (TORCHRUN, ())])
def test_two_processes_are_one_run(tmp_path: Path, before: tuple[str, ...], after: tuple[str, ...]) -> None:
    process = started(tmp_path, "train", "net.yaml", "--device", "cpu", "--out", "run", *after, before=before)
    out, err = process.communicate(timeout=200)
    assert process.returncode == 0, err
    assert out.count("epoch 2/2") == out.count("kept in run;") == 1
    told = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    assert told["sessions"][0]["machine"]["processes"] == 2
    assert "2 processes" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    alone = archspec.train(SPEC, out=tmp_path / "alone", device="cpu", quiet=True).history
    for two, one in zip(rows(tmp_path / "run"), alone, strict=True):
        assert two["train_loss"] == pytest.approx(one["train_loss"], rel=1e-5)
        assert two["eval_loss"] == pytest.approx(one["eval_loss"], rel=1e-5)


def test_one_fault_is_told_once(tmp_path: Path) -> None:
    process = started(tmp_path, "train", "net.yaml", "--devices", "2", "--set", "train.optimizer=LBFGS")
    out, err = process.communicate(timeout=200)
    assert process.returncode == 2, err
    assert (out + err).count("error[AS621]") == 1
    assert "help: use another optimiser, or one process" in err
    assert "Traceback" not in out + err
    assert not (tmp_path / "runs").exists()


def test_sigterm_saves_and_goes_on(tmp_path: Path) -> None:
    settings = ("--set", "train.epochs=2000", "--device", "cpu")
    process = started(tmp_path, "train", "net.yaml", "--devices", "2", "--out", "run", *settings)
    checkpoints = tmp_path / "run" / "checkpoints"
    until = time.monotonic() + 120
    while time.monotonic() < until and not (checkpoints.is_dir() and any(checkpoints.glob("epoch-2-*"))):
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=200)
    assert process.returncode == 143, err
    assert "to go on: archspec train --resume run" in out
    assert "Traceback" not in out + err
    done = rows(tmp_path / "run")
    process = started(tmp_path, "train", "--resume", "run", "--set", f"train.epochs={len(done) + 1}", "--device", "cpu")
    out, err = process.communicate(timeout=200)
    assert process.returncode == 0, err
    assert rows(tmp_path / "run")[: len(done)] == done
