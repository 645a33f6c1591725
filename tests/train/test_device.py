import pytest
import torch

from archspec.errors import UsageError
from archspec.train import train
from archspec.train.device import pick_device
from tests.train.fakes import Fake, mlp


def test_devices_that_are_there():
    assert pick_device("cpu") == torch.device("cpu")
    found = torch.accelerator.current_accelerator(check_available=True)
    assert pick_device("auto").type == ("cpu" if found is None else found.type)


@pytest.mark.parametrize("asked", ["gpu", "cuda:99", "cuda:x", "meta", "", "CPU", "cuda:-1", "mps:7:1"])
def test_devices_that_are_not(asked):
    with pytest.raises(UsageError) as caught:
        pick_device(asked)
    assert caught.value.diagnostic.code == "AS601"
    assert f"`{asked}`" in caught.value.diagnostic.message


@pytest.mark.parametrize("asked", ["cuda", "mps"])
def test_absent_accelerator_is_told_before_anything_is_written(tmp_path, asked, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(UsageError) as caught:
        train(Fake(mlp, (64,)), device=asked, out=tmp_path / "run")
    assert caught.value.diagnostic.code == "AS601"
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_training_on_a_gpu(tmp_path):
    result = train(Fake(mlp, (64,)), device="cuda", out=tmp_path / "run", quiet=True)
    assert result.device.startswith("cuda")
    assert result.best > 0.5
