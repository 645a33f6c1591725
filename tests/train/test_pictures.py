"""The pictures open, have the right form, and mark what is wrong."""

import numpy as np
import pytest
from PIL import Image
from torch import nn

from archspec.spec.recipe import Named, Recipe
from archspec.train import train
from archspec.train.look import evenly
from tests.train.fakes import Fake, UNet, mlp

RED = (0xD1, 0x24, 0x2F)


def pictures(tmp_path, fake, **fields):
    recipe = Recipe(**{"epochs": 1, **fields})
    folder = train(fake, recipe=recipe, out=tmp_path / "run", device="cpu", quiet=True).folder
    return [np.asarray(Image.open(folder / name).convert("RGB")) for name in ("curves.png", "predictions.png")]


def red(picture):
    return int((np.abs(picture.astype(int) - RED).sum(-1) < 12).sum())


def test_wrong_labels_are_red(tmp_path):
    curves, predictions = pictures(tmp_path, Fake(mlp, (64,)), optimizer=Named("SGD", {"lr": 1e-6}))
    assert curves.shape[1] > curves.shape[0] > 300
    assert predictions.shape[1] > 800
    assert red(predictions) > 3000


def test_right_labels_are_not(tmp_path):
    class Told(nn.Module):
        """Knows the digits by heart."""

        def __init__(self):
            super().__init__()
            from archspec.train.data.digits import load_arrays

            images, labels = load_arrays()["eval"]
            pixels = load_arrays()["train"][0].float() / 16
            self.scale = nn.Parameter(nn.init.ones_(pixels.new_empty(1)))
            self.images = ((images.float() / 16 - pixels.mean()) / pixels.std()).flatten(1)
            self.hot = nn.functional.one_hot(labels, 10).float()

        def forward(self, x):
            return self.scale * self.hot[(x.unsqueeze(1) - self.images).abs().sum(-1).argmin(1)]

    _, predictions = pictures(tmp_path, Fake(Told, (64,)), optimizer=Named("SGD", {"lr": 1e-6}))
    assert red(predictions) == 0


@pytest.mark.parametrize("samples", [1, 2, 30])
def test_masks(tmp_path, samples):
    data = Named("digits_segmentation", {"samples": 16, "eval_samples": samples})
    fake = Fake(UNet, (3, 32, 32), {"base": 2, "channels": 3})
    _, predictions = pictures(tmp_path, fake, data=data)
    assert predictions.shape[0] > 100
    assert red(predictions) > 100


def test_no_global_state_of_matplotlib(tmp_path):
    import matplotlib.pyplot as plt

    before = plt.get_fignums(), plt.get_backend()
    pictures(tmp_path, Fake(mlp, (64,)), metrics=(Named("accuracy"), Named("mean_iou")))
    assert (plt.get_fignums(), plt.get_backend()) == before


def test_choices():
    assert evenly([1, 2, 3], 5) == [1, 2, 3]
    assert evenly(list(range(10)), 4) == [0, 3, 6, 9]
    assert evenly([7, 8], 1) == [7]


def test_masks_of_many_classes_have_a_colour_each(tmp_path):
    data = Named("digits_segmentation", {"samples": 16, "eval_samples": 12, "classes": 11})
    _, predictions = pictures(tmp_path, Fake(UNet, (1, 32, 32), {"base": 2, "num_classes": 11}), data=data)
    colours, counts = np.unique(predictions.reshape(-1, 3), axis=0, return_counts=True)
    hues = [colour for colour, count in zip(colours, counts, strict=True) if count > 100 and np.ptp(colour) > 150]
    assert len(hues) >= 5
