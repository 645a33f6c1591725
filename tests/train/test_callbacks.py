"""Hooks into a run, and TensorBoard's numbers, which are one of them."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import torch

import archspec
from archspec.train import tensorboard
from tests.finished import LINEAR


class Noting(archspec.Callback):
    """Writes down what it is told; after some steps it has enough."""

    def __init__(self, enough: int = 10**9) -> None:
        self.calls: list[str] = []
        self.losses: list[torch.Tensor] = []
        self.rows: list[dict] = []
        self.enough = enough

    def on_start(self, run) -> None:
        self.calls.append("start")
        assert run.steps == 0

    def on_step(self, run, loss) -> None:
        self.losses.append(loss)
        assert run.steps == len(self.losses)
        if run.steps == self.enough:
            run.finish()

    def on_measure(self, run, row) -> None:
        self.calls.append("measure")
        assert (run.folder.path / "last.safetensors").exists()
        self.rows.append(dict(row))

    def on_end(self, run) -> None:
        self.calls.append("end")


@pytest.fixture
def places(tmp_path: Path, no_pictures: None) -> dict:
    return {"out": tmp_path / "run", "device": "cpu", "quiet": True}


def test_they_are_told_of_everything_and_change_nothing(places, finished) -> None:
    noting = Noting()
    result = archspec.train(LINEAR, callbacks=[noting], **places)
    assert noting.calls == ["start", "measure", "measure", "end"]
    assert len(noting.losses) == 46
    assert noting.rows == [dict(row) for row in result.history]
    counts = torch.tensor([64] * 22 + [1438 - 22 * 64]).double()
    mean = (torch.stack(noting.losses[:23]).double() * counts).sum() / 1438
    assert float(mean) == pytest.approx(noting.rows[0]["train_loss"])
    last = result.last_model().state_dict()
    assert all(torch.equal(last[name], tensor) for name, tensor in finished.last_model().state_dict().items())


def test_one_may_end_the_run(places) -> None:
    noting = Noting(enough=30)
    result = archspec.train(LINEAR, callbacks=[noting], **places)
    assert len(noting.losses) == 30
    assert [row["step"] for row in result.history] == [23, 30]
    assert archspec.list_runs(places["out"])[0].status == "finished"


def test_what_one_raises_ends_the_run(places) -> None:
    class Failing(Noting):
        def on_step(self, run, loss) -> None:
            raise ZeroDivisionError

    failing = Failing()
    with pytest.raises(ZeroDivisionError):
        archspec.train(LINEAR, callbacks=[failing], **places)
    assert failing.calls == ["start", "end"]
    assert archspec.list_runs(places["out"])[0].status == "interrupted"


def test_tensorboard_has_the_rows(places) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    result = archspec.train(LINEAR, set=["train.tensorboard=true"], **places)
    archspec.train(resume=places["out"], set=["train.epochs=3"], device="cpu", quiet=True)
    events = EventAccumulator(str(places["out"] / "tensorboard")).Reload()
    assert {"loss/train", "loss/eval", "accuracy/eval", "lr"} <= set(events.Tags()["scalars"])
    points = events.Scalars("accuracy/eval")
    assert [point.step for point in points] == [23, 46, 69]
    assert [point.value for point in points[:2]] == pytest.approx([row["eval_accuracy"] for row in result.history])


def test_without_the_package_nothing_is_begun(places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensorboard, "find_spec", lambda name: None)
    assert importlib.util.find_spec("torch") is not None
    with pytest.raises(archspec.SpecError, match="AS634"):
        archspec.train(LINEAR, set=["train.tensorboard=true"], **places)
    assert not places["out"].exists()
