"""When it is measured, by what, and which measurement is the best."""

import pytest
import torch
from torch.nn import functional

from archspec.spec.recipe import Named, Recipe
from archspec.train import train
from archspec.train.metrics import make_metric, monitor_of
from archspec.train.totals import Totals
from tests.train.fakes import Fake, mlp
from tests.train.interrupted import all_of, difference, stopped

pytestmark = pytest.mark.usefixtures("no_pictures")

DROPPING = Fake(mlp, (64,), {"dropout": 0.3})


def run(folder, **fields):
    recipe = Recipe(**{"batch_size": 300, "epochs": 5, "optimizer": Named("SGD", {"lr": 0.1}), **fields})
    return train(DROPPING, recipe=recipe, out=folder, device="cpu", quiet=True)


def test_every_second_epoch_and_the_last(tmp_path):
    each, second = run(tmp_path / "1"), run(tmp_path / "2", eval_every=2)
    assert [(row["epoch"], row["step"]) for row in second.history] == [(2, 10), (4, 20), (5, 25)]
    assert (each.folder / "last.safetensors").read_bytes() == (second.folder / "last.safetensors").read_bytes()
    losses = [row["train_loss"] for row in each.history]
    wanted = [(losses[0] + losses[1]) / 2, (losses[2] + losses[3]) / 2, losses[4]]
    assert [row["train_loss"] for row in second.history] == pytest.approx(wanted)
    assert [row["eval_loss"] for row in second.history] == [each.history[i]["eval_loss"] for i in (1, 3, 4)]


def test_every_so_many_steps(tmp_path):
    each = run(tmp_path / "1")
    result = run(tmp_path / "2", eval_every=4, eval_interval="step", best_kept=2)
    assert [(row["epoch"], row["step"]) for row in result.history] == [
        (1, 4),
        (2, 8),
        (3, 12),
        (4, 16),
        (4, 20),
        (5, 24),
        (5, 25),
    ]
    assert (each.folder / "last.safetensors").read_bytes() == (result.folder / "last.safetensors").read_bytes()
    assert result.history[-1]["eval_loss"] == each.history[-1]["eval_loss"]
    best = sorted(result.history, key=lambda row: -row["eval_accuracy"])[:2]
    names = {path.name for path in result.folder.glob("best-*")}
    assert names == {f"best-step-{row['step']}.safetensors" for row in best}


@pytest.mark.parametrize("fields", [{"eval_every": 2, "eval_interval": "step"}, {"eval_every": 3}], ids=str)
def test_resumed_at_every_batch(tmp_path, monkeypatch, fields):
    recipe = Recipe(
        batch_size=400, accumulate=3, epochs=2, best_kept=2, optimizer=Named("AdamW", {"lr": 0.01}),
        scheduler=Named("ReduceLROnPlateau", {"patience": 0}), **fields
    )  # fmt: skip
    train(DROPPING, recipe=recipe, out=tmp_path / "whole", device="cpu", quiet=True)
    for after in range(1, 9):
        stopped(monkeypatch, after, DROPPING, recipe=recipe, out=tmp_path / str(after))
        train(DROPPING, recipe=recipe, resume=tmp_path / str(after), device="cpu", quiet=True)
        assert difference(all_of(tmp_path / str(after)), all_of(tmp_path / "whole")) is None, after


def test_an_epoch_that_a_limit_ends_with_its_last_batch(tmp_path, monkeypatch):
    recipe = Recipe(batch_size=400, epochs=3, max_steps=4, optimizer=Named("SGD", {"lr": 0.1}))
    train(DROPPING, recipe=recipe, out=tmp_path / "whole", device="cpu", quiet=True)
    stopped(monkeypatch, 4, DROPPING, recipe=recipe, out=tmp_path / "run")
    train(DROPPING, recipe=recipe, resume=tmp_path / "run", device="cpu", quiet=True)
    assert difference(all_of(tmp_path / "run"), all_of(tmp_path / "whole")) is None


@pytest.mark.parametrize(
    ("fields", "column", "choose"),
    [
        ({"monitor": "loss"}, "eval_loss", min),
        ({"monitor": "loss", "monitor_mode": "max"}, "eval_loss", max),
        ({"monitor": "top_2"}, "eval_top_2", max),
        ({"metrics": (Named("perplexity"), Named("accuracy"))}, "eval_perplexity", min),
    ],
    ids=str,
)
def test_the_best_by(tmp_path, fields, column, choose):
    result = run(tmp_path, scheduler=Named("ExponentialLR", {"gamma": 4.0}), **fields)
    values = [row[column] for row in result.history]
    assert f"eval_{result.metric}" == column
    assert result.best == choose(values)
    assert result.best_epoch == values.index(choose(values)) + 1


def test_early_stopping_by_the_loss(tmp_path):
    result = run(
        tmp_path, epochs=9, monitor="loss", early_stopping=2, scheduler=Named("ExponentialLR", {"gamma": 30.0})
    )
    losses = [row["eval_loss"] for row in result.history]
    assert len(losses) < 9
    assert losses.index(min(losses)) == len(losses) - 3


def figures(name, output, target, classes=0, **arguments):
    metric = make_metric(Named(name, arguments))
    totals = Totals.of([metric], "CrossEntropyLoss", classes, torch.device("cpu"))
    for part in (slice(0, 7), slice(7, None)):
        totals.add(torch.tensor(0.0), len(output[part]), output[part], target[part])
    again = Totals.of([metric], "CrossEntropyLoss", classes, torch.device("cpu"))
    again.restore(totals.state())
    assert again.figures(True) == totals.figures(True)
    return totals.figures(True)[metric.name]


def test_metrics_of_classes():
    generator = torch.Generator().manual_seed(0)
    output, target = torch.randn(20, 6, generator=generator), torch.randint(0, 6, (20,), generator=generator)
    ranks = (output > output.gather(1, target[:, None])).sum(1)
    for k in (1, 3, 9):
        assert figures("top_k", output, target, 6, k=k) == pytest.approx(float((ranks < k).double().mean()))
    assert figures("top_k", output, target, 6, k=1) == pytest.approx(figures("accuracy", output, target, 6))
    assert figures("perplexity", output, target, 6) == pytest.approx(
        float(functional.cross_entropy(output, target).exp())
    )
    said = output.argmax(1)
    scores = []
    for each in range(6):
        true = ((said == each) & (target == each)).sum()
        precision, recall = true / (said == each).sum(), true / (target == each).sum()
        scores.append(2 * precision * recall / (precision + recall) if true else torch.tensor(0.0))
    assert figures("dice", output, target, 6) == pytest.approx(float(torch.stack(scores).mean()))


def test_metrics_of_tokens_leave_out_what_has_no_label():
    generator = torch.Generator().manual_seed(0)
    output, target = torch.randn(9, 4, 5, generator=generator), torch.randint(0, 5, (9, 4), generator=generator)
    target[2:, 3] = -100
    wanted = functional.cross_entropy(output.flatten(0, 1), target.flatten()).exp()
    for form in (output, output.movedim(-1, 1)):
        assert figures("perplexity", form, target, 5) == pytest.approx(float(wanted))
        known = target >= 0
        right = (output.argmax(-1) == target)[known].double().mean()
        assert figures("accuracy", form, target, 5) == pytest.approx(float(right))
        assert figures("top_k", form, target, 5, k=1) == pytest.approx(float(right))


def test_metrics_of_values():
    generator = torch.Generator().manual_seed(0)
    output, target = torch.randn(20, 3, generator=generator), torch.randn(20, 3, generator=generator)
    assert figures("mae", output, target) == pytest.approx(float(functional.l1_loss(output, target)))
    assert figures("mse", output, target) == pytest.approx(float(functional.mse_loss(output, target)))


def test_what_is_no_number_is_the_worst():
    for mode in ("max", "min"):
        monitor = monitor_of(Recipe(monitor="loss", monitor_mode=mode), ())
        assert monitor.goodness({"eval_loss": float("nan")}) < monitor.goodness(
            {"eval_loss": 1e9 if mode == "min" else -1e9}
        )
