"""Which files a command line means."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path

import pytest

from archspec.cli.specs import looks_like_spec
from tests.cli.conftest import BAD, GOOD
from tests.cli.run import Shell


def verdicts(out: str) -> list[str]:
    return [line.split(": ")[0] for line in out.splitlines() if line.endswith((": ok", " error", " warning"))]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Specs among what else a project holds."""
    files = {
        "nets/b.yml": GOOD,
        "nets/a.yaml": BAD,
        "nets/deep/c.json": json.dumps({"archspec": 1, "input": [4], "layers": ["ReLU"]}),
        "nets/deep/openapi.json": json.dumps({"properties": {"archspec": {"const": 1}}}),
        "nets/compose.yaml": "services:\n  archspec: 1\n",
        "nets/notes.txt": GOOD,
        "nets/.hidden.yaml": GOOD,
        "nets/.venv/d.yaml": GOOD,
        "nets/env/pyvenv.cfg": "",
        "nets/env/e.yaml": GOOD,
        "nets/node_modules/f.yaml": GOOD,
        "nets/list.json": "[1, 2]",
        "empty/readme.md": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "nets" / "link").symlink_to(tmp_path / "empty")
    (tmp_path / "nets" / "loop").symlink_to(tmp_path / "nets")
    (tmp_path / "nets" / "gone.yaml").symlink_to("nowhere.yaml")
    os.mkfifo(tmp_path / "nets" / "pipe.yaml")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_is_walked_in_order(shell: Shell, tree: Path) -> None:
    run = shell("check", "nets")
    assert run.status == 1
    assert verdicts(run.out) == ["nets/a.yaml", "nets/b.yml", "nets/deep/c.json"]
    assert run.out.endswith("\n3 specs checked, 1 wrong (1 error)\n")


def test_files_and_folders_each_once(shell: Shell, tree: Path) -> None:
    run = shell("check", "nets/b.yml", "nets", "./nets/b.yml", "nets/")
    assert verdicts(run.out) == ["nets/b.yml", "nets/a.yaml", "nets/deep/c.json"]


def test_a_file_that_is_named_is_checked_whatever_it_looks_like(shell: Shell, tree: Path) -> None:
    run = shell("check", "nets/compose.yaml")
    assert run.status == 1
    assert "AS104" in run.out


def test_the_summary_of_clean_specs(shell: Shell, tree: Path) -> None:
    run = shell("check", "nets/deep", "nets/b.yml")
    assert run.status == 0
    assert run.out.endswith("2 specs checked, none wrong\n")


def test_a_folder_without_specs(shell: Shell, tree: Path) -> None:
    run = shell("check", "empty")
    assert run.status == 2
    assert "error[AS016]: there is no spec in the folder `empty`" in run.out
    assert shell("check", "empty", "nets/b.yml").status == 2
    assert shell("check", "empty", "nets/a.yaml").status == 1


@pytest.mark.parametrize("command", ["build", "train"])
def test_the_others_take_no_folder(shell: Shell, tree: Path, command: str) -> None:
    run = shell(command, "nets")
    assert run.status == 2
    assert "error[AS002]" in run.err
    assert "`nets/a.yaml`" in run.err


@pytest.mark.parametrize(
    ("content", "is_one"),
    [
        (b"archspec: 1\n", True),
        (b"\xef\xbb\xbfarchspec: 1\n", True),
        (b"# comment\n\n'archspec' : 1\n", True),
        (b"name: Net\narchspec:\n", True),
        (b"archspec: [1\nbroken: {", True),
        (b"archspec: 1 # caf\xe9\n", True),
        (b"# c\n{archspec: 1, input: [4]}", True),
        (b'{"input": [4], "archspec": 1}', True),
        (b'{"name": "a } b", "archspec" : 1', True),
        (b'{"a": {"archspec": 1}}', False),
        (b'{"a": "archspec"}', False),
        (b'[{"archspec": 1}]', False),
        (b"a:\n  archspec: 1\n", False),
        (b"# archspec: 1\n", False),
        (b"archspecs: 1\n", False),
        (b"", False),
    ],
)
def test_what_looks_like_a_spec(content: bytes, is_one: bool) -> None:
    assert looks_like_spec(content) == is_one


class Stdin:
    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)
        self.buffer.name = "<stdin>"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (GOOD.encode(), 0, "<stdin>: ok"),
        (BAD.encode(), 1, "--> <stdin>:3:15"),
        (json.dumps({"archspec": 1, "input": [4], "layers": ["ReLU"]}).encode(), 0, "<stdin>: ok"),
        (b"caf\xe9", 1, "AS005"),
        (b"", 1, "AS010"),
        (b"#" * (4 * 2**20 + 1), 1, "AS003"),
    ],
)
def test_standard_input(shell: Shell, monkeypatch: pytest.MonkeyPatch, content: bytes, status: int, said: str) -> None:
    monkeypatch.setattr(sys, "stdin", Stdin(content))
    run = shell("check", "-")
    assert run.status == status
    assert said in run.out


def test_a_model_is_built_from_standard_input(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Stdin(GOOD.encode()))
    assert shell("build", "-").status == 0


@pytest.mark.parametrize("option", ["--fix", "--diff"])
def test_standard_input_is_not_mended(shell: Shell, option: str) -> None:
    run = shell("check", "-", option)
    assert run.status == 2
    assert "standard input" in run.err
