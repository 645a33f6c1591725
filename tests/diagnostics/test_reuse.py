"""Faults of specs that reuse other files, with the whole text of what is said. `make golden` rewrites the texts."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import archspec

CASES = sorted(path for path in (Path(__file__).parent / "reuse").iterdir() if path.is_dir())


def _said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[archspec.Diagnostic, ...]:
    monkeypatch.chdir(folder)
    return archspec.check("net.yaml")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_text(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "\n\n".join(fault.render() for fault in _said(case, monkeypatch)) + "\n"
    golden = case / "said.txt"
    if os.environ.get("ARCHSPEC_GOLDEN") == "rewrite":
        golden.write_text(said)
    assert said == golden.read_text()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_edit_makes_its_fault_go_away(case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, fault in enumerate(_said(case, monkeypatch)):
        if fault.edit is None:
            continue
        copy = tmp_path / str(number)
        shutil.copytree(case, copy)
        span = fault.edit.span
        file, text = copy / span.source.name, span.source.text
        file.write_text(text[: span.start] + fault.edit.text + text[span.end :])
        after = [
            (other.code, other.message, other.span.source.name) for other in _said(copy, monkeypatch) if other.span
        ]
        assert (fault.code, fault.message, span.source.name) not in after, fault.render()
