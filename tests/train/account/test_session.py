"""`run.json` and the recipe beside it: what a run says of itself, also when it ends badly."""

import json
import platform
import shutil
import sys
from importlib import metadata
from pathlib import Path

import pytest
import torch

import archspec
from archspec.train.account.account import read_account
from archspec.train.account.machine import command
from archspec.train.store.lock import locked
from tests.finished import LINEAR


def account(folder):
    return json.loads((folder / "run.json").read_text())


def test_it_tells_what_was_trained_on_what_and_with_what(finished):
    told = account(finished.folder)
    assert told["name"] == "Linear"
    assert told["model"]["parameters"] == told["model"]["trainable"] == 650
    assert told["data"]["train"] == 1438
    assert told["data"]["eval"] == 359
    assert told["data"]["classes"] == list("0123456789")
    assert told["recipe"]["optimizer"] == {"Adam": {"lr": 0.01}}
    (session,) = told["sessions"]
    assert session["outcome"] == "finished"
    assert session["began"] <= session["ended"]
    assert session["versions"] | {"cuda": None} == {
        "archspec": archspec.__version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": metadata.version("torchvision"),
        "cuda": None,
    }
    assert session["machine"]["device"] == "cpu"
    assert Path(sys.executable).name in session["command"]


def test_the_kept_recipe_is_the_recipe(finished):
    spec, recipe = (finished.folder / name for name in ("spec.yaml", "recipe.yaml"))
    assert archspec.load(spec, recipe=recipe).recipe == archspec.load(LINEAR).recipe


def test_a_recipe_of_several_losses_can_be_read_back(tmp_path, no_pictures):
    model, _ = LINEAR.split("train:")
    spec = f"{model}train: {{losses: {{output: {{CrossEntropyLoss: , weight: 0.5}}}}, epochs: 1}}"
    folder = archspec.train(spec, out=tmp_path / "run", device="cpu", quiet=True).folder
    assert archspec.load(spec, recipe=folder / "recipe.yaml").recipe == archspec.load(spec).recipe


def test_lines_of_json_are_the_rows(finished):
    lines = (finished.folder / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == list(finished.history)
    assert [dict(row) for row in read_account(finished.folder).history] == list(finished.history)


def test_going_on_is_another_session(finished, tmp_path, no_pictures):
    folder = tmp_path / "run"
    shutil.copytree(finished.folder, folder)
    archspec.train(resume=folder, set=["train.epochs=3"], device="cpu", quiet=True)
    first, second = account(folder)["sessions"]
    assert first == account(finished.folder)["sessions"][0]
    assert (second["from"], second["outcome"]) == ([3, 0], "finished")
    assert account(folder)["recipe"]["epochs"] == 3
    assert len(read_account(folder).history) == 3


def test_a_run_that_fails_says_why(tmp_path):
    spec = LINEAR.replace("Adam: {lr: 0.01}", "SGD: {lr: 1.0e+30}").replace("epochs: 2", "epochs: 2, loss: MSELoss")
    with pytest.raises(archspec.UsageError):
        archspec.train(spec, out=tmp_path / "run", device="cpu", quiet=True)
    (session,) = account(tmp_path / "run")["sessions"]
    assert session["outcome"] == "failed"
    assert session["fault"].startswith("AS604: the loss is")
    assert read_account(tmp_path / "run").status == "interrupted"


def test_status(finished, tmp_path):
    assert read_account(finished.folder).status == "finished"
    assert read_account(tmp_path).status == "interrupted"
    begun = account(finished.folder)
    begun["sessions"][0]["outcome"] = None  # as a run that goes on says, and one that was killed
    (tmp_path / "run.json").write_text(json.dumps(begun))
    assert read_account(tmp_path).status == "interrupted"
    with locked(tmp_path):
        assert read_account(tmp_path).status == "running"
    assert read_account(tmp_path).status == "interrupted"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"sessions": 3}', '{"sessions": [1], "monitor": []}', "\xff"])
def test_a_damaged_account_tells_nothing(tmp_path, text):
    (tmp_path / "run.json").write_bytes(text.encode("latin-1"))
    (tmp_path / "metrics.csv").write_text("epoch,seconds\n1,2\n2,")
    found = read_account(tmp_path)
    assert (found.status, found.column, found.best, found.sessions) == ("interrupted", "", None, [])
    assert found.history == [{"epoch": 1, "seconds": 2}]


def test_the_command_as_it_would_be_typed():
    assert command(["python", "/x/bin/archspec", "train", "my net.yaml"]) == "archspec train 'my net.yaml'"
    assert command(["python3.11", "-m", "archspec", "train", "--set", "a=$b"]) == "archspec train --set 'a=$b'"
    assert command(["python", "train.py", "3"]) == "python train.py 3"
