"""The data sets: what they hold, how they are cut, and every way in which a folder of images can be wrong."""

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms.v2 import functional

from archspec.errors import SpecError, UsageError
from archspec.spec.recipe import Named, Recipe, Transforms
from archspec.tensors import N, TensorType
from archspec.train.data.digits import load_arrays
from archspec.train.data.images import Preparation
from archspec.train.data.registry import MODULES, load_data
from archspec.train.data.request import Request
from archspec.train.data.statistics import IMAGENET_MEAN, IMAGENET_STD

CPU = torch.device("cpu")


def load(shape, data="digits", dtype="float32", transforms=None, seed=0, **arguments):
    recipe = Recipe(data=Named(data, arguments), transforms=transforms or Transforms(), seed=seed)
    return load_data(Request(recipe, {"input": TensorType((N, *shape), dtype)}))


def fault(shape, data="digits", dtype="float32", **arguments):
    with pytest.raises(SpecError) as caught:
        load(shape, data, dtype, **arguments)
    (diagnostic,) = caught.value.diagnostics
    return diagnostic


def everything(samples, epoch=0, batch=64):
    pairs = list(samples.batches(torch.arange(len(samples)), batch, epoch, CPU))
    samples.close()
    return torch.cat([batch.inputs[0] for batch in pairs]), torch.cat([batch.target for batch in pairs])


def test_registry_is_what_a_recipe_may_name():
    from archspec.ops.signatures import signatures

    assert set(MODULES) == set(signatures("datasets"))


def test_digits_are_the_published_ones():
    arrays = load_arrays()
    labels = torch.cat([arrays["train"][1], arrays["eval"][1]])
    # Counts per digit of the UCI test set, from its own description (optdigits.names).
    assert labels.bincount().tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert len(arrays["train"][1]) == 1438
    assert len(arrays["eval"][1]) == 359
    assert arrays["eval"][1].bincount().tolist() == [36, 36, 35, 37, 36, 36, 36, 36, 35, 36]
    pixels = torch.cat([arrays["train"][0], arrays["eval"][0]])
    assert pixels.shape == (1797, 1, 8, 8)
    assert (pixels.min(), pixels.max()) == (0, 16)


def test_digits_are_held_apart():
    arrays = load_arrays()
    train = {bytes(image.numpy()) for image in arrays["train"][0]}
    shared = [image for image in arrays["eval"][0] if bytes(image.numpy()) in train]
    assert not shared


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 28, 28), (3, 32, 32), (1, 20, 30), (64,), (784,), (1, 5, 5)])
def test_digits_take_the_spec_s_shape(shape):
    data = load(shape)
    images, labels = everything(data.eval)
    assert images.shape == (359, *shape)
    assert images.dtype == torch.float32
    assert labels.dtype == torch.int64
    assert abs(float(images.mean())) < 0.1
    assert 0.7 < float(images.std()) < 1.1
    shown = data.preparation.shown(images)
    assert shown.shape[1:] == (shape if len(shape) == 3 else (1, *[int(shape[0] ** 0.5)] * 2))
    assert float(shown.min()) >= 0
    assert float(shown.max()) <= 1


def test_digits_are_resized_as_torch_resizes():
    arrays = load_arrays()
    pixels = arrays["train"][0].float() / 16
    wanted = torch.nn.functional.interpolate(arrays["eval"][0].float() / 16, size=(28, 28), mode="bilinear")
    images, _ = everything(load((3, 28, 28)).eval)
    assert torch.allclose(images, ((wanted - pixels.mean()) / pixels.std()).expand(-1, 3, -1, -1), atol=1e-5)


@pytest.mark.parametrize(
    ("shape", "dtype", "words"),
    [
        ((4, 28, 28), "float32", "1 or 3 channels, not 4"),
        ((65,), "float32", "65 pixels are no square image"),
        ((28, 28), "float32", "gives images [N, C, H, W]"),
        ((1, 28, 28), "int64", "integers (int64)"),
        ((3, 50_000, 50_000), "float32", "at most"),
    ],
)
def test_inputs_that_digits_cannot_give(shape, dtype, words):
    diagnostic = fault(shape, dtype=dtype)
    assert diagnostic.code == "AS552"
    assert words in diagnostic.message


def test_two_inputs_cannot_be_given():
    types = {"image": TensorType((N, 1, 8, 8)), "meta": TensorType((N, 1))}
    with pytest.raises(SpecError, match="2 inputs"):
        load_data(Request(Recipe(), types))


def test_transforms_are_random_by_epoch_and_sample_only():
    train = Transforms(train=(Named("RandomAffine", {"degrees": 30}),))
    data = load((1, 12, 12), transforms=train)
    first, _ = everything(data.train, epoch=1)
    assert torch.equal(first, everything(data.train, epoch=1, batch=7)[0])
    assert not torch.equal(first, everything(data.train, epoch=2)[0])
    assert not torch.equal(first, everything(load((1, 12, 12), transforms=train, seed=1).train, epoch=1)[0])
    assert torch.equal(everything(data.eval)[0], everything(load((1, 12, 12)).eval)[0])
    backwards = torch.arange(len(data.train)).flip(0)
    again = torch.cat([batch.inputs[0] for batch in data.train.batches(backwards, 64, 1, CPU)])
    assert torch.equal(again.flip(0), first)


def test_each_sample_draws_for_itself():
    flip = Transforms(train=(Named("RandomHorizontalFlip", {"p": 0.5}),))
    flipped, _ = everything(load((1, 8, 8), transforms=flip).train, epoch=1)
    plain, _ = everything(load((1, 8, 8)).train)
    share = (flipped != plain).flatten(1).any(1).float().mean()
    assert 0.4 < float(share) < 0.6


def test_transforms_that_change_size_are_resized_and_own_normalisation_is_kept():
    crop = Transforms((Named("RandomCrop", {"size": 6}),), (Named("CenterCrop", {"size": 6}),))
    assert everything(load((1, 12, 12), transforms=crop).eval)[0].shape == (359, 1, 12, 12)
    own = (Named("Normalize", {"mean": [0.0], "std": [1.0]}),)
    images, _ = everything(load((1, 8, 8), transforms=Transforms(own, own)).eval)
    assert torch.equal(images, load_arrays()["eval"][0].float() / 16)


def test_segmentation_masks_are_exact_and_reproducible():
    arguments = {"samples": 12, "eval_samples": 6}
    data = load((1, 48, 40), "digits_segmentation", **arguments)
    assert data.task == "segmentation"
    assert data.classes == ("background", "digit")
    images, masks = everything(data.train)
    assert images.shape == (12, 1, 48, 40)
    assert masks.shape == (12, 48, 40)
    assert set(masks.unique().tolist()) == {0, 1}
    again = load((1, 48, 40), "digits_segmentation", **arguments)
    assert torch.equal(everything(again.train)[0], images)
    longer = load((1, 48, 40), "digits_segmentation", samples=20, eval_samples=6)
    assert torch.equal(longer.train.images[:12], data.train.images)
    brighter = images[:, 0][masks == 1].mean() - images[:, 0][masks == 0].mean()
    assert brighter > 1.0  # standard deviations


def test_segmentation_tells_digits_apart_where_asked():
    two = load((3, 32, 32), "digits_segmentation", samples=40, eval_samples=4)
    eleven = load((3, 32, 32), "digits_segmentation", samples=40, eval_samples=4, classes=11)
    assert eleven.classes == ("background", *"0123456789")
    images, masks = everything(eleven.train)
    assert images.shape == (40, 3, 32, 32)
    assert len(masks.unique()) > 6
    assert torch.equal(masks.clamp_max(1), everything(two.train)[1])


def test_segmentation_transforms_move_image_and_mask_together():
    flip = Transforms(train=(Named("RandomHorizontalFlip", {"p": 1.0}),))
    arguments = {"samples": 4, "eval_samples": 2}
    images, masks = everything(load((1, 32, 32), "digits_segmentation", **arguments).train)
    flipped, flipped_masks = everything(load((1, 32, 32), "digits_segmentation", transforms=flip, **arguments).train)
    assert torch.equal(flipped, images.flip(-1))
    assert torch.equal(flipped_masks, masks.flip(-1))


@pytest.mark.parametrize(
    ("shape", "arguments", "words"),
    [
        ((1, 32, 32), {"classes": 5}, "2 (background, digit) or 11"),
        ((1, 8, 8), {}, "do not fit on 8×8"),
        ((1, 2048, 2048), {}, "more than"),
    ],
)
def test_segmentation_that_cannot_be_made(shape, arguments, words):
    diagnostic = fault(shape, "digits_segmentation", **arguments)
    assert diagnostic.code == "AS553"
    assert words in diagnostic.message


@pytest.fixture
def folder(tmp_path):
    """Two classes: reddish and bluish PNGs of several sizes."""
    for phase, count in (("train", 6), ("val", 3)):
        for label, colour in (("red", (200, 30, 30)), ("blue", (30, 30, 200))):
            place = tmp_path / "data" / phase / label
            place.mkdir(parents=True)
            for index in range(count):
                pixels = np.random.default_rng(index).integers(0, 40, (10 + index, 14, 3)) + np.array(colour)
                Image.fromarray(pixels.astype(np.uint8)).save(place / f"{index}.png")
    return tmp_path / "data"


def test_image_folder(folder):
    data = load((3, 16, 16), "ImageFolder", root=str(folder), workers=0)
    assert data.classes == ("blue", "red")
    assert (len(data.train), len(data.eval)) == (12, 6)
    images, labels = everything(data.eval)
    assert labels.tolist() == [0, 0, 0, 1, 1, 1]
    with Image.open(folder / "val" / "blue" / "0.png") as image:
        wanted = functional.resize(functional.to_image(image), [16, 16], antialias=True)
    wanted = functional.normalize(functional.to_dtype(wanted, torch.float32, scale=True), IMAGENET_MEAN, IMAGENET_STD)
    assert torch.allclose(images[0], wanted, atol=0.02)  # one level of rounding, where uint8 is resized first
    assert everything(load((1, 16, 16), "ImageFolder", root=str(folder)).eval)[0].shape == (6, 1, 16, 16)


def test_image_folder_s_workers_change_nothing(folder):
    transforms = Transforms(train=(Named("RandomResizedCrop", {"size": 12}), Named("ColorJitter", {"hue": 0.2})))
    alone, helped = (
        load((3, 12, 12), "ImageFolder", root=str(folder), workers=workers, transforms=transforms) for workers in (0, 2)
    )
    state = torch.get_rng_state()
    assert not torch.equal(everything(alone.train, 3)[0], everything(alone.train, 4)[0])
    assert torch.equal(everything(alone.train, 3, 5)[0], everything(helped.train, 3, 5)[0])
    assert torch.equal(torch.get_rng_state(), state)


def test_image_folder_without_phases_is_split_by_class(folder):
    def split(seed):
        arguments = {"root": str(folder / "train"), "eval_fraction": 0.34, "seed": seed}
        recipe = Recipe(data=Named("ImageFolder", arguments))
        return load_data(Request(recipe, {"input": TensorType((N, 3, 8, 8))}))

    first, second, other = split(0), split(0), split(7)
    assert (len(first.train), len(first.eval)) == (8, 4)
    assert [label for _, label in first.eval.source.files] == [0, 0, 1, 1]
    assert not set(first.train.source.files) & set(first.eval.source.files)
    assert first.eval.source.files == second.eval.source.files
    assert first.eval.source.files != other.eval.source.files


def test_image_folder_that_is_not_there(tmp_path):
    (tmp_path / "file").touch()
    assert "is not there" in fault((3, 8, 8), "ImageFolder", root=str(tmp_path / "none")).message
    diagnostic = fault((3, 8, 8), "ImageFolder", root=str(tmp_path / "file"))
    assert diagnostic.code == "AS554"
    assert "is a file" in diagnostic.message


def test_image_folder_without_images(tmp_path):
    assert fault((3, 8, 8), "ImageFolder", root=str(tmp_path)).code == "AS555"
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "notes.txt").touch()
    assert fault((3, 8, 8), "ImageFolder", root=str(tmp_path)).code == "AS555"


def test_image_folder_with_other_classes_in_val(folder):
    (folder / "val" / "red").rename(folder / "val" / "green")
    diagnostic = fault((3, 8, 8), "ImageFolder", root=str(folder))
    assert diagnostic.code == "AS556"
    assert "green, red" in diagnostic.message


@pytest.mark.parametrize("workers", [0, 1])
def test_unreadable_image_is_named(folder, workers):
    broken = folder / "train" / "blue" / "2.png"
    broken.write_bytes(broken.read_bytes()[:40])
    data = load((3, 8, 8), "ImageFolder", root=str(folder), workers=workers)
    with pytest.raises(UsageError) as caught:
        everything(data.train)
    assert caught.value.diagnostic.code == "AS557"
    assert str(broken) in caught.value.diagnostic.message


def test_workers_live_as_long_as_the_run(folder):
    samples = load((3, 8, 8), "ImageFolder", root=str(folder), workers=1).train
    seen = set()
    for epoch in (1, 2, 3):
        assert len(list(samples.batches(torch.arange(12), 4, epoch, CPU))) == 3
        seen.add(samples._running._workers[0].pid)
    assert len(seen) == 1
    interrupted = samples.batches(torch.arange(12), 4, 4, CPU)
    next(interrupted)
    interrupted.close()
    (again, *_), (fresh, *_) = (
        list(each.batches(torch.arange(12), 4, 5, CPU))
        for each in (samples, load((3, 8, 8), "ImageFolder", root=str(folder), workers=0).train)
    )
    assert torch.equal(again.inputs[0], fresh.inputs[0])
    samples.close()
    assert samples._running is None


def test_images_are_finished_on_the_device(folder, monkeypatch):
    """Until then they are bytes."""
    seen = []
    finish = Preparation.finish
    monkeypatch.setattr(Preparation, "finish", lambda self, images: seen.append(images) or finish(self, images))
    samples = load((3, 8, 8), "ImageFolder", root=str(folder), workers=0).train
    (batch,) = samples.batches(torch.arange(12), 12, 1, torch.device("meta"))
    assert [(images.dtype, images.device.type) for images in seen] == [(torch.uint8, "meta")]
    assert (batch.inputs[0].dtype, batch.inputs[0].shape) == (torch.float32, (12, 3, 8, 8))
