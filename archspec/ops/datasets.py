"""The data sets that a recipe may name: our own, and those of torchvision that load from local files."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.ops.called import Argument, Signature

_ROOT = Argument("root", ("str",), required=True)
_DOWNLOAD = Argument("download", ("bool",), False)
_WORKERS = Argument("workers", ("int", "null"), None)
_SPLIT = (Argument("eval_fraction", ("float", "int"), 0.2), Argument("seed", ("int",), 0))

OWN: tuple[Signature, ...] = (
    Signature(
        "tensors",
        "Arrays from a .npz, .pt or .safetensors file, named as the model's inputs, and what is right as `target`.",
        (
            Argument("train", ("str",), required=True),
            Argument("eval", ("str", "null"), None),
            Argument("classes", ("int", "null"), None),
            *_SPLIT,
        ),
    ),
    Signature("given", "Data that Python hands over: `archspec.train(…, data=…)`.", _SPLIT),
    Signature("digits", "1,797 real 8×8 images of handwritten digits (UCI), resized as the spec's input asks."),
    Signature(
        "digits_segmentation",
        "Real handwritten digits at random places and scales on a noisy canvas, with exact masks.",
        (
            Argument("samples", ("int",), 800),
            Argument("eval_samples", ("int",), 200),
            Argument("digits_per_image", ("int",), 3),
            Argument("classes", ("int",), 2),
            Argument("seed", ("int",), 0),
        ),
    ),
    Signature(
        "ImageFolder",
        "Images on disk, one folder per class, under `train/` and `val/` (or `test/`), or split by a seed.",
        (_ROOT, *_SPLIT, _WORKERS),
    ),
    Signature(
        "FakeData",
        "Random images of the spec's size with random classes, to try a model or its speed (torchvision).",
        (
            Argument("size", ("int",), 1000),
            Argument("eval_size", ("int",), 200),
            Argument("num_classes", ("int",), 10),
            _WORKERS,
        ),
    ),
)

_IN_MEMORY: dict[str, str] = {
    "MNIST": "70,000 28×28 images of handwritten digits.",
    "FashionMNIST": "70,000 28×28 images of clothes in 10 classes.",
    "KMNIST": "70,000 28×28 images of Japanese characters in 10 classes.",
    "QMNIST": "120,000 28×28 images of handwritten digits, MNIST's and its lost test images.",
    "USPS": "9,298 16×16 images of handwritten digits.",
    "CIFAR10": "60,000 32×32 colour images in 10 classes.",
    "CIFAR100": "60,000 32×32 colour images in 100 classes.",
    "SVHN": "99,289 32×32 colour images of house numbers' digits (needs scipy).",
    "STL10": "13,000 labelled 96×96 colour images in 10 classes.",
}
_FILES: dict[str, str] = {
    "CelebA": "202,599 photographs of faces, with 40 attributes of which each has any number.",
    "CLEVRClassification": "85,000 rendered scenes, by the number of things in them.",
    "Country211": "Photographs by country.",
    "Flowers102": "8,189 photographs of flowers in 102 classes (needs scipy).",
    "Food101": "101,000 photographs of dishes in 101 classes.",
    "GTSRB": "51,839 photographs of German traffic signs in 43 classes.",
    "PCAM": "327,680 96×96 images of tissue, with or without metastases (needs h5py).",
    "RenderedSST2": "9,613 rendered sentences, positive or negative.",
}
_UNDIVIDED: dict[str, str] = {
    "Caltech101": "9,146 photographs in 101 classes, split by a seed.",
    "Caltech256": "30,607 photographs in 257 classes, split by a seed.",
    "Omniglot": "19,280 handwritten characters in 964 classes (the background set), split by a seed.",
    "EuroSAT": "27,000 64×64 satellite images in 10 classes, split by a seed.",
    "SEMEION": "1,593 16×16 images of handwritten digits, split by a seed.",
    "SUN397": "108,754 photographs of scenes in 397 classes, split by a seed.",
}
_NOT_DOWNLOADED: dict[str, str] = {
    "FER2013": "35,887 48×48 grey images of faces in 7 moods.",
    "StanfordCars": "16,185 photographs of cars in 196 classes (needs scipy).",
    "ImageNet": "1.3 million photographs in 1,000 classes, from the archives that you have fetched.",
}
_SPECIAL: tuple[Signature, ...] = (
    Signature(
        "EMNIST",
        "28×28 images of handwritten letters and digits, in one of several splits.",
        (
            _ROOT,
            Argument(
                "split",
                ("str",),
                required=True,
                choices=("byclass", "bymerge", "balanced", "letters", "digits", "mnist"),
            ),
            _DOWNLOAD,
        ),
    ),
    Signature(
        "INaturalist",
        "Photographs of 10,000 species (2021).",
        (
            _ROOT,
            Argument("version", ("str",), "2021_train", choices=("2021_train", "2021_train_mini")),
            _DOWNLOAD,
            _WORKERS,
        ),
    ),
    Signature(
        "LFWPeople",
        "13,233 photographs of 5,749 faces, split by a seed.",
        (
            _ROOT,
            Argument("image_set", ("str",), "funneled", choices=("original", "funneled", "deepfunneled")),
            *_SPLIT,
            _WORKERS,
        ),
    ),
    Signature(
        "DTD",
        "5,640 images of textures in 47 classes.",
        (_ROOT, Argument("partition", ("int",), 1), _DOWNLOAD, _WORKERS),
    ),
    Signature(
        "FGVCAircraft",
        "10,000 photographs of aircraft.",
        (
            _ROOT,
            Argument("annotation_level", ("str",), "variant", choices=("variant", "family", "manufacturer")),
            _DOWNLOAD,
            _WORKERS,
        ),
    ),
    Signature(
        "Imagenette",
        "13,394 photographs in 10 easy classes of ImageNet.",
        (_ROOT, Argument("size", ("str",), "full", choices=("full", "320px", "160px")), _DOWNLOAD, _WORKERS),
    ),
    Signature(
        "Places365",
        "1.8 million photographs of 365 places.",
        (_ROOT, Argument("small", ("bool",), False), _DOWNLOAD, _WORKERS),
    ),
    Signature(
        "OxfordIIITPet",
        "7,349 photographs of pets: their 37 breeds, or masks of pet, background and border.",
        (
            _ROOT,
            Argument("target_types", ("str",), "category", choices=("category", "segmentation")),
            _DOWNLOAD,
            _WORKERS,
        ),
    ),
    Signature(
        "VOCSegmentation",
        "Pascal VOC: photographs with masks of 20 kinds of things.",
        (
            _ROOT,
            Argument("year", ("str",), "2012", choices=tuple(str(year) for year in range(2007, 2013))),
            _DOWNLOAD,
            _WORKERS,
        ),
    ),
    Signature(
        "SBDataset",
        "Photographs of Pascal VOC with the masks of the Semantic Boundaries Dataset (needs scipy).",
        (_ROOT, _DOWNLOAD, _WORKERS),
    ),
    Signature(
        "Cityscapes",
        "Street scenes with masks of 19 kinds of things.",
        (_ROOT, Argument("mode", ("str",), "fine", choices=("fine", "coarse")), _WORKERS),
    ),
    Signature(
        "CocoDetection",
        "Photographs with masks of kinds of things, from COCO's outlines (needs pycocotools).",
        (
            _ROOT,
            Argument("annFile", ("str",), required=True),
            Argument("eval_root", ("str",), required=True),
            Argument("eval_annFile", ("str",), required=True),
            _WORKERS,
        ),
    ),
)


def _of_torchvision() -> Iterator[Signature]:
    for name, doc in _IN_MEMORY.items():
        yield Signature(name, doc, (_ROOT, _DOWNLOAD))
    for name, doc in _FILES.items():
        yield Signature(name, doc, (_ROOT, _DOWNLOAD, _WORKERS))
    for name, doc in _UNDIVIDED.items():
        workers = () if name == "SEMEION" else (_WORKERS,)
        yield Signature(name, doc, (_ROOT, _DOWNLOAD, *_SPLIT, *workers))
    for name, doc in _NOT_DOWNLOADED.items():
        yield Signature(name, doc, (_ROOT, _WORKERS))
    yield from _SPECIAL


DATASETS: tuple[Signature, ...] = (*OWN, *sorted(_of_torchvision(), key=lambda each: each.name))
