"""A finished run: measured again, and asked about pictures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from PIL import Image

import archspec
from archspec.train.data.digits import load_arrays
from archspec.train.predicted import overlaid, overlay_colours
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
    line, picture = done.out.splitlines()
    assert len(line.split()) == 5
    assert picture == f"picture: {run.folder}/predicted.png"
    assert "AS607" in shell("eval", str(tmp_path)).err


def test_figures_of_each_class(run, shell: Shell) -> None:
    found = archspec.examine_run(run.folder, device="cpu")
    told = json.loads(shell("eval", run.folder, "--json", "--device", "cpu").out)
    assert told == found.as_data()
    assert sum(map(sum, told["confusion"])) == 359
    lines = shell("eval", run.folder, "--per-class", "--device", "cpu").out.splitlines()
    assert [line.split()[0] for line in lines[-10:]] == list("0123456789")
    assert [each.count for each in found.per_class] == [int(line.split()[1]) for line in lines[-10:]]


def test_a_report_can_be_made_anew(run, shell: Shell) -> None:
    assert not (run.folder / "report.html").exists()
    assert shell("eval", run.folder, "--report", "--device", "cpu").status == 0
    assert f"{run.best:.4f}" in (run.folder / "report.html").read_text()
    assert (run.folder / "confusion.png").exists()


def test_a_folder_other_sizes_and_what_cannot_be_read(run, tmp_path: Path, shell: Shell) -> None:
    photos = tmp_path / "photos"
    (photos / "deep").mkdir(parents=True)
    Image.new("RGB", (300, 20), "white").save(photos / "wide.jpg")
    Image.new("1", (1, 1)).save(photos / "deep" / "$dot_{x}$.png")
    (photos / "broken.png").write_bytes(b"no image")
    (photos / "notes.txt").write_text("not asked")
    done = shell("predict", run.folder, photos, tmp_path / "nowhere.png", "--out", tmp_path / "seen.png")
    assert done.status == 2
    assert [line.split()[0] for line in done.out.splitlines()[:-1]] == [
        str(photos / "deep" / "$dot_{x}$.png"), str(photos / "wide.jpg"),
    ]  # fmt: skip
    assert done.err.count("AS557") == 2
    assert "broken.png" in done.err
    assert "nowhere.png" in done.err
    assert Image.open(tmp_path / "seen.png").size[0] > 300
    data = json.loads(shell("predict", run.folder, photos / "wide.jpg", "--json").out)
    assert sum(data[0]["classes"].values()) == pytest.approx(1, abs=1e-5)
    with pytest.raises(archspec.UsageError, match="AS557"):
        archspec.predict(run.folder, [photos / "broken.png"])
    with pytest.raises(archspec.UsageError, match=r"spec\.yaml` cannot be read: it is in none of the formats"):
        archspec.predict(run.folder, [run.folder / "spec.yaml"])
    (tmp_path / "empty").mkdir()
    assert "AS633" in shell("predict", run.folder, tmp_path / "empty").err
    assert "AS705" in shell("predict", run.folder, photos / "wide.jpg", "--out", tmp_path).err


def test_it_can_be_asked_where_the_data_is_not(tmp_path: Path, no_pictures: None) -> None:
    for name, colour in (("dark", 20), ("light", 230)):
        for phase in ("train", "val"):
            (tmp_path / "data" / phase / name).mkdir(parents=True)
            for index in range(8):
                image = Image.new("RGB", (12, 10), (colour + index,) * 3)
                image.save(tmp_path / "data" / phase / name / f"{index}.png")
    spec = SPEC.replace("[1, 8, 8]", "[3, 8, 8]").replace("Linear: 10", "Linear: 2")
    spec = spec.replace("data: digits, epochs: 2", f"data: {{ImageFolder: {{root: '{tmp_path / 'data'}'}}}}, epochs: 8")
    folder = archspec.train(spec, out=tmp_path / "run", device="cpu", quiet=True).folder
    (tmp_path / "data").rename(tmp_path / "moved")
    found = archspec.predict(folder, [tmp_path / "moved" / "val"], device="cpu")
    assert [each.classes[0][0] for each in found] == ["dark"] * 8 + ["light"] * 8
    moved = f"train.data.ImageFolder.root={tmp_path / 'moved'}"
    assert archspec.evaluate(folder, device="cpu", set=[moved])["accuracy"] == 1
    with pytest.raises(archspec.SpecError, match="AS554"):
        archspec.evaluate(folder, device="cpu")


def test_masks_are_laid_over(tmp_path: Path, no_pictures: None, shell: Shell) -> None:
    layers = "layers: {conv: {Conv2d: {out_channels: 2, kernel_size: 1}}}"
    data = "train: {data: {digits_segmentation: {samples: 8, eval_samples: 2}}, epochs: 1}"
    spec = f"archspec: 1\ninput: [1, 16, 16]\n{layers}\n{data}\n"
    folder = archspec.train(spec, out=tmp_path / "run", device="cpu", quiet=True).folder
    Image.new("L", (40, 20), 128).save(tmp_path / "a.png")
    (found,) = archspec.predict(folder, [tmp_path / "a.png"], device="cpu")
    assert found.mask is not None
    assert found.mask.shape == (16, 16)
    assert dict(found.classes)["digit"] == float((found.mask == 1).float().mean())
    done = shell("predict", folder, tmp_path / "a.png")
    assert "background" in done.out
    assert (folder / "predicted.png").exists()


def test_a_mask_colours_its_pixels_only() -> None:
    colours = overlay_colours(3)
    laid = overlaid(torch.full((1, 1, 2), 0.5), torch.tensor([[0, 2]]), colours)
    assert laid[0, 0] == pytest.approx([0.5, 0.5, 0.5])
    assert laid[0, 1] == pytest.approx(0.45 * 0.5 + 0.55 * colours[2] / 255)
