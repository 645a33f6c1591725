"""One thread per process: the tests run side by side, and threads that wait for each other cost more than they give.

Random examples are the same in every run, so that a change fails for what it changes. `make campaign` draws fresh ones.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import torch
from hypothesis import settings

import archspec
from archspec.ops import registry
from archspec.train import TrainResult
from tests.cli.run import Shell
from tests.finished import LINEAR

torch.set_num_threads(1)
settings.register_profile("suite", derandomize=True, deadline=None)
settings.register_profile("campaign", deadline=None)
settings.load_profile("campaign" if "ARCHSPEC_EXAMPLES" in os.environ else "suite")


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Registrations of layers end with the test."""
    before = dict(registry._registered)
    yield
    registry._registered.clear()
    registry._registered.update(before)


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """The command line, run in this process."""
    return Shell(monkeypatch, capsys)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> TrainResult:
    """A run of two epochs with its report."""
    return archspec.train(LINEAR, out=tmp_path_factory.mktemp("runs") / "linear", device="cpu", quiet=True)
