"""What is tried before training: true to torch, and without traces."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn

import archspec
from archspec.train.trial.find_lr import _steepest, find_lr
from tests.cli.run import Shell

NET = """archspec: 1
name: Net
input: [1, 8, 8]
layers: {flatten: Flatten, hidden: {Linear: 32}, bn: BatchNorm1d, relu: ReLU, fc: {Linear: 10}}
train: {data: digits, batch_size: 32, optimizer: {Adam: {lr: 0.01}}}
"""


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "net.yaml").write_text(NET)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "net.yaml"


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_dry_run_tells_shapes_and_memory_and_leaves_nothing(spec: Path, shell: Shell) -> None:
    tried = archspec.dry_run(spec, device="cpu")
    assert tried.inputs == {"input": "[32, 1, 8, 8] float32", "target": "[32] int64"}
    assert tried.outputs == {"output": "[32, 10] float32"}
    assert tried.batches == 45
    model = archspec.build(spec)
    weights = sum(each.nbytes for each in model.parameters())
    assert tried.memory["gradients"] == weights
    assert tried.memory["weights"] == weights + sum(each.nbytes for each in model.buffers())
    assert 2 * weights <= tried.memory["optimizer"] <= 2 * weights + 100  # two moments, and counts of steps
    done = shell("train", spec, "--dry-run", "--device", "cpu")
    assert done.status == 0
    assert "input        [32, 1, 8, 8] float32\n" in done.out
    assert files(spec.parent) == ["net.yaml"]


def test_what_is_kept_for_the_backward_pass_is_what_torch_keeps() -> None:
    spec = NET.replace("hidden: {Linear: 32}, bn: BatchNorm1d, relu: ReLU, ", "")
    kept = archspec.dry_run(spec, device="cpu").memory["backward"]
    assert 32 * 64 * 4 + 32 * 10 * 4 <= kept <= 32 * 64 * 4 + 32 * 10 * 4 + 32 * 8 + 64  # input, log-softmax, labels


def test_a_batch_by_heart(spec: Path, shell: Shell) -> None:
    told: list[int] = []
    known = archspec.overfit(spec, told=lambda step, figures: told.append(step), device="cpu")
    assert known.last["accuracy"] == 1 > known.first["accuracy"]
    assert told[0] == 0
    assert told[-1] == known.steps
    done = shell("train", spec, "--overfit-batches", "2", "--device", "cpu")
    assert "learnt by heart after" in done.out
    assert files(spec.parent) == ["net.yaml"]


def test_a_batch_that_cannot_be_learnt(spec: Path) -> None:
    spec.write_text(NET.replace("bn: BatchNorm1d, ", "") + "freeze: ['hidden.*']\n")
    with pytest.raises(archspec.UsageError) as caught:
        archspec.overfit(spec, steps=20, set=["train.optimizer.Adam.lr=1e-9"], device="cpu")
    fault = caught.value.diagnostic
    assert fault.code == "AS631"
    assert any("`hidden.weight` first" in note for note in fault.notes)
    assert any("hardly moved" in note for note in fault.notes)


def test_a_profile_names_layers_and_writes_a_trace(spec: Path, shell: Shell) -> None:
    seen = archspec.profile(spec, spec.parent / "out" / "trace.json", steps=3, device="cpu")
    assert [part.name for part in seen.phases] == ["loading", "step"]
    assert [part.name for part in seen.layers] == ["flatten", "hidden", "bn", "relu", "fc"]
    assert all(part.calls == 1 for part in seen.layers)
    assert any(part.name.startswith("aten::") for part in seen.operators)
    events = json.loads(seen.trace.read_text())["traceEvents"]
    assert any(event.get("name") == "archspec layer: hidden" for event in events)
    model = archspec.prepare(spec, device="cpu").model
    assert not any(module._forward_hooks for module in model.modules())
    (spec.parent / "file").touch()
    with pytest.raises(archspec.UsageError, match="AS603"):
        archspec.profile(spec, spec.parent / "file" / "trace.json", device="cpu")


def test_the_range_test_brings_everything_back(spec: Path) -> None:
    prepared = archspec.prepare(spec, device="cpu", set=["train.ema=0.9"])
    prepared.learn(next(prepared.batches(1)))
    model = {name: tensor.clone() for name, tensor in prepared.model.state_dict().items()}
    optimizer = [state["exp_avg"].clone() for state in prepared.optimizer.state.values()]
    generator = torch.get_rng_state()
    found = find_lr(prepared, steps=60)
    assert all(torch.equal(model[name], tensor) for name, tensor in prepared.model.state_dict().items())
    after = [state["exp_avg"] for state in prepared.optimizer.state.values()]
    assert all(map(torch.equal, optimizer, after))
    assert prepared.optimizer.param_groups[0]["lr"] == 0.01
    assert torch.equal(generator, torch.get_rng_state())
    assert 1e-4 < found.suggestion < 1
    assert len(found.rates) == len(found.losses) == len(found.smoothed)


def test_groups_keep_their_proportion(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = archspec.prepare(spec, device="cpu", set=["train.param_groups=[{match: 'fc.*', lr: 0.1}]"])
    seen = []
    step = prepared.optimizer.step
    monkeypatch.setattr(
        prepared.optimizer,
        "step",
        lambda: (seen.append([group["lr"] for group in prepared.optimizer.param_groups]), step())[1],
    )
    find_lr(prepared, steps=20)
    assert seen[0] == pytest.approx([1e-6, 1e-5])
    assert all(fast == pytest.approx(10 * slow) for slow, fast in seen)


def test_the_steepest_place_is_the_steepest() -> None:
    rates = tuple(10 ** (place / 10 - 5) for place in range(60))
    losses = tuple(2 - 1 / (1 + 2.718 ** -(place - 30)) for place in range(60))
    assert _steepest(rates, losses) == pytest.approx(rates[30])
    assert _steepest(rates, tuple(1.0 for _ in rates)) is None
    assert _steepest(rates, tuple(1.0 + place for place in range(60))) is None


def test_commands(spec: Path, shell: Shell) -> None:
    found = shell("train", spec, "--find-lr", "--device", "cpu")
    assert "--set train.optimizer.Adam.lr=" in found.out
    assert found.status == 0
    for wrong in (
        ("--dry-run", "--overfit-batches", "1"),
        ("--dry-run", "--resume", "run"),
        ("--find-lr", "--out", "x"),
        ("--overfit-batches", "0"),
        ("--dry-run", "--profile"),
        ("--find-lr", "--dry-run"),
    ):
        done = shell("train", spec, *wrong)
        assert done.status == 2, wrong
    assert files(spec.parent) == ["net.yaml"]
    seen = shell("train", spec, "--profile", "--device", "cpu")
    assert "forward by layer" in seen.out
    assert files(spec.parent) == ["net.yaml", "runs/Net-profile/trace.json"]


def test_a_loop_of_one_s_own_is_the_runner_s(spec: Path) -> None:
    parts = archspec.prepare(spec, device="cpu")
    for epoch in (1, 2):
        for batch in parts.batches(epoch):
            parts.learn(batch)
    assert isinstance(parts.model, nn.Module)
    result = archspec.train(spec, set=["train.epochs=2"], device="cpu", quiet=True)
    last = result.last_model().state_dict()
    assert all(torch.equal(last[name], tensor) for name, tensor in parts.model.state_dict().items())
    row = result.history[-1]
    assert parts.measure() == {"loss": row["eval_loss"], "accuracy": row["eval_accuracy"]}


def test_a_loop_of_one_s_own_measures_the_moving_average(spec: Path) -> None:
    settings = ["train.epochs=2", "train.ema=0.9"]
    parts = archspec.prepare(spec, set=settings, device="cpu")
    for epoch in (1, 2):
        for batch in parts.batches(epoch):
            parts.learn(batch)
    row = archspec.train(spec, set=settings, device="cpu", quiet=True).history[-1]
    assert parts.measure() == {"loss": row["eval_loss"], "accuracy": row["eval_accuracy"]}
