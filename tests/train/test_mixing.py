"""MixUp and CutMix: torchvision's, drawn by (seed, epoch, batch), with targets and metrics of mixed labels."""

import pytest
import torch
from torch import nn
from torchvision.transforms import v2

import archspec
from archspec.errors import SpecError
from archspec.spec.recipe import Named, Recipe, Transforms
from archspec.train import train
from archspec.train.data.batch import Batch
from archspec.train.data.registry import load_data
from archspec.train.data.request import Request
from archspec.train.feed import feed
from archspec.train.mixing import make_mixing
from archspec.train.portions import Portions
from archspec.train.ranks import Ranks
from archspec.train.seeds import order, seeded
from archspec.train.targets import encode
from tests.train.fakes import Fake, convnet, mlp
from tests.train.interrupted import all_of, difference, stopped

pytestmark = pytest.mark.usefixtures("no_pictures")

CHOICE = Named("RandomChoice", {"transforms": [{"MixUp": {"alpha": 0.2}}, "CutMix"]})
SPEC = """archspec: 1
input: [1, 8, 8]
layers: {flatten: Flatten, fc: {Linear: 10}}
train: {transforms: {%s}, loss: %s}
"""


def recipe_of(*named, **fields):
    return Recipe(**{"batch_size": 400, "epochs": 2, "transforms": Transforms(batch=named), **fields})


def test_it_is_torchvision_s(tmp_path):
    recipe, fake = recipe_of(CHOICE, optimizer=Named("SGD", {"lr": 0.1})), Fake(mlp, (64,))
    result = train(fake, recipe=recipe, out=tmp_path / "run", device="cpu", quiet=True)
    by_hand, choice = fake.build(), v2.RandomChoice([v2.MixUp(alpha=0.2, num_classes=10), v2.CutMix(num_classes=10)])
    samples = load_data(Request(recipe, fake.input_types)).train
    optimizer, right = torch.optim.SGD(by_hand.parameters(), lr=0.1), 0.0
    for epoch in (1, 2):
        for number, batch in enumerate(samples.batches(order(1438, 0, epoch), 400, 0, torch.device("cpu")), 1):
            with seeded(0, epoch, number, 2):
                images, labels = choice(batch.inputs[0].view(-1, 1, 8, 8), batch.target)
            output = by_hand(images.flatten(1))
            optimizer.zero_grad()
            nn.functional.cross_entropy(output, labels).backward()
            optimizer.step()
            right += float((output.argmax(1) == labels.argmax(1)).sum()) * (epoch == 2)
    assert all(torch.equal(a, b) for a, b in zip(by_hand.parameters(), result.last_model().parameters(), strict=True))
    assert result.history[1]["train_accuracy"] == pytest.approx(right / 1438)


def test_it_resumes_to_the_bit(tmp_path, monkeypatch):
    fake, recipe = Fake(convnet, (1, 8, 8)), recipe_of(CHOICE, batch_size=800, accumulate=2)
    train(fake, recipe=recipe, out=tmp_path / "whole", device="cpu", quiet=True)
    for after in (1, 2, 3):
        stopped(monkeypatch, after, fake, recipe=recipe, out=tmp_path / str(after))
        train(fake, recipe=recipe, resume=tmp_path / str(after), device="cpu", quiet=True)
        assert difference(all_of(tmp_path / str(after)), all_of(tmp_path / "whole")) is None, after


@pytest.mark.parametrize("named", [Named("MixUp"), Named("CutMix", {"alpha": 0.5}), CHOICE], ids=lambda each: each.name)
def test_labels_add_up_to_one_and_differ_by_batch(named):
    recipe = recipe_of(named)
    data = load_data(Request(recipe, Fake(mlp, (1, 8, 8)).input_types))
    mix = make_mixing(recipe, data)
    images, labels = torch.rand(6, 1, 8, 8), torch.arange(6)
    first, again, other = (mix(Batch((images,), {"target": labels}), 1, number) for number in (1, 1, 2))
    assert first.target.shape == (6, 10)
    assert first.target.sum(1).tolist() == pytest.approx([1.0] * 6)
    assert torch.equal(first.inputs[0], again.inputs[0])
    assert torch.equal(first.target, again.target)
    assert not torch.equal(first.inputs[0], other.inputs[0])


@pytest.mark.parametrize("named", [Named("MixUp"), Named("CutMix"), CHOICE], ids=lambda each: each.name)
@pytest.mark.parametrize("count", [2, 3])
def test_several_processes_mix_what_one_does(named, count):
    """Each sample with its partner in the whole batch, whoever has that; a last batch of few too."""
    recipe = recipe_of(named, batch_size=25)
    data = load_data(Request(recipe, Fake(mlp, (1, 8, 8)).input_types))
    indices = order(53, 0, 1)

    def mixed(ranks):
        mix = make_mixing(recipe, data, in_portions=ranks.are_several)
        portions = Portions(25, ranks=ranks, before=mix.before)
        fed = feed(data.train, indices, 1, recipe, torch.device("cpu"), portions)
        return [mix(batch, 1, number) for number, batch in enumerate(fed, 1)]

    parts = zip(*(mixed(Ranks(rank, count)) for rank in range(count)), strict=True)
    for number, (whole, several) in enumerate(zip(mixed(Ranks(0, 1)), parts, strict=True), 1):
        counted = [Portions(25, ranks=Ranks(rank, count)).of(whole.size).counted for rank in range(count)]
        own = [part for part, its in zip(several, counted, strict=True) if its]
        assert torch.equal(torch.cat([part.inputs[0] for part in own]), whole.inputs[0]), number
        assert torch.equal(torch.cat([part.target for part in own]), whole.target)


def test_batches_of_a_loop_of_ones_own_are_mixed():
    spec = {"archspec": 1, "input": [1, 8, 8], "layers": {"flatten": "Flatten", "fc": {"Linear": 10}}}
    parts = archspec.prepare({**spec, "train": {"transforms": {"batch": ["MixUp"]}}}, device="cpu")
    assert next(parts.batches(1)).target.shape == (64, 10)


def test_soft_labels_as_losses_want_them():
    soft = torch.tensor([[0.75, 0.25], [0.0, 1.0]])
    assert encode("CrossEntropyLoss", soft, torch.zeros(2, 2, dtype=torch.bfloat16)).dtype == torch.float32
    assert encode("SoftMarginLoss", soft, torch.zeros(2, 2)).tolist() == [[0.5, -0.5], [-1, 1]]
    assert encode("BCEWithLogitsLoss", soft, torch.zeros(2, 1)).tolist() == [[0.25], [1]]
    with pytest.raises(ValueError, match=r"different shapes: \[3\] and \[2\]"):
        encode("MSELoss", soft, torch.zeros(2, 3))


@pytest.mark.parametrize(
    ("transforms", "loss", "words"),
    [
        ("train: [MixUp]", "CrossEntropyLoss", "while these transforms see one image at a time"),
        ("train: [{RandomApply: {transforms: [CutMix]}}]", "CrossEntropyLoss", "one image at a time"),
        ("batch: [RandomHorizontalFlip]", "CrossEntropyLoss", "under `batch` are whole batches"),
        ("batch: [MixUp]", "MultiMarginLoss", "takes whole classes"),
        ("batch: [MixUp]", "MultiLabelMarginLoss", "takes whole classes"),
        ("batch: [{MixUp: {alpha: x}}]", "CrossEntropyLoss", "`alpha` of `MixUp`"),
    ],
)
def test_what_cannot_be_mixed(transforms, loss, words):
    (fault,) = archspec.check(SPEC % (transforms, loss))
    assert fault.span is not None
    assert words in fault.message


def test_masks_are_not_mixed(tmp_path):
    data = Named("digits_segmentation", {"samples": 4, "eval_samples": 2})
    fake = Fake(lambda: nn.Conv2d(1, 2, 1), (1, 16, 16))
    with pytest.raises(SpecError) as caught:
        train(fake, recipe=recipe_of(Named("MixUp"), data=data), out=tmp_path / "run", device="cpu", quiet=True)
    assert caught.value.diagnostics[0].code == "AS512"
    assert not list(tmp_path.iterdir())


def test_a_metric_that_does_not_fit(tmp_path):
    with pytest.raises(SpecError, match="`mae` is no metric of classes"):
        train(Fake(mlp, (64,)), recipe=Recipe(metrics=(Named("mae"),)), out=tmp_path / "run", device="cpu", quiet=True)
