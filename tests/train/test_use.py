"""A finished run: measured again, and asked about pictures."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

import archspec
from archspec.train.data.digits import load_arrays
from tests.cli.run import Shell

SPEC = """archspec: 1
input: [1, 8, 8]
layers: {flatten: Flatten, fc: {Linear: 10}}
train: {data: digits, epochs: 2, optimizer: {Adam: {lr: 0.01}}}
"""


@pytest.fixture
def run(tmp_path: Path, no_pictures: None):
    return archspec.train(SPEC, out=tmp_path / "run", device="cpu", quiet=True)


def test_it_is_worth_what_it_was(run) -> None:
    measured = archspec.evaluate(run.folder, device="cpu")
    row = run.history[run.best_epoch - 1]
    assert measured == {"loss": row["eval_loss"], "accuracy": row["eval_accuracy"]}


def test_it_says_of_pictures_what_the_model_says(run, tmp_path: Path) -> None:
    images, labels = load_arrays()["eval"]
    paths = []
    for index in range(20):
        paths.append(tmp_path / f"{index}.png")
        Image.fromarray((images[index, 0].float() * 255 / 16).round().to(torch.uint8).numpy()).save(paths[-1])
    found = archspec.predict(run.folder, paths, device="cpu")
    assert sum(each.classes[0][0] == str(int(label)) for each, label in zip(found, labels, strict=False)) >= 16
    assert all(sum(share for _, share in each.classes) == pytest.approx(1, abs=1e-5) for each in found)
    pixels = load_arrays()["train"][0].float() / 16
    with torch.no_grad():
        shares = run.model((images[:1].float() / 16 - pixels.mean()) / pixels.std()).softmax(1)[0]
    assert dict(found[0].classes)["3"] == pytest.approx(float(shares[3]), abs=1e-2)


def test_commands(run, tmp_path: Path, shell: Shell) -> None:
    done = shell("eval", run.folder)
    assert done.status == 0
    assert f"accuracy     {run.best:.4f}" in done.out
    Image.new("L", (8, 8)).save(tmp_path / "black.png")
    done = shell("predict", str(run.folder), str(tmp_path / "black.png"), "--top", "2")
    assert done.status == 0
    assert len(done.out.split()) == 5
    (tmp_path / "black.png").write_bytes(b"")
    done = shell("predict", str(run.folder), str(tmp_path / "black.png"))
    assert done.status == 2
    assert "AS557" in done.err
    assert "AS607" in shell("eval", str(tmp_path)).err
