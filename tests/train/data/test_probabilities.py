"""Yes or no, and shares of classes: learnt as they are, and measured by hand beside what the run says."""

from __future__ import annotations

import json

import pytest
import torch
from torch import nn
from torch.utils.data import Dataset

import archspec
from archspec.errors import SpecError, UsageError

X = torch.randn(120, 6, generator=torch.Generator().manual_seed(0))
HOT = X @ torch.randn(6, 5, generator=torch.Generator().manual_seed(1)) > 0
PICTURES = torch.randint(0, 256, (40, 1, 12, 12), dtype=torch.uint8, generator=torch.Generator().manual_seed(2))
MASKS = PICTURES > 128
ASKS = ["BCEWithLogitsLoss", "MultiLabelSoftMarginLoss", "SoftMarginLoss"]


class Rows(Dataset):
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        return self.x[index], self.y[index]


class Squeezed(nn.Linear):
    def forward(self, x):
        return super().forward(x).squeeze(1)


def parts(kind, x, y):
    cut = len(x) * 3 // 4
    pairs = (x[:cut], y[:cut]), (x[cut:], y[cut:])
    return tuple(Rows(*pair) for pair in pairs) if kind == "rows" else pairs


def trained(tmp_path, model, data, loss, **fields):
    recipe = {"archspec": 1, "batch_size": 16, "epochs": 2, "loss": loss, "optimizer": {"SGD": {"lr": 0.3}}, **fields}
    torch.manual_seed(3)
    for layer in model.modules():
        if hasattr(layer, "reset_parameters"):
            layer.reset_parameters()
    return archspec.train(model, data, recipe=recipe, out=tmp_path / "run", device="cpu", quiet=True)


@torch.no_grad()
def said(result, x):
    best = max(result.history, key=lambda row: row["eval_accuracy"])
    return best["eval_accuracy"], result.model.eval()(x[len(x) * 3 // 4 :])


@pytest.mark.parametrize("kind", ["arrays", "rows"])
@pytest.mark.parametrize("loss", ASKS)
@pytest.mark.parametrize("form", [torch.Tensor.float, torch.Tensor.long, torch.Tensor.bool])
def test_any_number_of_classes(tmp_path, kind, loss, form):
    result = trained(tmp_path, nn.Linear(6, 5), parts(kind, X, form(HOT)), loss)
    accuracy, output = said(result, X)
    assert accuracy == pytest.approx(float(((output > 0) == HOT[90:]).float().mean()))


@pytest.mark.parametrize("kind", ["arrays", "rows"])
@pytest.mark.parametrize("model", [nn.Linear(6, 1), Squeezed(6, 1)])
@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
def test_two_classes_of_one_output(tmp_path, kind, model, shape):
    yes = HOT[:, 0].float().reshape(shape)
    result = trained(tmp_path, model, parts(kind, X, yes), "BCEWithLogitsLoss")
    accuracy, output = said(result, X)
    assert accuracy == pytest.approx(float(((output.flatten() > 0) == HOT[90:, 0]).float().mean()))


def test_the_loss_takes_them_as_they_are(tmp_path):
    doubtful = torch.rand(120, generator=torch.Generator().manual_seed(4))
    model = trained(tmp_path, nn.Linear(6, 1), parts("rows", X, doubtful), "BCEWithLogitsLoss", epochs=1).model
    with torch.no_grad():
        wanted = nn.functional.binary_cross_entropy_with_logits(model(X[90:]).squeeze(1), doubtful[90:])
    told = archspec.evaluate(tmp_path / "run", model=nn.Linear(6, 1), data=parts("rows", X, doubtful))
    assert told["loss"] == pytest.approx(float(wanted))


@pytest.mark.parametrize("kind", ["arrays", "rows"])
@pytest.mark.parametrize("masks", [MASKS.float(), MASKS.float()[:, 0], MASKS, MASKS.long()[:, 0]])
def test_masks_of_one_output_move_with_their_images(tmp_path, kind, masks):
    flip = {"train": [{"RandomHorizontalFlip": 1.0}]}
    model = nn.Conv2d(1, 1, 1)  # looks at one pixel each: it learns only where the mask is flipped with the image
    data = {**dict(zip(("train", "eval"), parts(kind, PICTURES, masks), strict=True)), "classes": ["cell"]}
    rate = {"Adam": {"lr": 0.3}}
    result = trained(tmp_path, model, data, "BCEWithLogitsLoss", transforms=flip, epochs=12, optimizer=rate)
    assert result.best > 0.9
    told = (tmp_path / "run" / "evaluation.json").read_text(encoding="utf-8")
    assert '"no cell"' in told
    assert '"segmentation"' in told


def test_masks_are_resized_with_their_images():
    data = parts("rows", PICTURES, MASKS.float())
    small = [{"Resize": {"size": [6, 6]}}]
    recipe = {"archspec": 1, "loss": "BCEWithLogitsLoss", "transforms": {"train": small, "eval": small}}
    batch = next(archspec.prepare(nn.Conv2d(1, 1, 1), data, recipe=recipe, device="cpu").batches(1))
    assert batch.inputs[0].shape[-2:] == batch.target.shape[-2:] == (6, 6)


@pytest.mark.parametrize("kind", ["arrays", "rows"])
def test_shares_of_classes(tmp_path, kind):
    shares = (X @ torch.randn(6, 5, generator=torch.Generator().manual_seed(5)) * 2).softmax(1)
    result = trained(tmp_path, nn.Linear(6, 5), parts(kind, X, shares), "CrossEntropyLoss")
    accuracy, output = said(result, X)
    assert accuracy == pytest.approx(float((output.argmax(1) == shares[90:].argmax(1)).float().mean()))


@pytest.mark.parametrize(
    ("model", "targets", "loss", "fields"),
    [
        (nn.Linear(6, 5), HOT.float(), "MSELoss", {}),
        (nn.Linear(6, 1), HOT[:, 0].float(), "BCEWithLogitsLoss", {"metrics": ["mae"]}),
        (nn.Linear(6, 5), X[:, :5], "MSELoss", {}),
        (nn.Linear(6, 5), HOT.float(), "CrossEntropyLoss", {}),
    ],
)
def test_numbers_stay_numbers(tmp_path, model, targets, loss, fields):
    result = trained(tmp_path, model, parts("rows", X, targets), loss, **fields)
    assert "eval_mae" in result.history[0]


def test_an_answer_of_one_output_is_mixed():
    images = PICTURES[:, :, :8, :8]
    recipe = {"archspec": 1, "loss": "BCEWithLogitsLoss", "transforms": {"batch": ["MixUp"]}}
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 1))
    prepared = archspec.prepare(model, (images, MASKS[:, 0, 0, 0].float()), recipe=recipe, device="cpu")
    batch = next(prepared.batches(1))
    assert batch.target.shape[1:] == (2,)
    assert torch.allclose(batch.target.sum(1), torch.ones(len(batch.target)))
    assert prepared.loss(prepared.outputs(batch), batch).isfinite()


def test_a_class_that_the_loss_leaves_out_is_no_label(tmp_path):
    masks = MASKS.long()[:, 0].clone()
    masks[:, :6] = 255
    for kind in ("arrays", "rows"):
        data = {**dict(zip(("train", "eval"), parts(kind, PICTURES, masks), strict=True)), "classes": 2}
        loss = {"CrossEntropyLoss": {"ignore_index": 255}}
        result = trained(tmp_path / kind, nn.Conv2d(1, 2, 1), data, loss, metrics=["accuracy"])
        told = json.loads((result.folder / "evaluation.json").read_text(encoding="utf-8"))
        assert sum(map(sum, told["confusion"])) == 10 * 6 * 12


@pytest.mark.parametrize(
    ("label", "loss", "words"),
    [
        (3, "CrossEntropyLoss", "sample 7 of `Rows` cannot be read: its class is 3, and there are 3, counted from 0"),
        (-1, "CrossEntropyLoss", "its class is -1, and there are 3"),
        (-100, "MultiMarginLoss", "it has no label, or not everywhere, and the loss needs one"),
    ],
)
def test_a_class_that_is_none(tmp_path, label, loss, words):
    labels = torch.arange(120) % 3
    labels[7] = label
    train, evaluation = parts("rows", X, labels)
    with pytest.raises(UsageError) as caught:
        trained(tmp_path, nn.Linear(6, 3), {"train": train, "eval": evaluation, "classes": 3}, loss)
    assert caught.value.diagnostic.code == "AS557"
    assert words in str(caught.value)


def test_classes_that_the_targets_do_not_tell_of():
    with pytest.raises(SpecError, match=r"`classes` says 2, and each target of `tensors` tells of 5"):
        archspec.prepare(
            nn.Linear(6, 5), {"train": (X, HOT.float()), "classes": 2},
            recipe={"archspec": 1, "loss": "BCEWithLogitsLoss"}, device="cpu",
        )  # fmt: skip
