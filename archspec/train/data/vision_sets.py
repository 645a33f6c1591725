"""How each data set of torchvision is cut into what is learnt from and what is measured on, and what its files are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from archspec.train.data.images import Task

DIGITS = tuple("0123456789")
_VOC = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable",
    "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip
_FACES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
_STL10 = ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")


@dataclass(frozen=True, slots=True)
class VisionSet:
    """Attributes:
    files: what `root` holds, for messages.
    train: torchvision's arguments for what is learnt from.
    eval: for what is measured on; None: a part of `train` that is chosen by a seed.
    classes: their names, where torchvision does not tell them.
    fixed: torchvision's arguments for both.
    in_memory: torchvision holds all of it in memory, in `data`.
    task: one class per image, or one per pixel.
    needs: another package that torchvision reads it with.
    """

    files: str
    train: Mapping[str, Any] = field(default_factory=dict)
    eval: Mapping[str, Any] | None = None
    classes: tuple[str, ...] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict)
    in_memory: bool = False
    task: Task = "classification"
    needs: str | None = None


def _by_flag(files: str, **more: Any) -> VisionSet:
    return VisionSet(files, {"train": True}, {"train": False}, in_memory=True, **more)


def _by_split(files: str, evaluation: str = "test", train: str = "train", **more: Any) -> VisionSet:
    return VisionSet(files, {"split": train}, {"split": evaluation}, **more)


def _like_mnist(name: str) -> VisionSet:
    return _by_flag(f"{name}/raw/train-images-idx3-ubyte, train-labels-…, t10k-images-… and t10k-labels-…")


VISION_SETS: Mapping[str, VisionSet] = {
    **{name: _like_mnist(name) for name in ("MNIST", "FashionMNIST", "KMNIST")},
    "QMNIST": VisionSet(
        "QMNIST/raw/qmnist-train-images-idx3-ubyte, qmnist-train-labels-idx2-int and qmnist-test-…",
        {"what": "train"},
        {"what": "test"},
        in_memory=True,
    ),
    "EMNIST": _by_flag("EMNIST/raw/emnist-<split>-train-images-idx3-ubyte, …-labels-… and emnist-<split>-test-…"),
    "USPS": _by_flag("usps.bz2 and usps.t.bz2", classes=DIGITS),
    "SEMEION": VisionSet("semeion.data", classes=DIGITS, in_memory=True),
    "CIFAR10": _by_flag("cifar-10-batches-py/data_batch_1 … data_batch_5, test_batch and batches.meta"),
    "CIFAR100": _by_flag("cifar-100-python/train, test and meta"),
    "SVHN": _by_split("train_32x32.mat and test_32x32.mat", classes=DIGITS, in_memory=True, needs="scipy"),
    "STL10": _by_split("stl10_binary/train_X.bin, train_y.bin, test_X.bin, …", classes=_STL10, in_memory=True),
    "FER2013": _by_split("fer2013/fer2013.csv or icml_face_data.csv", classes=_FACES),
    "Caltech101": VisionSet("caltech101/101_ObjectCategories/<class>/…"),
    "Caltech256": VisionSet("caltech256/256_ObjectCategories/<class>/…"),
    "EuroSAT": VisionSet("eurosat/2750/<class>/…"),
    "SUN397": VisionSet("SUN397/ClassName.txt and SUN397/<letter>/<class>/…"),
    "CLEVRClassification": _by_split(
        "clevr/CLEVR_v1.0/images/train/…, images/val/… and scenes/CLEVR_train_scenes.json, CLEVR_val_scenes.json",
        "val",
        classes=tuple(str(number) for number in range(11)),
    ),
    "INaturalist": VisionSet("2021_train/<species>/… and 2021_valid/<species>/…", {}, {"version": "2021_valid"}),
    "LFWPeople": VisionSet("lfw-py/lfw-funneled.tgz, lfw_funneled/<name>/…, people.txt and lfw-names.txt"),
    "Omniglot": VisionSet("omniglot-py/images_background.zip and images_background/<alphabet>/<character>/…"),
    "CelebA": _by_split(
        "celeba/img_align_celeba/….jpg, list_attr_celeba.txt, list_eval_partition.txt and its other lists",
        "valid",
        task="multilabel",
    ),
    "Country211": _by_split("country211/train/<class>/…, valid and test", "valid"),
    "DTD": _by_split("dtd/dtd/images/<class>/… and dtd/dtd/labels/train1.txt, val1.txt, test1.txt", "val"),
    "FGVCAircraft": _by_split("fgvc-aircraft-2013b/data/images/… and its lists", train="trainval"),
    "Flowers102": _by_split("flowers-102/jpg/…, imagelabels.mat and setid.mat", "val", needs="scipy"),
    "Food101": _by_split("food-101/images/<class>/… and food-101/meta/train.json, test.json"),
    "GTSRB": _by_split(
        "gtsrb/GTSRB/Training/<class>/…, gtsrb/GTSRB/Final_Test/Images/… and gtsrb/GT-final_test.csv",
        classes=tuple(str(number) for number in range(43)),
    ),
    "ImageNet": _by_split("ILSVRC2012_devkit_t12.tar.gz, ILSVRC2012_img_train.tar and ILSVRC2012_img_val.tar", "val"),
    "Imagenette": _by_split("imagenette2/train/<class>/… and imagenette2/val/<class>/…", "val"),
    "PCAM": _by_split("pcam/camelyonpatch_level_2_split_train_x.h5, …", "val", classes=("0", "1"), needs="h5py"),
    "Places365": _by_split("data_256/…, val_256/… and its lists", "val", "train-standard"),
    "RenderedSST2": _by_split("rendered-sst2/train/<class>/…, valid and test", "val"),
    "StanfordCars": _by_split("stanford_cars/cars_train/…, cars_test/… and devkit/…", needs="scipy"),
    "OxfordIIITPet": _by_split("oxford-iiit-pet/images/….jpg and oxford-iiit-pet/annotations/…", train="trainval"),
    "VOCSegmentation": VisionSet(
        "VOCdevkit/VOC2012/JPEGImages, SegmentationClass and ImageSets/Segmentation/train.txt, val.txt",
        {"image_set": "train"},
        {"image_set": "val"},
        classes=_VOC,
        task="segmentation",
    ),
    "SBDataset": VisionSet(
        "img/….jpg, cls/….mat, train.txt and val.txt",
        {"image_set": "train"},
        {"image_set": "val"},
        classes=_VOC,
        fixed={"mode": "segmentation"},
        task="segmentation",
        needs="scipy",
    ),
    "Cityscapes": _by_split(
        "leftImg8bit/train/<city>/…, leftImg8bit/val/…, gtFine/train/… and gtFine/val/…",
        "val",
        fixed={"target_type": "semantic"},
        task="segmentation",
    ),
}
