"""The hooks of .pre-commit-hooks.yaml, run by pre-commit itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import BAD, GOOD
from tests.cli.run import Shell

ROOT = Path(__file__).parents[2]
HOOKS = ROOT / ".pre-commit-hooks.yaml"


def test_both_hooks_run_the_same_command() -> None:
    hooks = yaml.safe_load(HOOKS.read_text())
    assert [hook["id"] for hook in hooks] == ["archspec-check", "archspec-check-isolated"]
    assert {hook["entry"] for hook in hooks} == {"archspec check --specs-only"}


def test_files_that_are_no_specs_are_left_out(shell: Shell, specs: Path) -> None:
    (specs / "compose.yaml").write_text("services: {}\n")
    assert shell("check", "compose.yaml", "--specs-only").out == ""
    run = shell("check", "compose.yaml", "good.yaml", "missing.yaml", "--specs-only")
    assert (run.status, run.out.count("compose"), run.out.count("good.yaml: ok")) == (2, 0, 1)


def run(*command: object, cwd: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(map(str, command)), cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def git(tmp_path: Path) -> dict[str, str]:
    """An environment with an `archspec` on its path, and git as nobody in particular."""
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "archspec"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m archspec "$@"\n')
    command.chmod(0o755)
    names = {f"GIT_{who}_{what}": "a@b.c" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    return {
        **os.environ, **names, "HOME": str(tmp_path), "PRE_COMMIT_HOME": str(tmp_path / "cache"), "NO_COLOR": "1",
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT),
    }  # fmt: skip


def repository(path: Path, environment: dict[str, str], files: dict[str, str]) -> Path:
    path.mkdir()
    for name, text in files.items():
        (path / name).write_text(text)
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "all"]):
        assert run("git", *arguments, cwd=path, environment=environment).returncode == 0
    return path


@pytest.mark.parametrize(("spec", "status"), [(GOOD, 0), (BAD, 1)])
def test_pre_commit_runs_the_hook(tmp_path: Path, git: dict[str, str], spec: str, status: int) -> None:
    hooks = repository(tmp_path / "hooks", git, {".pre-commit-hooks.yaml": HOOKS.read_text()})
    files = {"net.yaml": spec, "compose.yaml": "services: {}\n", "notes.txt": BAD}
    project = repository(tmp_path / "project", git, files)
    done = run(
        sys.executable, "-m", "pre_commit", "try-repo", hooks, "archspec-check", "--all-files", "--verbose",
        cwd=project, environment=git,
    )  # fmt: skip
    assert done.returncode == status, done.stdout + done.stderr
    assert f"net.yaml: {'ok' if status == 0 else '1 error'}" in done.stdout
    assert "compose" not in done.stdout
