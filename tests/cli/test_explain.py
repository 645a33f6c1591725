"""`archspec explain`, also from an installed wheel."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.cli.run import Shell

ROOT = Path(__file__).parents[2]
HEADINGS = re.findall(r"^## (AS\d{3}): (.+)$", (ROOT / "docs" / "errors.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize("written", ["AS301", "as301", "301"])
def test_a_code_is_explained(shell: Shell, written: str) -> None:
    run = shell("explain", written)
    assert run.status == 0
    assert run.out.startswith("AS301: written size contradicts the input\n\n")
    assert "    layers:\n      fc: {Linear: {in_features: 512, out_features: 10}}\n" in run.out
    assert "\nMend: " in run.out
    assert "```" not in run.out
    assert "\033" not in run.out


@pytest.mark.parametrize("code", [code for code, _ in HEADINGS])
def test_every_section_is_shown_whole(shell: Shell, code: str) -> None:
    out = shell("explain", code).out
    assert re.search(r"^Mend: \S", out, re.MULTILINE)
    assert out.count("AS") >= 1
    assert not re.search(r"^#", out, re.MULTILINE)


def test_without_a_code_all_are_listed(shell: Shell) -> None:
    run = shell("explain")
    assert run.status == 0
    assert re.findall(r"^  (AS\d{3})  (.+)$", run.out, re.MULTILINE) == HEADINGS
    assert "\nShapes\n" in run.out


@pytest.mark.parametrize("written", ["AS311", "AS0301", "E301", "", "x" * 1000, "AS", "\u202e"])
def test_a_wrong_code_is_wrong_usage(shell: Shell, written: str) -> None:
    run = shell("explain", written)
    assert run.status == 2
    assert run.out == ""
    assert "there is no code" in run.err
    assert len(run.err) < 400


def test_a_wrong_code_has_its_nearest(shell: Shell) -> None:
    assert "Did you mean AS310 or AS301" in shell("explain", "AS311").err


def test_colour_only_where_it_is_wanted(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = shell("explain", "AS301").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    painted = shell("explain", "AS301").out
    assert "\033[" in painted
    assert re.sub(r"\033\[[0-9;]*m", "", painted) == plain.replace("`", "")


def test_a_wheel_carries_the_page(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    command = [sys.executable, "-P", "-m", "archspec", "explain", "AS301"]
    run = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(site)}, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("AS301: ")
    where = subprocess.run(
        [sys.executable, "-P", "-c", "import archspec; print(archspec.__file__)"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(site)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert where.stdout.startswith(str(site))
