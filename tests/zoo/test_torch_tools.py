"""A compiled network is an ordinary module: torch's own tools take it as they take a hand-written one."""

from __future__ import annotations

import copy
import json
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import archspec
from tests.zoo.cases import CASES, SPECS, Case

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@pytest.fixture(autouse=True)
def _fresh_dynamo() -> None:
    torch.compiler.reset()


@every_case
@torch.no_grad()
def test_traces_without_a_graph_break(case: Case) -> None:
    model = archspec.build(case.path, **case.vars).eval()
    traced = torch.compile(model, fullgraph=True, backend="eager")
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # tracing never takes it
    try:
        assert torch.equal(traced(case.batch(2)), model(case.batch(2)))
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)


@pytest.mark.skipif(shutil.which("c++") is None and shutil.which("g++") is None, reason="needs a C++ compiler")
def test_compiles_and_trains_without_a_graph_break() -> None:
    model = archspec.build(SPECS / "perceptron.yaml")
    compiled = torch.compile(model, fullgraph=True)
    batch = torch.randn(5, 3)
    torch.testing.assert_close(compiled(batch), model(batch))
    compiled(batch).sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


@every_case
@torch.no_grad()
def test_exports_with_a_dynamic_batch(case: Case) -> None:
    model = archspec.build(case.path, **case.vars).eval()
    dynamic = ({0: torch.export.Dim("batch", min=1, max=64)},)
    program = torch.export.export(model, (case.batch(2),), dynamic_shapes=dynamic)
    torch.testing.assert_close(program.module()(case.batch(5)), model(case.batch(5)))


@every_case
@torch.no_grad()
def test_a_copy_is_equal_and_independent(case: Case) -> None:
    model = archspec.build(case.path, **case.vars).eval()
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert torch.equal(twin(case.batch(1)), model(case.batch(1)))
        next(twin.parameters()).add_(1)
        assert not torch.equal(next(twin.parameters()), next(model.parameters()))


def test_a_pickle_opens_in_another_process(tmp_path: Path) -> None:
    model = archspec.build(SPECS / "resnet34.yaml", num_classes=3, size=32).eval()
    torch.save(model, tmp_path / "model.pt")
    script = (
        "import json, sys, torch\n"
        "model = torch.load(sys.argv[1], weights_only=False)\n"
        "print(json.dumps(model(torch.ones(1, 3, 32, 32)).tolist()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "model.pt")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    with torch.no_grad():
        expected = model(torch.ones(1, 3, 32, 32)).tolist()
    assert torch.tensor(json.loads(done.stdout)).allclose(torch.tensor(expected))
