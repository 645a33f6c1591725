"""Tiny data sets in the formats in which the real ones come, so that torchvision's own code reads them."""

from __future__ import annotations

import bz2
import hashlib
import json
import pickle
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torchvision import datasets

GENERATOR = np.random.default_rng(0)
CLASSES = ("ants", "bees")


def noise(*shape: int) -> np.ndarray:
    return GENERATOR.integers(0, 256, shape, dtype=np.uint8)


def picture(path: Path, size: tuple[int, int] = (20, 16)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(noise(*size, 3)).save(path)


def md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes()).hexdigest()


def idx(path: Path, array: np.ndarray, code: int = 8) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    head = bytes([0, 0, code, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    path.write_bytes(head + (array.astype(">i4") if code == 12 else array).tobytes())


def mnist(root: Path, name: str, prefix: str = "", phases: tuple[str, str] = ("train", "t10k")) -> None:
    for phase, count in zip(phases, (8, 4), strict=True):
        idx(root / name / "raw" / f"{prefix}{phase}-images-idx3-ubyte", noise(count, 28, 28))
        idx(root / name / "raw" / f"{prefix}{phase}-labels-idx1-ubyte", np.arange(count, dtype=np.uint8) % 5)


def emnist(root: Path) -> None:
    mnist(root, "EMNIST", "emnist-balanced-", ("train", "test"))


def qmnist(root: Path) -> None:
    for phase, count in (("train", 8), ("test", 4)):
        idx(root / "QMNIST" / "raw" / f"qmnist-{phase}-images-idx3-ubyte", noise(count, 28, 28))
        labels = np.zeros((count, 8), np.int32)
        labels[:, 0] = np.arange(count) % 5
        idx(root / "QMNIST" / "raw" / f"qmnist-{phase}-labels-idx2-int", labels, code=12)


def usps(root: Path) -> None:
    for name, count in (("usps.bz2", 8), ("usps.t.bz2", 4)):
        lines = []
        for number in range(count):
            values = " ".join(f"{place}:{value:.4f}" for place, value in enumerate(GENERATOR.uniform(-1, 1, 256), 1))
            lines.append(f"{number % 5 + 1} {values} \n")
        (root / name).write_bytes(bz2.compress("".join(lines).encode()))


def semeion(root: Path, patch) -> None:
    rows = [
        " ".join(["1.0000" if bit else "0.0000" for bit in GENERATOR.integers(0, 2, 256)])
        + " " + " ".join("1" if number % 5 == digit else "0" for digit in range(10)) + " \n"
        for number in range(15)
    ]  # fmt: skip
    (root / "semeion.data").write_text("".join(rows))
    patch.setattr(datasets.SEMEION, "md5_checksum", md5(root / "semeion.data"))


def cifar(root: Path, patch, kind) -> None:
    folder = root / kind.base_folder
    folder.mkdir(parents=True)
    key = "fine_labels" if kind is datasets.CIFAR100 else "labels"

    def written(name: str, data: object) -> list[str]:
        (folder / name).write_bytes(pickle.dumps(data))
        return [name, md5(folder / name)]

    lists = []
    for names in (kind.train_list, kind.test_list):
        batch = {"data": noise(4, 3072), key: [0, 1, 2, 3]}
        lists.append([written(name, batch) for name, _ in names])
    meta, labels = kind.meta["filename"], [f"class {number}" for number in range(5)]
    _, sum_of_meta = written(meta, {kind.meta["key"]: labels})
    patch.setattr(kind, "train_list", lists[0])
    patch.setattr(kind, "test_list", lists[1])
    patch.setattr(kind, "meta", {**kind.meta, "md5": sum_of_meta})


def svhn(root: Path, patch) -> None:
    import scipy.io

    split_list = dict(datasets.SVHN.split_list)
    for phase, count in (("train", 8), ("test", 4)):
        name = split_list[phase][1]
        scipy.io.savemat(root / name, {"X": noise(32, 32, 3, count), "y": np.arange(count)[:, None] % 10 + 1})
        split_list[phase] = [split_list[phase][0], name, md5(root / name)]
    patch.setattr(datasets.SVHN, "split_list", split_list)


def stl10(root: Path, patch) -> None:
    folder, lists = root / "stl10_binary", {}
    folder.mkdir()
    (folder / "class_names.txt").write_text("\n".join(f"kind{number}" for number in range(10)))
    (folder / "fold_indices.txt").write_text("0 1 2\n")
    for attribute in ("train_list", "test_list"):
        for name, _ in getattr(datasets.STL10, attribute):
            if name.endswith(".txt"):
                continue
            count = 4 if name.startswith("test") else 8
            (noise(count, 3, 96, 96) if "_X" in name else np.arange(count, dtype=np.uint8) % 5 + 1).tofile(
                folder / name
            )
        lists[attribute] = [[name, md5(folder / name)] for name, _ in getattr(datasets.STL10, attribute)]
        patch.setattr(datasets.STL10, attribute, lists[attribute])


def celeba(root: Path, patch) -> None:
    """Attribute k of picture i is there where bit k of i is set."""
    names = [f"{number:06d}.jpg" for number in range(1, 9)]
    for name in names:
        picture(root / "celeba" / "img_align_celeba" / name)
    has = [" ".join(str(2 * ((number >> bit) & 1) - 1) for bit in range(3)) for number in range(8)]
    attributes = [f"{name} {row}" for name, row in zip(names, has, strict=True)]
    rows = {
        "list_attr_celeba.txt": ["8", "Bald Bangs Young ", *attributes],
        "list_eval_partition.txt": [f"{name} {int(place >= 6)}" for place, name in enumerate(names)],
        "identity_CelebA.txt": [f"{name} 1" for name in names],
        "list_bbox_celeba.txt": ["8", "image_id x", *(f"{name} 1" for name in names)],
        "list_landmarks_align_celeba.txt": ["8", "x", *(f"{name} 1" for name in names)],
    }
    for file, lines in rows.items():
        (root / "celeba" / file).write_text("\n".join(lines) + "\n")
    patch.setattr(datasets.CelebA, "file_list", [("", md5(root / "celeba" / file), file) for file in rows])


def fer2013(root: Path, patch) -> None:
    rows = ["emotion,pixels,Usage"]
    for number in range(12):
        usage = "Training" if number < 8 else "PublicTest"
        rows.append(f"{number % 7},{' '.join(map(str, noise(48 * 48)))},{usage}")
    (root / "fer2013").mkdir()
    (root / "fer2013" / "fer2013.csv").write_text("\n".join(rows) + "\n")
    resources = {**datasets.FER2013._RESOURCES, "fer": ("fer2013.csv", md5(root / "fer2013" / "fer2013.csv"))}
    patch.setattr(datasets.FER2013, "_RESOURCES", resources)


def in_folders(
    root: Path, *folders: str, ending: str = "jpg", classes: tuple[str, ...] = CLASSES, each: int = 4
) -> None:
    for folder in folders:
        for name in classes:
            for number in range(1, each + 1):
                picture(root / folder / name / f"image_{number:04d}.{ending}")


def caltech101(root: Path) -> None:
    in_folders(root, "caltech101/101_ObjectCategories", classes=(*CLASSES, "BACKGROUND_Google"))


def caltech256(root: Path) -> None:
    for name in CLASSES:
        for number in range(1, 5):
            picture(root / "caltech256/256_ObjectCategories" / f"00{1 + CLASSES.index(name)}.{name}" /
                    f"00{1 + CLASSES.index(name)}_{number:04d}.jpg")  # fmt: skip


def sun397(root: Path) -> None:
    (root / "SUN397").mkdir()
    (root / "SUN397" / "ClassName.txt").write_text("/a/abbey\n/b/bakery/shop\n")
    for folder in ("a/abbey", "b/bakery/shop"):
        for number in range(4):
            picture(root / "SUN397" / folder / f"sun_{number}.jpg")


def dtd(root: Path) -> None:
    in_folders(root, "dtd/dtd/images")
    (root / "dtd/dtd/labels").mkdir()
    for phase, numbers in (("train", (1, 2, 3)), ("val", (4,))):
        lines = [f"{name}/image_{number:04d}.jpg\n" for name in CLASSES for number in numbers]
        (root / f"dtd/dtd/labels/{phase}1.txt").write_text("".join(lines))


def fgvc_aircraft(root: Path) -> None:
    data = root / "fgvc-aircraft-2013b" / "data"
    for number in range(8):
        picture(data / "images" / f"{number}.jpg")
    (data / "variants.txt").write_text("A300\nBoeing 737\n")
    for phase, numbers in (("trainval", range(6)), ("test", (6, 7))):
        lines = [f"{number} {('A300', 'Boeing 737')[number % 2]}\n" for number in numbers]
        (data / f"images_variant_{phase}.txt").write_text("".join(lines))


def food101(root: Path) -> None:
    in_folders(root, "food-101/images")
    (root / "food-101/meta").mkdir()
    for phase, numbers in (("train", (1, 2, 3)), ("test", (4,))):
        names = {name: [f"{name}/image_{number:04d}" for number in numbers] for name in CLASSES}
        (root / f"food-101/meta/{phase}.json").write_text(json.dumps(names))


def gtsrb(root: Path) -> None:
    in_folders(root, "gtsrb/GTSRB/Training", ending="ppm", classes=("00000", "00001"))
    for number in range(2):
        picture(root / "gtsrb/GTSRB/Final_Test/Images" / f"0000{number}.ppm")
    (root / "gtsrb/GT-final_test.csv").write_text("Filename;ClassId\n00000.ppm;1\n00001.ppm;0\n")


def flowers102(root: Path, patch) -> None:
    import scipy.io

    folder, files = root / "flowers-102", dict(datasets.Flowers102._file_dict)
    for number in range(1, 9):
        picture(folder / "jpg" / f"image_{number:05d}.jpg")
    scipy.io.savemat(folder / "imagelabels.mat", {"labels": np.arange(8)[None] % 2 + 1})
    scipy.io.savemat(
        folder / "setid.mat", {"trnid": np.arange(1, 7), "valid": np.arange(7, 9), "tstid": np.arange(7, 9)}
    )
    for key in ("label", "setid"):
        files[key] = (files[key][0], md5(folder / files[key][0]))
    patch.setattr(datasets.Flowers102, "_file_dict", files)


def stanford_cars(root: Path) -> None:
    import scipy.io

    folder = root / "stanford_cars"
    (folder / "devkit").mkdir(parents=True)
    names = np.array(["Audi A3", "BMW M3"], dtype=object)
    scipy.io.savemat(folder / "devkit" / "cars_meta.mat", {"class_names": names})
    for phase, count, place in (("train", 6, "devkit/cars_train_annos"), ("test", 2, "cars_test_annos_withlabels")):
        rows = np.zeros(count, dtype=[("fname", object), ("class", object)])
        for number in range(count):
            picture(folder / f"cars_{phase}" / f"{number}.jpg")
            rows[number] = (f"{number}.jpg", number % 2 + 1)
        scipy.io.savemat(folder / f"{place}.mat", {"annotations": rows})


def pcam(root: Path) -> None:
    import h5py

    (root / "pcam").mkdir()
    for phase, count in (("train", 6), ("valid", 2)):
        stem = root / "pcam" / f"camelyonpatch_level_2_split_{phase}"
        with h5py.File(f"{stem}_x.h5", "w") as file:
            file["x"] = noise(count, 96, 96, 3)
        with h5py.File(f"{stem}_y.h5", "w") as file:
            file["y"] = (np.arange(count) % 2).reshape(count, 1, 1, 1)


def places365(root: Path, patch) -> None:
    kind = datasets.Places365
    for folder in ("data_large_standard", "val_large"):
        for number in range(4):
            picture(root / folder / f"{number}.jpg")
    (root / "categories_places365.txt").write_text("/a/abbey 0\n/b/bakery 1\n")
    lists = dict(kind._FILE_LIST_META)
    for phase in ("train-standard", "val"):
        name = lists[phase][0]
        (root / name).write_text("".join(f"/{number}.jpg {number % 2}\n" for number in range(4)))
        lists[phase] = (name, md5(root / name))
    patch.setattr(kind, "_FILE_LIST_META", lists)
    patch.setattr(kind, "_CATEGORIES_META", ("categories_places365.txt", md5(root / "categories_places365.txt")))


def imagenet(root: Path) -> None:
    for phase in ("train", "val"):
        in_folders(root, phase, classes=("n01440764", "n01443537"), ending="JPEG")
    torch.save(({"n01440764": ("tench", "Tinca tinca"), "n01443537": ("goldfish",)}, []), root / "meta.bin")


def imagenette(root: Path) -> None:
    in_folders(root, "imagenette2/train", "imagenette2/val", ending="jpeg", classes=("n01440764", "n02102040"))


def pets(root: Path) -> None:
    folder = root / "oxford-iiit-pet"
    for phase, numbers in (("trainval", (1, 2, 3)), ("test", (4,))):
        lines = []
        for place, name in enumerate(("Abyssinian", "Beagle"), 1):
            for number in numbers:
                picture(folder / "images" / f"{name}_{number}.jpg")
                trimap(folder / "annotations/trimaps" / f"{name}_{number}.png")
                lines.append(f"{name}_{number} {place} {place} 1\n")
        (folder / "annotations" / f"{phase}.txt").write_text("".join(lines))


def trimap(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.full((20, 16), 2, np.uint8)
    values[5:15, 4:12] = 3
    values[7:13, 6:10] = 1
    Image.fromarray(values).save(path)


def voc_mask() -> np.ndarray:
    """A cat (8) with an edge without a label on background."""
    values = np.zeros((20, 16), np.uint8)
    values[5:15, 4:12] = 255
    values[7:13, 6:10] = 8
    return values


def voc(root: Path) -> None:
    folder = root / "VOCdevkit/VOC2012"
    for sub in ("SegmentationClass", "ImageSets/Segmentation"):
        (folder / sub).mkdir(parents=True)
    for phase, count in (("train", 4), ("val", 2)):
        names = [f"{phase}_{number}" for number in range(count)]
        (folder / f"ImageSets/Segmentation/{phase}.txt").write_text("\n".join(names) + "\n")
        for name in names:
            picture(folder / "JPEGImages" / f"{name}.jpg")
            mask = Image.fromarray(voc_mask()).convert("P")
            mask.putpalette([value for number in range(256) for value in (number, 255 - number, 7)])
            mask.save(folder / "SegmentationClass" / f"{name}.png")


def sbd(root: Path) -> None:
    import scipy.io

    for phase, count in (("train", 4), ("val", 2)):
        names = [f"{phase}_{number}" for number in range(count)]
        (root / f"{phase}.txt").write_text("\n".join(names) + "\n")
        for name in names:
            picture(root / "img" / f"{name}.jpg")
            (root / "cls").mkdir(exist_ok=True)
            scipy.io.savemat(root / "cls" / f"{name}.mat", {"GTcls": {"Segmentation": voc_mask(), "Boundaries": 0}})


def cityscapes(root: Path) -> None:
    for phase, count in (("train", 4), ("val", 2)):
        for number in range(count):
            stem = f"aachen_{number:06d}_000019"
            picture(root / "leftImg8bit" / phase / "aachen" / f"{stem}_leftImg8bit.png")
            labels = np.full((20, 16), 7, np.uint8)  # road, whose train id is 0
            labels[:5] = 26  # car, 13
            labels[-3:] = 1  # the own car, which is not measured
            target = root / "gtFine" / phase / "aachen" / f"{stem}_gtFine_labelIds.png"
            target.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(labels).save(target)


def coco(root: Path) -> None:
    for phase, count in (("train", 4), ("val", 2)):
        images, annotations = [], []
        for number in range(count):
            picture(root / phase / f"{number}.jpg")
            images.append({"id": number, "file_name": f"{number}.jpg", "height": 20, "width": 16})
            for place, (category, left) in enumerate(((17, 0), (90, 6))):
                box = [left, 0, left + 8, 0, left + 8, 10, left, 10]
                annotations.append({
                    "id": 10 * number + place + 1, "image_id": number, "category_id": category, "iscrowd": 0,
                    "segmentation": [box], "area": 80, "bbox": [left, 0, 8, 10],
                })  # fmt: skip
        categories = [{"id": 90, "name": "toothbrush"}, {"id": 17, "name": "cat"}]
        content = {"images": images, "annotations": annotations, "categories": categories}
        (root / f"{phase}.json").write_text(json.dumps(content))


def clevr(root: Path) -> None:
    folder = root / "clevr" / "CLEVR_v1.0"
    (folder / "scenes").mkdir(parents=True)
    for phase, count in (("train", 6), ("val", 2)):
        names = [f"CLEVR_{phase}_{number:06d}.png" for number in range(count)]
        for name in names:
            picture(folder / "images" / phase / name)
        scenes = [{"image_filename": name, "objects": [{}] * (3 + number)} for number, name in enumerate(names)]
        (folder / "scenes" / f"CLEVR_{phase}_scenes.json").write_text(json.dumps({"scenes": scenes}))


def inaturalist(root: Path) -> None:
    names = [f"0000{number}_a_b_c_d_e_f_{name}" for number, name in enumerate(CLASSES)]
    in_folders(root, "2021_train_mini", "2021_valid", classes=tuple(names))


def lfw(root: Path, patch) -> None:
    folder, kind = root / "lfw-py", datasets.LFWPeople
    for name, count in (("Ada_Byron", 5), ("Alan_Turing", 3)):
        for number in range(1, count + 1):
            picture(folder / "lfw_funneled" / name / f"{name}_{number:04d}.jpg")
    (folder / "lfw-funneled.tgz").write_bytes(b"as it was fetched")
    (folder / "lfw-names.txt").write_text("Ada_Byron\t5\nAlan_Turing\t3\n")
    (folder / "people.txt").write_text("2\n1\nAda_Byron\t5\n1\nAlan_Turing\t3\n")
    sums = {name: md5(folder / name) for name in ("lfw-names.txt", "people.txt")}
    archive = ("lfw_funneled", "lfw-funneled.tgz", md5(folder / "lfw-funneled.tgz"))
    patch.setattr(kind, "checksums", {**kind.checksums, **sums})
    patch.setattr(kind, "file_dict", {**kind.file_dict, "funneled": archive})


def omniglot(root: Path, patch) -> None:
    folder = root / "omniglot-py"
    in_folders(folder / "images_background", "Braille", "Greek", ending="png", classes=("character01", "character02"))
    (folder / "images_background.zip").write_bytes(b"as it was fetched")
    sums = {**datasets.Omniglot.zips_md5, "images_background": md5(folder / "images_background.zip")}
    patch.setattr(datasets.Omniglot, "zips_md5", sums)
