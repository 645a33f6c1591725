import pytest
import torch

from archspec.train import run


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def no_pictures(monkeypatch):
    """Drawing takes longer than training on so little."""
    monkeypatch.setattr(run, "tell", lambda *_, **__: None)
