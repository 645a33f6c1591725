"""Checkpoints on the command line."""

from __future__ import annotations

from pathlib import Path

import torch

import archspec
from tests.cli.run import Shell


def test_another_file_than_the_spec_s(shell: Shell, specs: Path) -> None:
    Path("net.yaml").write_text(
        "archspec: 1\ninput: [4]\nlayers: {fc: {Linear: 3}, head: {Linear: 2}}\nweights: gone.pt\n"
    )
    module = archspec.build("net.yaml", weights=False, seed=5)
    torch.save(module.state_dict(), "other.pt")
    missing = shell("build", "net.yaml")
    assert (missing.status, "error[AS451]" in missing.err) == (1, True)
    assert shell("check", "net.yaml").status == 1
    assert shell("build", "net.yaml", "--weights", "none.pt").status == 2
    run = shell("build", "net.yaml", "--weights", "other.pt", "--save", "w.safetensors")
    assert run.status == 0
    assert f"weights from {Path('other.pt').resolve()}: 4 tensors loaded\n" in run.out
    assert torch.equal(archspec.build("net.yaml", weights="w.safetensors").fc.weight, module.fc.weight)
    assert "weights from" not in shell("build", "net.yaml", "--no-weights").out


def test_the_whole_ledger(shell: Shell, specs: Path) -> None:
    torch.save({"old.weight": torch.ones(3, 4), "x": torch.ones(1)}, "a.pt")
    Path("net.yaml").write_text(
        "archspec: 1\ninput: [4]\nlayers: {fc: {Linear: 3}}\n"
        'weights: {path: a.pt, rename: {"old.*": "fc.*"}, allow: {missing: [fc.bias], unexpected: [x]}}\n'
    )
    run = shell("build", "net.yaml")
    assert "1 tensor loaded, 1 of them renamed, 1 initialised (fc.bias), 1 left out (x)" in run.out
    assert "  old.weight as fc.weight\n" in shell("build", "net.yaml", "--ledger").out
