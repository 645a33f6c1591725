"""The zoo against what is published: names, counts, outputs, gradients, and the exported file."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

import archspec
from tests.judge import exported, samples, tensors
from tests.zoo.published import PUBLISHED, Published
from tests.zoo.written import WRITTEN, Written

every_network = pytest.mark.parametrize("network", [*PUBLISHED, *WRITTEN], ids=lambda network: network.name)


def _layout(model: nn.Module) -> list[tuple[str, tuple[int, ...], torch.dtype]]:
    return [(name, tuple(tensor.shape), tensor.dtype) for name, tensor in model.state_dict().items()]


def _computes(architecture: archspec.Architecture) -> bool:
    """Whether the model holds what is computed when it is made, and hence has to be made on a real device."""
    return any(call.value is not None for call in architecture.graph.calls())


def _filled(model: nn.Module) -> nn.Module:
    """A model, of `meta` perhaps, with everything in it random, none so large that outputs overflow; indices stay."""
    if any(parameter.is_meta for parameter in model.parameters()):
        model.to_empty(device="cpu")
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if tensor.dim() > 1:
                tensor.normal_(std=1 / math.sqrt(tensor[0].numel()), generator=generator)
            elif tensor.is_floating_point():
                low = 0.5 if name.endswith(("weight", "running_var")) else -0.5
                tensor.uniform_(low, low + 1, generator=generator)
            elif name.endswith("num_batches_tracked"):
                tensor.zero_()
    return model


def _with_state(model: nn.Module, state: Mapping[str, Tensor]) -> nn.Module:
    """A model with a copy of the state."""
    on_meta = any(parameter.is_meta for parameter in model.parameters())  # where nothing can be copied to
    model.load_state_dict({name: tensor.clone() for name, tensor in state.items()}, strict=True, assign=on_meta)
    return model


def _without_chance(model: nn.Module) -> Counter[tuple[str, float]]:
    """The model with nothing dropped; returns what would have been."""
    dropped: Counter[tuple[str, float]] = Counter()
    for layer in model.modules():
        if hasattr(layer, "p") and isinstance(layer.p, float):
            dropped[type(layer).__name__, layer.p] += 1
            layer.p = 0.0
    return dropped


def _outputs(model: nn.Module, inputs: list[Tensor]) -> list[Tensor]:
    """What the model gives, with the same random numbers each time."""
    torch.manual_seed(3)
    return tensors(model(*inputs))


def _gradients(model: nn.Module, inputs: list[Tensor]) -> Any:
    results = _outputs(model.train(), inputs)
    sum(result.square().mean() for result in results).backward()  # type: ignore[union-attr]
    return results


@every_network
def test_counts_are_those_of_the_published_size(network: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    architecture = archspec.load(f"zoo:{network.name}")
    monkeypatch.setattr("torch.backends.mha.get_fastpath_enabled", lambda: False)  # fused kernels are not counted
    with torch.device("meta"):
        original = network.make()
    assert architecture.num_params == sum(parameter.numel() for parameter in original.parameters())
    assert not isinstance(network, Written) or network.parameters in (None, architecture.num_params)
    assert 2 * architecture.macs == _flops(original.eval(), architecture, 1)
    if any(output.training_only for output in architecture.graph.outputs):
        more = architecture.training_only_macs
        assert more > 0
        assert 2 * 2 * (architecture.macs + more) == _flops(original.train(), architecture, 2)


def _flops(model: nn.Module, architecture: archspec.Architecture, batch: int) -> int:
    """What torch counts. In training a batch norm needs two values."""
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        model(*(sample.to("meta") for sample in samples(architecture, batch)))
    return counter.get_total_flops()


@every_network
def test_it_is_the_published_network(network: Published) -> None:
    architecture = archspec.load(f"zoo:{network.name}", **network.small)
    rounded = isinstance(network, Written) and network.rounded
    computes = _computes(architecture)
    device = "cpu" if computes or isinstance(network, Written) else "meta"  # assigned, tied parameters would be two
    with torch.device(device):
        original, compiled, file = network.make(small=True), architecture.build(device=device), exported(architecture)
    assert _layout(compiled) == _layout(original)
    for name, buffer in original.named_buffers() if computes else ():
        assert torch.equal(compiled.get_buffer(name), buffer)
        assert torch.equal(file.get_buffer(name), buffer)
    assert [name for name, _ in file.named_parameters()] == [name for name, _ in original.named_parameters()]
    state = {name: tensor.clone() for name, tensor in _filled(original).state_dict().items()}
    inputs = network.prepare(samples(architecture, 2))
    assert _without_chance(_with_state(compiled, state)) <= _without_chance(original)  # some have layers in no use
    with torch.no_grad():
        expected = _outputs(original.eval(), inputs)
        assert all(value.isfinite().all() and value.unique().numel() > 1 for value in expected)
        for model in (compiled, _with_state(file, state)):
            for ours, theirs in zip(_outputs(model.eval(), inputs), expected, strict=True):
                assert rounded or torch.equal(ours, theirs)
                torch.testing.assert_close(ours, theirs)
    for ours, theirs in zip(_gradients(compiled, inputs), _gradients(original, inputs), strict=True):
        torch.testing.assert_close(ours, theirs)
    published = dict(original.named_parameters())
    for name, parameter in compiled.named_parameters():
        torch.testing.assert_close(parameter.grad, published[name].grad, msg=lambda text, name=name: f"{name}: {text}")
