"""`build`: devices, element types, limits; layers made once, without torch's own initialisation."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import archspec
from archspec import UsageError
from tests.emit.specs import EVERYTHING


@pytest.fixture(scope="module")
def architecture() -> archspec.Architecture:
    return archspec.load(EVERYTHING)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16, "float64", "bfloat16"])
def test_dtype(architecture: archspec.Architecture, dtype: torch.dtype | str) -> None:
    wanted = getattr(torch, dtype) if isinstance(dtype, str) else dtype
    module = architecture.build(dtype=dtype)
    for name, tensor in module.state_dict().items():
        assert tensor.dtype == (torch.int64 if name.endswith("num_batches_tracked") else wanted), name
    assert architecture.prove(module) == ()
    if wanted is torch.float64:
        assert module(torch.randn(2, 3, 16, 16, dtype=wanted))["logits"].dtype == wanted


def test_torch_s_default_dtype_and_device_are_followed(architecture: archspec.Architecture) -> None:
    torch.set_default_dtype(torch.float64)
    try:
        assert architecture.build().head.weight.dtype == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
    with torch.device("meta"):
        assert architecture.build().head.weight.is_meta


def test_meta_allocates_nothing_and_takes_a_state(architecture: archspec.Architecture) -> None:
    module = architecture.build(device="meta")
    assert all(tensor.is_meta for tensor in module.state_dict().values())
    assert architecture.prove(module) == ()
    real = architecture.build()
    module.load_state_dict(real.state_dict(), assign=True)
    x = torch.randn(2, 3, 16, 16)
    assert torch.equal(module.eval()(x)["logits"], real.eval()(x)["logits"])


def test_a_huge_model_builds_on_meta_only() -> None:
    spec = "archspec: 1\ninput: [1000000]\nlayers: [{Linear: 1000000}]\n"
    huge = archspec.load(spec)
    assert huge.num_params == 10**12 + 10**6
    assert next(iter(huge.build(device="meta").parameters())).is_meta
    with pytest.raises(UsageError) as caught:
        huge.build()
    assert caught.value.diagnostic.code == "AS703"
    assert "1,000,001,000,000" in caught.value.diagnostic.message


def test_the_limit_is_the_caller_s() -> None:
    spec = "archspec: 1\ninput: [9]\nlayers: [{Linear: 10}]\n"
    assert archspec.build(spec, max_params=100)
    with pytest.raises(UsageError):
        archspec.build(spec, max_params=99)


@pytest.mark.parametrize("device", ["gpu", "cuda:99", "", "cpu:x"])
def test_no_such_device(architecture: archspec.Architecture, device: str) -> None:
    with pytest.raises(UsageError) as caught:
        architecture.build(device=device)
    assert caught.value.diagnostic.code == "AS704"


@pytest.mark.parametrize("dtype", ["float", "int64", torch.int64, "float33", torch.complex64])
def test_no_such_dtype(architecture: archspec.Architecture, dtype: str) -> None:
    with pytest.raises(UsageError) as caught:
        architecture.build(dtype=dtype)
    assert caught.value.diagnostic.code == "AS704"


def test_layers_are_torch_s_own_classes_as_their_constructor_leaves_them(architecture: archspec.Architecture) -> None:
    module = architecture.build()
    conv = module.get_submodule("stem-1")
    assert type(conv) is nn.Conv2d
    assert conv.__dict__.keys() == nn.Conv2d(3, 4, 3, padding=1).__dict__.keys()
    assert repr(conv) == repr(nn.Conv2d(3, 4, 3, padding=1))
    conv.reset_parameters()  # the method that building hides is there again


def test_no_layer_runs_its_own_initialisation(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (nn.Conv2d, nn.Linear, nn.BatchNorm2d):
        monkeypatch.setattr(kind, "reset_parameters", lambda self: pytest.fail("ran"))
    archspec.build(
        "archspec: 1\ninput: [3, 8, 8]\nlayers: [{Conv2d: {out_channels: 2, kernel_size: 1}}, Flatten, {Linear: 2}]\n"
    )


def test_batch_norm_starts_as_torch_s(architecture: archspec.Architecture) -> None:
    norm = architecture.build().stage0[0].norm
    reference = nn.BatchNorm2d(4)
    for name, tensor in reference.state_dict().items():
        assert torch.equal(norm.state_dict()[name], tensor), name


def test_counts_are_those_of_the_module(architecture: archspec.Architecture) -> None:
    module = architecture.build()
    assert architecture.num_params == sum(parameter.numel() for parameter in module.parameters())
    assert all(parameter.requires_grad for parameter in module.parameters())
    assert module.training


def test_two_builds_share_classes_and_no_tensors(architecture: archspec.Architecture) -> None:
    first, second = architecture.build(), architecture.build()
    assert type(first) is type(second)
    assert type(first.up) is type(second.up)
    mine = {parameter.data_ptr() for parameter in first.parameters()}
    assert mine.isdisjoint(parameter.data_ptr() for parameter in second.parameters())


def test_prove_finds_a_module_that_does_something_else(architecture: archspec.Architecture) -> None:
    module = architecture.build()
    module.head = nn.Linear(4, 6)
    found = architecture.prove(module.train())
    assert {fault.code for fault in found} == {"AS900"}
    assert any("`head`" in fault.message for fault in found)
    assert module.training
    assert module.up.training
    assert not module.head._forward_hooks


def test_prove_leaves_running_statistics_and_modes(architecture: archspec.Architecture) -> None:
    module = architecture.build()
    module.gate.eval()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    assert architecture.prove(module) == ()
    assert not module.gate.training
    assert module.up.training
    for name, tensor in module.state_dict().items():
        assert torch.equal(tensor, before[name]), name
