"""Data sets of a researcher's own, and what is odd about some of their samples: told by name, or put right."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.utils.data import Dataset

import archspec
from archspec.errors import SpecError, UsageError


class Rows(Dataset):
    def __init__(self, sample, count=20):
        self.sample, self.count = sample, count

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        return self.sample(index)


def good(index):
    return torch.full((4,), float(index)), index % 3


def trained(tmp_path, train, evaluation=None, model=None, **fields):
    recipe = {"archspec": 1, "epochs": 1, "batch_size": 8, **fields}
    data = (train, Rows(good) if evaluation is None else evaluation)
    torch.manual_seed(0)
    model = nn.Linear(4, 3) if model is None else model
    return archspec.train(model, data, recipe=recipe, out=tmp_path / "run", device="cpu", quiet=True)


def picture(index):
    return Image.new("RGB", (10, 10)), index % 2


def large():
    return nn.Sequential(nn.Flatten(), nn.Linear(300, 2))


@pytest.mark.parametrize(
    ("sample", "words"),
    [
        (lambda i: good(i) if i != 7 else {}["x"], "sample 7 of `Rows` cannot be read: KeyError: 'x'"),
        (lambda i: (torch.zeros(4 + (i == 7)), i % 3), "samples of one batch have tensors of different shapes: ["),
        (
            lambda i: good(i) if i != 7 else ((torch.zeros(4), torch.zeros(4)), 0),
            "it has 2 inputs, and the model takes 1",
        ),
        (lambda i: (torch.zeros(4), i % 3 if i != 7 else 0.5), "its target is not a class, as that of the first"),
    ],
)
def test_a_sample_that_is_not_like_the_others(tmp_path, sample, words):
    with pytest.raises(UsageError) as caught:
        trained(tmp_path, Rows(sample))
    assert caught.value.diagnostic.code == "AS557"
    assert words in str(caught.value)


def test_a_transform_that_an_image_refuses(tmp_path):
    crop = {"train": [{"RandomCrop": 20}]}
    with pytest.raises(UsageError, match="cannot be transformed: Required crop size") as caught:
        trained(tmp_path, Rows(picture), Rows(picture), large(), transforms=crop)
    assert caught.value.diagnostic.code == "AS557"


@pytest.mark.parametrize(
    ("train", "evaluation", "model", "code", "words"),
    [
        (Rows(good, 0), None, None, "AS553", "`Rows` has no samples to learn from"),
        (Rows(good), Rows(good, 0), None, "AS553", "`Rows` has no samples to measure on"),
        (Rows(lambda i: ("words", i % 3)), None, None, "AS552", "of type `str`, which is no tensor"),
        (Rows(good), None, nn.ReLU(), "AS508", "nothing of the model can learn: it has no parameters"),
        (Rows(good), None, nn.Linear(4, 3).requires_grad_(False), "AS508", "all its parameters are frozen"),
    ],
)
def test_what_cannot_be_trained(tmp_path, train, evaluation, model, code, words):
    with pytest.raises(SpecError) as caught:
        trained(tmp_path, train, evaluation, model)
    assert caught.value.diagnostics[0].code == code
    assert words in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_the_model_says_how_many_classes_there_are(tmp_path):
    result = trained(tmp_path, Rows(good))
    assert "eval_accuracy" in result.history[0]
    assert '"2"' in (result.folder / "evaluation.json").read_text(encoding="utf-8")
    with pytest.raises(UsageError, match="its class is 3, and there are 3"):
        trained(tmp_path / "more", Rows(lambda i: (torch.zeros(4), i % 4)))


def test_inputs_get_the_type_of_the_model(tmp_path):
    doubles = Rows(lambda i: (np.full(4, i / 20), i % 3))
    floats = Rows(lambda i: (torch.full((4,), i / 20), i % 3))
    wide, narrow = (trained(tmp_path / name, rows, rows) for name, rows in (("a", doubles), ("b", floats)))
    assert torch.equal(wide.model.weight, narrow.model.weight)


def test_a_callback_is_one(tmp_path):
    with pytest.raises(TypeError, match=r"is no callback: derive a class from `archspec\.Callback`"):
        archspec.train(nn.Linear(4, 3), Rows(good), out=tmp_path / "run", callbacks=[print], quiet=True)
