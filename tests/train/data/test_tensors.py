"""Arrays of one's own, from each kind of file, and every way in which they can be wrong."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import archspec
from archspec.errors import SpecError
from archspec.spec.recipe import Named, OutputLoss, Recipe, Transforms
from archspec.tensors import N, TensorType
from archspec.train.data.registry import load_data
from archspec.train.data.request import Request

CPU = torch.device("cpu")
X, Y = np.random.default_rng(0).standard_normal((10, 3)), np.arange(10) % 2
IMAGES = np.random.default_rng(1).integers(0, 256, (10, 3, 6, 6), dtype=np.uint8)


def load(inputs=(("input", (3,), "float32"),), fields=None, **arguments):
    recipe = Recipe(data=Named("tensors", arguments), **(fields or {}))
    return load_data(Request(recipe, {name: TensorType((N, *shape), dtype) for name, shape, dtype in inputs}))


def fault(**arguments):
    with pytest.raises(SpecError) as caught:
        load(**arguments)
    (diagnostic,) = caught.value.diagnostics
    return diagnostic


def everything(samples):
    (batch,) = samples.batches(torch.arange(len(samples)), len(samples), 1, CPU)
    return batch


def saved(path, **arrays):
    if path.suffix == ".npz":
        np.savez(path, **arrays)
    elif path.suffix == ".safetensors":
        save_file({name: torch.from_numpy(array) for name, array in arrays.items()}, path)
    else:
        torch.save({name: torch.from_numpy(array) for name, array in arrays.items()}, path)
    return str(path)


@pytest.mark.parametrize("suffix", [".npz", ".pt", ".safetensors"])
def test_files(tmp_path, suffix):
    path = saved(tmp_path / f"data{suffix}", x=X, labels=Y)
    data = load(train=path, eval=path)
    assert (data.task, data.classes, len(data.train), len(data.eval)) == ("classification", ("0", "1"), 10, 10)
    batch = everything(data.train)
    assert torch.equal(batch.inputs[0], torch.from_numpy(X).float())
    assert torch.equal(batch.target, torch.from_numpy(Y))
    assert len(load(train=path, classes=7).classes) == 7
    part = load(train=path, eval_fraction=0.4)
    assert sorted(everything(part.eval).target.tolist()) == [0, 0, 1, 1]


def test_what_is_learnt_is_told_by_the_target(tmp_path):
    def task(target):
        return load(train=saved(tmp_path / "data.npz", x=X, y=target)).task

    assert task(Y) == "classification"
    assert task(X) == "regression"
    assert task(np.stack([Y, Y], 1)) == "sequence"
    inputs = (("image", (3, 6, 6), "float32"),)
    path = saved(tmp_path / "images.npz", image=IMAGES, mask=np.broadcast_to(Y[:, None, None], (10, 6, 6)))
    assert load(inputs, train=path).task == "segmentation"
    loss = {"losses": {"output": OutputLoss(Named("MSELoss"), target="image")}}
    assert load(inputs, loss, train=path).task == "regression"


def test_images_in_bytes_are_images(tmp_path):
    path = saved(tmp_path / "images.npz", image=IMAGES, y=Y)
    flip = Transforms(train=(Named("RandomHorizontalFlip", {"p": 1.0}),))
    plain, flipped = (
        load((("image", (3, 6, 6), "float32"),), {"transforms": t}, train=path, eval=path) for t in (Transforms(), flip)
    )
    images = everything(plain.train).inputs[0]
    assert images.mean((0, 2, 3)).tolist() == pytest.approx([0, 0, 0], abs=1e-4)
    assert torch.equal(everything(flipped.train).inputs[0], images.flip(-1))
    assert everything(
        load((("x", (1, 4, 4), "float32"),), train=saved(tmp_path / "g.npz", x=IMAGES[:, 0], y=Y)).train
    ).inputs[0].shape[1:] == (1, 4, 4)


def test_several_inputs(tmp_path):
    path = saved(tmp_path / "data.npz", right=X, left=X + 1, y=Y)
    data = load((("left", (3,), "float32"), ("right", (3,), "float32")), train=path, eval=path)
    left, right = everything(data.train).inputs
    assert torch.equal(left, torch.from_numpy(X + 1).float())
    assert torch.equal(right, torch.from_numpy(X).float())
    with pytest.raises(SpecError, match="no array for the model's input `other`"):
        load((("left", (3,), "float32"), ("other", (3,), "float32")), train=path)


class Evil:
    def __reduce__(self):
        return (print, ("code was run",))


def test_files_that_cannot_be_used(tmp_path, capsys):
    assert fault(train=str(tmp_path / "none.npz")).code == "AS554"
    for name in ("a.npz", "a.pt", "a.safetensors", "a.csv"):
        (tmp_path / name).write_bytes(b"nothing")
        assert "holds no arrays that can be read" in fault(train=str(tmp_path / name)).message
    torch.save({"x": Evil()}, tmp_path / "evil.pt")
    np.savez(tmp_path / "evil.npz", x=np.array([Evil()], dtype=object))
    for name in ("evil.pt", "evil.npz"):
        assert fault(train=str(tmp_path / name)).code == "AS554"
    assert "code was run" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arrays", "arguments", "code", "words"),
    [
        ({"x": X, "y": Y[:4]}, {}, "AS553", "different numbers of samples"),
        ({"x": X[:, :2], "y": Y}, {}, "AS552", "is [2], but the model's `input` is [N, 3]"),
        ({"x": X, "y": Y - 1}, {}, "AS553", "go from -1 to 0"),
        ({"x": X, "y": Y}, {"classes": 1}, "AS553", "and `classes` says 1"),
        ({"a": X, "b": Y}, {}, "AS552", "it has `a`, `b`"),
        ({"x": X[:1], "y": Y[:1]}, {}, "AS553", "nothing can be left"),
    ],
)
def test_arrays_that_do_not_fit(tmp_path, arrays, arguments, code, words):
    diagnostic = fault(train=saved(tmp_path / "data.npz", **arrays), **arguments)
    assert diagnostic.code == code
    assert words in diagnostic.message


def test_transforms_are_for_images(tmp_path):
    fields = {"transforms": Transforms(train=(Named("RandomHorizontalFlip"),))}
    assert fault(train=saved(tmp_path / "data.npz", x=X, y=Y), fields=fields).code == "AS512"


def test_very_many_classes_have_no_confusion_matrix(tmp_path):
    path = saved(tmp_path / "data.npz", x=X.astype(np.float32), y=Y * 4999)
    spec = f"""archspec: 1
input: [3]
layers: {{fc: {{Linear: 5000}}}}
train: {{data: {{tensors: {{train: {path}, eval: {path}}}}}, epochs: 40, optimizer: {{Adam: {{lr: 0.1}}}}}}
"""
    result = archspec.train(spec, out=tmp_path / "run", device="cpu", quiet=True)
    with torch.no_grad():
        said = result.model(torch.from_numpy(X).float()).argmax(1)
    assert result.best == pytest.approx(float((said == torch.from_numpy(Y * 4999)).float().mean()))
    assert not (result.folder / "confusion.png").exists()
    with pytest.raises(SpecError, match="more than 4,096 classes"):
        archspec.train(spec, set=["train.metrics=[dice]"], out=tmp_path / "other", device="cpu", quiet=True)
