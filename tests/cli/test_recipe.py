"""`--recipe` on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.run import Shell

SPEC = "archspec: 1\nname: Net\ninput: [1, 8, 8]\nlayers: {flatten: Flatten, fc: {Linear: 10}}\n"
RECIPE = 'archspec: 1\ndata: digits\nepochs: 5\nparam_groups: [{match: "fc.bias", lr: 0.1}]\n'


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "net.yaml").write_text(SPEC)
    (tmp_path / "mine.yaml").write_text(RECIPE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_train_by_a_recipe(files: Path, shell: Shell) -> None:
    run = shell("train", "net.yaml", "--recipe", "mine.yaml", "--set", "train.epochs=1", "--out", "run", "--quiet")
    assert run.status == 0
    stored = (files / "run" / "spec.yaml").read_text()
    assert stored.startswith("# net.yaml with the recipe mine.yaml, train.epochs set\n")
    assert "epochs: 1" in stored
    assert shell("check", "run/spec.yaml").status == 0


def test_check_the_two_together(files: Path, shell: Shell) -> None:
    assert shell("check", "net.yaml", "--recipe", "mine.yaml").out == "net.yaml: ok\n"
    (files / "mine.yaml").write_text(RECIPE.replace("fc.bias", "conv.*"))
    run = shell("check", "net.yaml", "--recipe", "mine.yaml")
    assert run.status == 1
    assert "error[AS510]: `conv.*` matches no parameter of the model\n  --> mine.yaml:4:24" in run.out


def test_check_a_recipe_alone(files: Path, shell: Shell) -> None:
    run = shell("check", "mine.yaml")
    assert (run.status, run.out) == (0, "mine.yaml: ok, a recipe: to check it with a model, give it with --recipe\n")


def test_a_recipe_is_not_mended_beside_a_spec(files: Path, shell: Shell) -> None:
    assert shell("check", "net.yaml", "--recipe", "mine.yaml", "--fix").status == 2
