"""Modules of a caller's own, on data of a caller's own: as a loop written by hand, and kept as a spec's run is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset, TensorDataset

import archspec
from archspec.errors import SpecError, UsageError
from archspec.train.seeds import derive, order
from tests.train.interrupted import stopped

SGD = {"optimizer": {"SGD": {"lr": 0.1, "momentum": 0.9}}, "batch_size": 16, "epochs": 3, "seed": 5}


class Net(nn.Module):
    def __init__(self, classes: int = 3, dropout: float = 0.3) -> None:
        super().__init__()
        self.hidden, self.norm = nn.Linear(6, 24), nn.BatchNorm1d(24)
        self.drop, self.fc = nn.Dropout(dropout), nn.Linear(24, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.drop(functional.relu(self.norm(self.hidden(x)))))


class Rows(Dataset):
    """The same arrays, sample by sample."""

    classes = ("a", "b", "c")

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        return self.x[index], int(self.y[index])


def arrays(count: int, seed: int):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, 6, generator=generator)
    return x, (x[:, 0] > 0).long() + (x[:, 1] > 0.5).long()


TRAIN, EVAL = arrays(100, 1), arrays(40, 2)


def net(**arguments) -> Net:
    torch.manual_seed(3)
    return Net(**arguments)


def train(module, data, out, recipe=SGD, **rest):
    recipe = None if recipe is None else {"archspec": 1, **recipe}
    return archspec.train(module, data, recipe=recipe, out=out, device="cpu", quiet=True, **rest)


def by_hand(module: nn.Module) -> list[float]:
    """What anybody would write; the mean loss of each epoch."""
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.9)
    losses = []
    for epoch in (1, 2, 3):
        module.train()
        torch.manual_seed(derive(5, epoch))
        total = 0.0
        for chosen in order(100, 5, epoch).split(16):
            optimizer.zero_grad()
            loss = functional.cross_entropy(module(TRAIN[0][chosen]), TRAIN[1][chosen])
            loss.backward()
            optimizer.step()
            total += float(loss.detach()) * len(chosen)
        losses.append(total / 100)
    return losses


@pytest.mark.parametrize(
    "data",
    [
        (TRAIN, EVAL),
        (TensorDataset(*TRAIN), TensorDataset(*EVAL)),
        (Rows(*TRAIN), Rows(*EVAL)),
        {"train": tuple(each.numpy() for each in TRAIN), "eval": EVAL, "classes": ["a", "b", "c"]},
        ((TRAIN[0].double().numpy(), TRAIN[1]), EVAL),
        {"train": ({"x": TRAIN[0]}, TRAIN[1]), "eval": EVAL},
    ],
    ids=["tensors", "tensor data sets", "data sets", "named", "other types", "inputs by name"],
)
def test_same_bits_as_a_loop_written_by_hand(tmp_path: Path, no_pictures: None, data) -> None:
    module, hand = net(), net()
    losses = by_hand(hand)
    result = train(module, data, tmp_path / "run")
    assert result.model is module
    last = result.last_model().state_dict()
    assert all(torch.equal(last[name], each) for name, each in hand.state_dict().items())
    assert [row["train_loss"] for row in result.history] == pytest.approx(losses, rel=1e-6)
    with torch.no_grad():
        hand.load_state_dict(load_file(tmp_path / "run" / "best.safetensors"))
        right = (hand.eval()(EVAL[0]).argmax(1) == EVAL[1]).float().mean()
    assert result.best == pytest.approx(float(right))


def test_the_try_before_training_leaves_module_and_generators_as_they_are(tmp_path: Path) -> None:
    module = net().eval()
    before = {name: each.clone() for name, each in module.state_dict().items()}
    state = torch.get_rng_state()
    prepared = archspec.prepare(module, (TRAIN, EVAL), device="cpu")
    assert torch.equal(torch.get_rng_state(), state)
    assert not module.training
    assert prepared.model is module
    assert all(torch.equal(before[name], each) for name, each in module.state_dict().items())
    assert prepared.measure()["accuracy"] >= 0


def test_gone_on_with_to_the_same_bits(tmp_path: Path, no_pictures: None, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = train(net(), (TRAIN, EVAL), tmp_path / "whole")

    def start(fake, **rest):  # as `stopped` calls it
        return train(fake, (TRAIN, EVAL), **rest)

    monkeypatch.setattr("tests.train.interrupted.train", lambda fake, device, quiet, out: start(fake, out=out))
    stopped(monkeypatch, 9, net(), out=tmp_path / "cut")
    torch.manual_seed(99)
    result = archspec.train(
        Net(), (TRAIN, EVAL), recipe={"archspec": 1, **SGD}, resume=tmp_path / "cut", device="cpu", quiet=True
    )
    one, other = (each.last_model().state_dict() for each in (whole, result))
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert [row["train_loss"] for row in whole.history] == [row["train_loss"] for row in result.history]


def test_another_module_is_told_by_a_diff(tmp_path: Path, no_pictures: None) -> None:
    train(net(), (TRAIN, EVAL), tmp_path / "run")

    def fault(module, **rest):
        with pytest.raises(UsageError) as caught:
            archspec.train(
                module, (TRAIN, EVAL), recipe={"archspec": 1, **SGD}, resume=tmp_path / "run", device="cpu", quiet=True
            )
        return caught.value.diagnostic

    class Other(Net):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(24, 3, bias=False)
            self.drop = nn.Identity()

    told = fault(Other())
    assert told.code == "AS610"
    lines = "\n".join(told.notes)
    assert "-  drop: Dropout" in lines
    assert "+  drop: Identity" in lines
    assert "-  fc.bias: float32 [3]" in lines
    assert "fc.weight" not in lines.replace("   fc.weight", "")
    frozen = net()
    frozen.hidden.weight.requires_grad_(False)
    assert "+  hidden.weight: float32 [24, 6], frozen" in "\n".join(fault(frozen).notes)


def test_other_data_is_told(tmp_path: Path, no_pictures: None) -> None:
    train(net(), (TRAIN, EVAL), tmp_path / "run")
    with pytest.raises(UsageError) as caught:
        train(net(), (arrays(100, 7), EVAL), None, resume=tmp_path / "run")
    assert caught.value.diagnostic.code == "AS611"


def test_the_run_folder_says_what_it_can(tmp_path: Path) -> None:
    result = train(net(), (TRAIN, EVAL), tmp_path / "run")
    names = {path.name for path in result.folder.iterdir()}
    assert {"module.yaml", "recipe.yaml", "run.json", "report.html", "best.safetensors", "confusion.png"} <= names
    assert "spec.yaml" not in names
    page = (result.folder / "report.html").read_text()
    assert "BatchNorm1d" in page
    assert "archspec train" not in page.split("To make it again")[1].split("</pre>")[0]
    about = json.loads((result.folder / "run.json").read_text())
    assert about["model"]["inputs"] == {"x": ["N", 6]}
    assert about["data"]["name"] == "tensors"
    (listed,) = archspec.list_runs(tmp_path)
    assert (listed.model, listed.status) == ("Net", "finished")
    data = {"train": TRAIN, "eval": EVAL, "classes": 4}
    other = train(net(classes=4), data, tmp_path / "other", {**SGD, "loss": "MultiMarginLoss"})
    told = archspec.compare_runs(result.folder, other.folder)
    assert "+  fc.bias: float32 [4]" in told.spec
    figures = archspec.evaluate(result.folder, model=Net(), data=(TRAIN, EVAL), device="cpu")
    assert figures["accuracy"] == result.best
    with pytest.raises(UsageError) as caught:
        archspec.evaluate(result.folder, model=net(classes=4), data=(TRAIN, EVAL), device="cpu")
    assert caught.value.diagnostic.code == "AS610"
    assert "+  fc.bias: float32 [4]" in caught.value.diagnostic.notes
    for ask in (archspec.spec_of_run, archspec.evaluate, lambda run: archspec.predict(run, ["a.png"])):
        with pytest.raises(UsageError) as caught:
            ask(result.folder)
        assert caught.value.diagnostic.code == "AS614"
    with pytest.raises(UsageError) as caught:
        archspec.from_file(result.folder / "best.safetensors")
    assert caught.value.diagnostic.code == "AS460"


class Pictures(Dataset):
    """PIL images of several sizes, dark and light."""

    classes = ("dark", "light")

    def __init__(self, count: int) -> None:
        self.targets = [index % 2 for index in range(count)]

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int):
        return Image.new("RGB", (12 + index % 3, 10), (200 * (index % 2),) * 3), index % 2


def small_cnn() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))


def test_pictures_and_their_size(tmp_path: Path, no_pictures: None) -> None:
    """Without `input` the size is that of the first picture after the `eval` transforms."""
    sizes = []
    for name, more, input in (("first", {}, None), ("cropped", {"Resize": {"size": [8, 9]}}, None), ("said", {}, 16)):
        module = small_cnn()
        module[0].register_forward_hook(lambda _, given, __: sizes.append(tuple(given[0].shape[1:])))
        recipe = {**SGD, "epochs": 2, "transforms": {"eval": [more] if more else []}}
        told = train(module, Pictures(40), tmp_path / name, recipe, input=None if input is None else [3, input, input])
        assert told.best == 1
    assert list(dict.fromkeys(sizes)) == [(3, 10, 12), (3, 8, 9), (3, 16, 16)]


def test_one_data_set_is_divided_by_class(tmp_path: Path, no_pictures: None) -> None:
    prepared = archspec.prepare(small_cnn(), Pictures(40), device="cpu")
    assert (len(prepared.data.train), len(prepared.data.eval)) == (32, 8)
    assert [int(each) for batch in prepared.held_out() for each in batch.target] == [0] * 4 + [1] * 4
    assert prepared.data.classes == ("dark", "light")


def test_data_that_a_recipe_names(tmp_path: Path, no_pictures: None) -> None:
    def module() -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))

    result = train(module(), "digits", tmp_path / "run", input=[1, 8, 8])
    assert result.best > 0.8
    assert archspec.evaluate(result.folder, model=module(), device="cpu")["accuracy"] == result.best
    Image.new("L", (8, 8)).save(tmp_path / "black.png")
    (told,) = archspec.predict(result.folder, [tmp_path / "black.png"], model=module(), device="cpu")
    assert sum(share for _, share in told.classes) == pytest.approx(1)
    assert archspec.prepare(module(), {"digits": {}}, input=[1, 8, 8], device="cpu").data.name == "digits"
    with pytest.raises(SpecError) as caught:
        archspec.prepare(module(), device="cpu")
    assert caught.value.diagnostics[0].help == "say it, e.g. `input=[1, 28, 28]`"


def test_data_of_ones_own_for_a_spec(tmp_path: Path, no_pictures: None) -> None:
    spec = {"archspec": 1, "name": "Rows", "input": [6], "layers": {"fc": {"Linear": 3}}, "train": {"epochs": 2}}
    result = train(spec, (TRAIN, EVAL), tmp_path / "run", None)
    assert "given" in (tmp_path / "run" / "spec.yaml").read_text()
    assert (
        len(archspec.train(spec, (TRAIN, EVAL), resume=result.folder, set=["train.epochs=3"], quiet=True).history) == 3
    )
    with pytest.raises(SpecError) as caught:
        archspec.evaluate(result.folder, device="cpu")
    assert caught.value.diagnostics[0].code == "AS554"
    architecture = archspec.load(spec)
    fraction = archspec.prepare(architecture, TRAIN, set=["train.data={given: {eval_fraction: 0.5}}"], device="cpu")
    assert 45 <= len(fraction.data.eval) <= 55


class Two(nn.Module):
    """Two inputs; in training also an auxiliary output."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(6, 3), nn.Linear(2, 3)

    def forward(self, left, right, scale: float = 1.0):
        main = self.a(left) + scale * self.b(right)
        return {"main": main, "aux": self.b(right)} if self.training else {"main": main}


def test_several_inputs_and_outputs(tmp_path: Path, no_pictures: None) -> None:
    (x, y), (other, labels) = TRAIN, EVAL
    data = (((x, x[:, :2]), y), ((other, other[:, :2]), labels))
    recipe = {"losses": {"main": "CrossEntropyLoss", "aux": {"CrossEntropyLoss": {}, "weight": 0.5}}, "epochs": 2}
    assert train(Two(), data, tmp_path / "run", recipe).history
    with pytest.raises(SpecError) as caught:
        train(Two(), (TRAIN, EVAL), tmp_path / "one")
    assert "takes `left`, `right`, `scale`, and the inputs of each sample are 1" in caught.value.diagnostics[0].message


def test_lazy_layers_and_numbers_to_be_predicted(tmp_path: Path, no_pictures: None) -> None:
    x = torch.linspace(-1, 1, 60)[:, None]
    data = ((x, 2 * x), (x, 2 * x))
    module = nn.Sequential(nn.LazyBatchNorm1d(), nn.LazyLinear(1))
    prepared = archspec.prepare(module, data, recipe={"archspec": 1, "loss": "MSELoss"}, device="cpu")
    assert float(module[0].num_batches_tracked) == 0
    assert torch.equal(module[0].running_var, torch.ones(1))
    assert prepared.data.task == "regression"


@pytest.mark.parametrize(
    ("module", "data", "code", "said"),
    [
        (Net(), DataLoader(Rows(*TRAIN)), "AS553", "a `DataLoader` makes batches of its own"),
        (Net(), object(), "AS553", "`object` is no data that can be learnt from"),
        (Net(), (TRAIN, Rows(*EVAL)), "AS553", "an array and a data set"),
        (Net(), (TRAIN[0], TRAIN[1][:-1]), "AS553", "different numbers of samples: `input 1` 100, `target` 99"),
        (Net(), (TRAIN[0][:, :5], TRAIN[1]), "AS552", "`Net` refuses an input of [N, 5]: mat1 and mat2"),
        (Net(2), (TRAIN, EVAL), "AS551", "the model gives 2 classes, but `tensors` has 3"),
        (nn.Identity(), TRAIN[0].numpy().tolist(), "AS553", "`list` is no data that can be learnt from"),
        (Net(), ({"y": TRAIN[0]}, TRAIN[1]), "AS552", "`Net` takes `x`, and the inputs of each sample are `y`"),
        (nn.parallel.DistributedDataParallel.__new__(nn.parallel.DistributedDataParallel), TRAIN, "AS615", "wrapped"),
    ],
)
def test_what_does_not_fit(tmp_path: Path, module, data, code, said) -> None:
    with pytest.raises((SpecError, UsageError)) as caught:
        train(module, data, tmp_path / "run", {})
    diagnostics = getattr(caught.value, "diagnostics", None) or [caught.value.diagnostic]
    assert diagnostics[0].code.startswith(code)
    assert said in diagnostics[0].message
    assert not (tmp_path / "run").exists()


def test_what_is_tried_is_a_copy(tmp_path: Path) -> None:
    module = net()
    before = {name: each.clone() for name, each in module.state_dict().items()}
    assert archspec.dry_run(module, data=(TRAIN, EVAL), device="cpu").outputs == {"output": "[64, 3] float32"}
    archspec.overfit(module, data=(TRAIN, EVAL), recipe={"archspec": 1, **SGD}, device="cpu")
    assert all(torch.equal(before[name], each) for name, each in module.state_dict().items())


def test_a_recipe_of_python_data_without_any(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        archspec.train("specs/mlp.yaml", set=["train.data=given"], out=tmp_path / "run")
    assert caught.value.diagnostics[0].code == "AS554"
