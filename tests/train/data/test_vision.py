"""Every data set of torchvision that a recipe may name, read by torchvision's own code from files in its format."""

import pytest
import torch
from PIL import Image
from torch import nn
from torchvision.transforms.v2 import functional

import archspec
from archspec.errors import SpecError, UsageError
from archspec.ops.signatures import signatures
from archspec.spec.recipe import Named, Recipe, Transforms
from archspec.tensors import N, TensorType
from archspec.train import train
from archspec.train.data import vision
from archspec.train.data.registry import load_data
from archspec.train.data.request import Request
from archspec.train.data.vision_sets import VISION_SETS
from tests.train.data import written
from tests.train.fakes import Fake

CPU = torch.device("cpu")
PLAIN = (Named("ToDtype", {"dtype": "float32", "scale": True}), Named("Normalize", {"mean": [0.0], "std": [1.0]}))


def load(name, shape=(3, 20, 16), train=PLAIN, **arguments):
    recipe = Recipe(data=Named(name, arguments), transforms=Transforms(train, PLAIN))
    return load_data(Request(recipe, {"input": TensorType((N, *shape))}))


def as_floats(picture):
    return functional.to_dtype(functional.to_image(picture), torch.float32, scale=True)


def everything(samples):
    batches = list(samples.batches(torch.arange(len(samples)), 3, 1, CPU))
    samples.close()
    return torch.cat([batch.inputs[0] for batch in batches]), torch.cat([batch.target for batch in batches])


# name: what writes it, whether it patches sums, its arguments, samples, classes, and its first labels
SETS = {
    "MNIST": (lambda root: written.mnist(root, "MNIST"), {}, (8, 4), 10, [0, 1, 2]),
    "FashionMNIST": (lambda root: written.mnist(root, "FashionMNIST"), {}, (8, 4), 10, [0, 1, 2]),
    "KMNIST": (lambda root: written.mnist(root, "KMNIST"), {}, (8, 4), 10, [0, 1, 2]),
    "EMNIST": (written.emnist, {"split": "balanced"}, (8, 4), 47, [0, 1, 2]),
    "QMNIST": (written.qmnist, {}, (8, 4), 10, [0, 1, 2]),
    "USPS": (written.usps, {}, (8, 4), 10, [0, 1, 2]),
    "SEMEION": (written.semeion, {}, (10, 5), 10, [0, 0, 1]),
    "CIFAR10": (lambda root, patch: written.cifar(root, patch, written.datasets.CIFAR10), {}, (20, 4), 5, [0, 1, 2]),
    "CIFAR100": (lambda root, patch: written.cifar(root, patch, written.datasets.CIFAR100), {}, (4, 4), 5, [0, 1, 2]),
    "SVHN": (written.svhn, {}, (8, 4), 10, [1, 2, 3]),
    "STL10": (written.stl10, {}, (8, 4), 10, [0, 1, 2]),
    "FER2013": (written.fer2013, {}, (8, 4), 7, [0, 1, 2]),
    "Caltech101": (written.caltech101, {}, (6, 2), 2, [0, 0, 0]),
    "Caltech256": (written.caltech256, {}, (6, 2), 2, [0, 0, 0]),
    "EuroSAT": (lambda root: written.in_folders(root, "eurosat/2750"), {}, (6, 2), 2, [0, 0, 0]),
    "SUN397": (written.sun397, {}, (6, 2), 2, [0, 0, 0]),
    "CLEVRClassification": (written.clevr, {}, (6, 2), 11, [3, 4, 5]),
    "INaturalist": (written.inaturalist, {"version": "2021_train_mini"}, (8, 8), 2, [0, 0, 0]),
    "LFWPeople": (written.lfw, {}, (6, 2), 2, [0, 0, 0]),
    "Omniglot": (written.omniglot, {}, (12, 4), 4, [0, 0, 0]),
    "CelebA": (written.celeba, {}, (6, 2), 3, [[0, 0, 0], [1, 0, 0], [0, 1, 0]]),
    "Country211": (
        lambda root: written.in_folders(root, "country211/train", "country211/valid"), {}, (8, 8), 2, [0, 0, 0]
    ),
    "DTD": (written.dtd, {}, (6, 2), 2, [0, 0, 0]),
    "FGVCAircraft": (written.fgvc_aircraft, {}, (6, 2), 2, [0, 1, 0]),
    "Flowers102": (written.flowers102, {}, (6, 2), 102, [0, 1, 0]),
    "Food101": (written.food101, {}, (6, 2), 2, [0, 0, 0]),
    "GTSRB": (written.gtsrb, {}, (8, 2), 43, [0, 0, 0]),
    "ImageNet": (written.imagenet, {}, (8, 8), 2, [0, 0, 0]),
    "Imagenette": (written.imagenette, {}, (8, 8), 2, [0, 0, 0]),
    "PCAM": (written.pcam, {}, (6, 2), 2, [0, 1, 0]),
    "Places365": (written.places365, {}, (4, 4), 2, [0, 1, 0]),
    "RenderedSST2": (
        lambda root: written.in_folders(root, "rendered-sst2/train", "rendered-sst2/valid", ending="png",
                                        classes=("negative", "positive")), {}, (8, 8), 2, [0, 0, 0]
    ),
    "StanfordCars": (written.stanford_cars, {}, (6, 2), 2, [0, 1, 0]),
    "OxfordIIITPet": (written.pets, {}, (6, 2), 2, [0, 0, 0]),
    "VOCSegmentation": (written.voc, {}, (4, 2), 21, None),
    "SBDataset": (written.sbd, {}, (4, 2), 21, None),
    "Cityscapes": (written.cityscapes, {}, (4, 2), 19, None),
}  # fmt: skip


def write(name, root, monkeypatch):
    writer = SETS[name][0]
    writer(*((root, monkeypatch) if writer.__code__.co_argcount == 2 else (root,)))


def test_every_set_is_tested():
    assert set(SETS) == set(VISION_SETS)
    assert set(signatures("datasets")) - set(SETS) == {
        "digits", "digits_segmentation", "given", "tensors", "ImageFolder", "FakeData", "CocoDetection",
    }  # fmt: skip


@pytest.mark.parametrize("name", SETS)
def test_it_is_read(name, tmp_path, monkeypatch):
    _, arguments, counts, classes, first = SETS[name]
    write(name, tmp_path, monkeypatch)
    data = load(name, root=str(tmp_path), **arguments)
    assert (len(data.train), len(data.eval)) == counts
    assert len(data.classes) == classes
    assert all(isinstance(each, str) for each in data.classes)
    images, labels = everything(data.train)
    assert images.shape == (counts[0], 3, 20, 16)
    assert images.dtype == torch.float32
    assert 0.2 < float(images.mean()) < 0.8
    if first is not None:
        assert labels[:3].tolist() == first
    assert everything(data.eval)[0].shape[0] == counts[1]


@pytest.mark.parametrize("name", ["MNIST", "CIFAR10", "EuroSAT", "VOCSegmentation"])
def test_it_says_what_it_wants(name, tmp_path):
    with pytest.raises(SpecError) as caught:
        load(name, root=str(tmp_path))
    (fault,) = caught.value.diagnostics
    assert fault.code == "AS554"
    assert "download: true" in fault.help
    assert any(VISION_SETS[name].files in note for note in fault.all_notes())


@pytest.mark.parametrize("name", [name for name in VISION_SETS if VISION_SETS[name].needs])
def test_a_package_that_is_not_there(name, tmp_path, monkeypatch):
    monkeypatch.setattr(vision, "find_spec", lambda package: None)
    with pytest.raises(SpecError) as caught:
        load(name, root=str(tmp_path))
    assert caught.value.diagnostics[0].code == "AS559"
    assert VISION_SETS[name].needs in caught.value.diagnostics[0].help


def faces(root, **fields):
    return Recipe(data=Named("CelebA", {"root": str(root)}), batch_size=3, epochs=2, **fields)


def attributes(outputs=3):
    return Fake(lambda: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, outputs)), (3, 20, 16))


@pytest.mark.parametrize(
    ("loss", "limit"),
    [("BCEWithLogitsLoss", 0), ("MultiLabelSoftMarginLoss", 0), ("SoftMarginLoss", 0), ("MSELoss", 0.5)],
)
def test_any_number_of_attributes_is_learnt(loss, limit, tmp_path, monkeypatch):
    """With the loss that torch computes of them, and each attribute measured by itself."""
    write("CelebA", tmp_path, monkeypatch)
    recipe = faces(tmp_path, loss=Named(loss))
    result = train(attributes(), recipe=recipe, out=tmp_path / "run", device="cpu", quiet=True)
    assert result.metric == "accuracy"
    data = load_data(Request(recipe, attributes().input_types))
    assert (data.task, data.classes) == ("multilabel", ("Bald", "Bangs", "Young"))
    images, wanted = everything(data.eval)
    with torch.no_grad():
        output = result.last_model()(images)
    assert wanted.tolist() == [[0, 1, 1], [1, 1, 1]]
    target = 2 * wanted - 1 if loss == "SoftMarginLoss" else wanted
    assert result.history[-1]["eval_loss"] == pytest.approx(float(getattr(nn, loss)()(output, target)), rel=1e-5)
    right = ((output > limit) == (wanted > 0.5)).float().mean()
    assert result.history[-1]["eval_accuracy"] == pytest.approx(float(right))


def test_pictures_are_asked_about_each_attribute(tmp_path, monkeypatch):
    write("CelebA", tmp_path, monkeypatch)
    spec = {"archspec": 1, "input": [3, 20, 16], "layers": {"flatten": "Flatten", "fc": {"Linear": 3}}}
    recipe = {"data": {"CelebA": {"root": str(tmp_path)}}, "loss": "BCEWithLogitsLoss", "epochs": 1}
    result = archspec.train({**spec, "train": recipe}, out=tmp_path / "run", device="cpu", quiet=True)
    path = tmp_path / "celeba" / "img_align_celeba" / "000007.jpg"
    (told,) = archspec.predict(result.folder, [path], device="cpu")
    architecture = archspec.load(result.folder / "spec.yaml")
    images, _ = everything(load_data(Request(architecture.recipe, architecture.input_types)).eval)
    with torch.no_grad():
        shares = result.model(images[:1]).sigmoid()[0]
    assert [dict(told.classes)[name] for name in ("Bald", "Bangs", "Young")] == pytest.approx(shares.tolist(), rel=1e-4)
    assert archspec.evaluate(result.folder, device="cpu")["accuracy"] == result.best


def test_the_margin_between_what_is_there_and_what_is_not(tmp_path, monkeypatch):
    write("CelebA", tmp_path, monkeypatch)
    recipe = faces(tmp_path, loss=Named("MultiLabelMarginLoss"))
    result = train(attributes(), recipe=recipe, out=tmp_path / "run", device="cpu", quiet=True)
    assert result.metric == "loss"
    images, _ = everything(load_data(Request(recipe, attributes().input_types)).eval)
    with torch.no_grad():
        output = result.last_model()(images)
    wanted = nn.MultiLabelMarginLoss()(output, torch.tensor([[1, 2, -1], [0, 1, 2]]))
    assert result.history[-1]["eval_loss"] == pytest.approx(float(wanted), rel=1e-5)


@pytest.mark.parametrize(
    ("outputs", "fields", "words"),
    [
        (3, {}, "`CrossEntropyLoss` is of one class per sample, and `CelebA` has any number of them"),
        (2, {"loss": Named("BCEWithLogitsLoss")}, "the model gives 2 classes, but `CelebA` has 3"),
        (
            3,
            {"loss": Named("BCEWithLogitsLoss"), "metrics": (Named("mean_iou"),)},
            "`mean_iou` is no metric of any number",
        ),
        (3, {"loss": Named("MultiLabelMarginLoss"), "metrics": (Named("accuracy"),)}, "`accuracy` is no metric of"),
    ],
)
def test_what_attributes_do_not_fit(outputs, fields, words, tmp_path, monkeypatch):
    write("CelebA", tmp_path, monkeypatch)
    fake = attributes(outputs)
    fake.output = "output"
    with pytest.raises(SpecError) as caught:
        train(fake, recipe=faces(tmp_path, **fields), out=tmp_path / "run", device="cpu", quiet=True)
    assert words in caught.value.diagnostics[0].message
    assert not (tmp_path / "run").exists()


def test_images_in_memory_are_as_torchvision_gives_them(tmp_path, monkeypatch):
    write("SVHN", tmp_path, monkeypatch)
    data = load("SVHN", (3, 32, 32), root=str(tmp_path))
    picture, label = written.datasets.SVHN(tmp_path, "test")[2]
    images, labels = everything(data.eval)
    assert torch.equal(images[2], as_floats(picture))
    assert labels[2] == label
    grey = load("SVHN", (1, 32, 32), root=str(tmp_path))
    assert everything(grey.eval)[0].shape == (4, 1, 32, 32)
    normal, _ = everything(load("SVHN", (3, 32, 32), train=(), root=str(tmp_path)).train)
    assert normal.shape == (8, 3, 32, 32)


def test_they_are_normalised_by_themselves(tmp_path, monkeypatch):
    write("MNIST", tmp_path, monkeypatch)
    recipe = Recipe(data=Named("MNIST", {"root": str(tmp_path)}))
    images, _ = everything(load_data(Request(recipe, {"input": TensorType((N, 784))})).train)
    assert images.shape == (8, 784)
    assert float(images.mean()) == pytest.approx(0, abs=1e-4)
    assert float(images.std()) == pytest.approx(1, abs=1e-3)


def test_masks_have_no_label_where_there_is_none(tmp_path, monkeypatch):
    write("VOCSegmentation", tmp_path, monkeypatch)
    flip = (Named("RandomHorizontalFlip", {"p": 1.0}), *PLAIN)
    plain, flipped = (load("VOCSegmentation", train=named, root=str(tmp_path)) for named in (PLAIN, flip))
    assert plain.has_unlabelled
    images, masks = everything(plain.train)
    wanted = torch.from_numpy(written.voc_mask()).long()
    assert torch.equal(masks[0], torch.where(wanted == 255, -100, wanted))
    turned, turned_masks = everything(flipped.train)
    assert torch.equal(turned, images.flip(-1))
    assert torch.equal(turned_masks, masks.flip(-1))
    write("Cityscapes", tmp_path, monkeypatch)
    streets = load("Cityscapes", root=str(tmp_path))
    assert (streets.classes[0], streets.classes[13]) == ("road", "car")
    assert everything(streets.train)[1][0][:, 0].tolist() == [13] * 5 + [0] * 12 + [-100] * 3
    write("OxfordIIITPet", tmp_path, monkeypatch)
    trimaps = load("OxfordIIITPet", root=str(tmp_path), target_types="segmentation")
    assert trimaps.classes == ("pet", "background", "border")
    assert everything(trimaps.train)[1].unique().tolist() == [0, 1, 2]


def test_outlines_of_coco(tmp_path):
    written.coco(tmp_path)
    places = {"root": "train", "annFile": "train.json", "eval_root": "val", "eval_annFile": "val.json"}
    arguments = {name: str(tmp_path / place) for name, place in places.items()}
    data = load("CocoDetection", **arguments)
    assert data.classes == ("background", "cat", "toothbrush")
    row = everything(data.train)[1][0][3].tolist()
    assert row == [1] * 6 + [-100] * 2 + [2] * 6 + [0] * 2
    (tmp_path / "val.json").write_text("{}")
    with pytest.raises(SpecError, match="no annotations as COCO has them"):
        load("CocoDetection", **arguments)
    with pytest.raises(SpecError, match="`eval_root` of `CocoDetection`"):
        load("CocoDetection", **{**arguments, "eval_root": str(tmp_path / "none")})


def test_fake_data_is_torchvision_s():
    data = load("FakeData", (3, 24, 32), size=6, eval_size=3, num_classes=4)
    images, labels = everything(data.eval)
    fake = written.datasets.FakeData(3, (3, 24, 32), 4, random_offset=6)
    assert torch.equal(images[1], as_floats(fake[1][0]))
    assert labels.tolist() == [int(fake[index][1]) for index in range(3)]
    assert len(data.train) == 6


def segmenter():
    return nn.Conv2d(3, 21, 1)


def run(tmp_path, name, fake, **fields):
    recipe = Recipe(data=Named(name, {"root": str(tmp_path)}), batch_size=2, epochs=1, **fields)
    return train(fake, recipe=recipe, out=tmp_path / "run", device="cpu", quiet=True)


def test_pixels_without_a_label_are_neither_learnt_nor_measured(tmp_path, monkeypatch, no_pictures):
    write("VOCSegmentation", tmp_path, monkeypatch)
    fake = Fake(segmenter, (3, 20, 16))
    loss = Named("CrossEntropyLoss", {"ignore_index": 255})  # as one writes it beside torchvision's masks
    result = run(tmp_path, "VOCSegmentation", fake, loss=loss)
    assert 0 < result.history[0]["eval_loss"] < 5
    assert 0 <= result.best <= 1
    with pytest.raises(SpecError) as caught:
        run(tmp_path / "other", "VOCSegmentation", fake, loss=Named("BCEWithLogitsLoss"))
    assert caught.value.diagnostics[0].code in ("AS512", "AS554")


def test_a_loss_that_needs_every_label(tmp_path, monkeypatch):
    write("VOCSegmentation", tmp_path, monkeypatch)
    with pytest.raises(SpecError) as caught:
        run(tmp_path, "VOCSegmentation", Fake(segmenter, (3, 20, 16)), loss=Named("BCEWithLogitsLoss"))
    (fault,) = caught.value.diagnostics
    assert fault.code == "AS512"
    assert "CrossEntropyLoss" in fault.help


def test_a_sample_that_is_damaged(tmp_path, monkeypatch):
    write("Food101", tmp_path, monkeypatch)
    path = tmp_path / "food-101/images/ants/image_0002.jpg"
    Image.new("RGB", (20, 16)).save(path)
    path.write_bytes(path.read_bytes()[:300])
    fake = Fake(lambda: nn.Sequential(nn.Flatten(), nn.Linear(960, 2)), (3, 20, 16))
    with pytest.raises(UsageError) as caught:
        run(tmp_path, "Food101", fake)
    assert caught.value.diagnostic.code == "AS557"
    assert "sample 1 of `Food101`" in caught.value.diagnostic.message
