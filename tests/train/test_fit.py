"""A head that does not fit the data: told before training, with a mend that mends."""

import re

import pytest
from torch import nn

from archspec.errors import SpecError
from archspec.spec.recipe import Named, Recipe
from archspec.train import train
from tests.train.fakes import Fake, UNet, mlp

SEGMENTATION = Named("digits_segmentation", {"samples": 8, "eval_samples": 4})


def fault(tmp_path, fake, **fields):
    with pytest.raises(SpecError) as caught:
        train(fake, recipe=Recipe(**fields), out=tmp_path / "run", device="cpu", quiet=True)
    assert not list(tmp_path.iterdir())
    (diagnostic,) = caught.value.diagnostics
    return diagnostic


def test_wrong_number_of_classes_with_the_variable_that_mends_it(tmp_path):
    fake = Fake(mlp, (64,), {"hidden": 1000, "num_classes": 1000})
    diagnostic = fault(tmp_path, fake)
    assert diagnostic.code == "AS551"
    assert diagnostic.message == "`fc` gives 1000 classes, but `digits` has 10"
    assert diagnostic.help == "use `--set num_classes=10`"
    unnamed = Fake(mlp, (64,), {"num_classes": 1000}, output="output")
    assert fault(tmp_path, unnamed).message == "the model gives 1000 classes, but `digits` has 10"
    name, value = re.fullmatch(r"use `--set (\w+)=(\d+)`", diagnostic.help).groups()
    mended = train(
        fake.with_variables(**{name: int(value)}), recipe=Recipe(epochs=1), out=tmp_path / "r", device="cpu", quiet=True
    )
    assert mended.history


def test_no_variable_is_offered_that_breaks_the_spec_or_changes_nothing(tmp_path):
    fixed = Fake(mlp, (64,), {"num_classes": 12}, fixed={"num_classes": 12})
    assert fault(tmp_path, fixed).help == "give its last layer 10 outputs"

    def unused(other=12):
        return mlp(num_classes=12)

    assert fault(tmp_path, Fake(unused, (64,), {"other": 12})).help == "give its last layer 10 outputs"
    assert fault(tmp_path, Fake(unused, (64,), {"other": True})).help == "give its last layer 10 outputs"


def test_image_output_for_labels_and_label_output_for_masks(tmp_path):
    diagnostic = fault(tmp_path, Fake(UNet, (1, 32, 32), {"base": 2}))
    assert diagnostic.message == (
        "`fc` gives [N, 2, 32, 32], but `digits` has one label per image, which wants [N, 10]"
    )
    assert diagnostic.help == "for a label per pixel use `--set train.data=digits_segmentation`"
    pooled = Fake(lambda: nn.Conv2d(1, 10, 3), (1, 32, 32))
    assert fault(tmp_path, pooled).help == "end with `Flatten` and `Linear: 10`"
    flat = Fake(lambda: nn.Sequential(nn.Flatten(), nn.Linear(1024, 10)), (1, 32, 32))
    diagnostic = fault(tmp_path, flat, data=SEGMENTATION)
    assert "a label per pixel, which wants [N, 2, 32, 32]" in diagnostic.message
    assert diagnostic.help == "for a label per image use `--set train.data=digits`"


def test_mask_of_another_size(tmp_path):
    diagnostic = fault(tmp_path, Fake(lambda: nn.Conv2d(1, 2, 3), (1, 32, 32)), data=SEGMENTATION)
    assert "`fc` gives [N, 2, 30, 30]" in diagnostic.message
    assert "interpolate" in diagnostic.help


def test_one_output_wants_a_loss_that_can(tmp_path):
    one = Fake(UNet, (1, 32, 32), {"base": 2, "num_classes": 1})
    diagnostic = fault(tmp_path, one, data=SEGMENTATION)
    assert diagnostic.message == "`fc` gives 1 class, but `digits_segmentation` has 2"
    assert diagnostic.help == "use `--set num_classes=2`"
    bare = Fake(lambda: nn.Conv2d(1, 1, 1), (1, 32, 32))
    assert fault(tmp_path, bare, data=SEGMENTATION).help == "use `--set train.loss=BCEWithLogitsLoss`"


def test_eleven_classes_are_a_matter_of_the_data(tmp_path):
    eleven = Fake(lambda: nn.Conv2d(1, 11, 1), (1, 32, 32))
    diagnostic = fault(tmp_path, eleven, data=SEGMENTATION)
    assert "classes: 11" in diagnostic.help
