"""Spec files to use in a shell."""

from __future__ import annotations

from pathlib import Path

import pytest

GOOD = "archspec: 1\nname: Good\ninput: [4]\nvars: {n: 3}\nlayers: {a: {Linear: 4, repeat: 3}, fc: {Linear: $n}}\n"
BAD = "archspec: 1\ninput: [4]\nlayers: {fc: {Lineer: 3}}\n"
WARNED = "archspec: 1\ninput: [4]\nlayers: {idle: ReLU, fc: {Linear: 3, from: input}}\n"


@pytest.fixture
def specs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a spec of each sort, which is the current one."""
    for name, text in (("good", GOOD), ("bad", BAD), ("warned", WARNED)):
        (tmp_path / f"{name}.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path
