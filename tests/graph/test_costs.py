"""Activation memory, against what real forwards keep."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import archspec
from archspec.graph.costs import activations


def outputs_of(model: nn.Module, batch: torch.Tensor) -> int:
    """Bytes of all modules' outputs that have memory of their own, the input's included."""
    kept = [batch]
    for module in model.modules():
        if not list(module.children()):
            module.register_forward_hook(lambda _module, _inputs, output: kept.append(output))
    model(batch)
    storages = {tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes() for tensor in kept}
    return sum(storages.values())


@pytest.mark.parametrize("spec", ["specs/convnet.yaml", "specs/lenet.yaml", "specs/mlp.yaml"])
def test_training_is_every_value(spec: str) -> None:
    architecture = archspec.load(spec)
    batch = torch.randn(1, *architecture.input_types["input"].shape[1:])  # type: ignore[arg-type]
    assert activations(architecture.graph).training == outputs_of(architecture.build().eval(), batch)


def text(layers: str) -> str:
    return f"archspec: 1\ninput: [4, 8, 8]\nlayers:\n{layers}"


CONV = "{Conv2d: {out_channels: 4, kernel_size: 3, padding: 1}}"
SIZE = 4 * 8 * 8 * 4  # bytes of each value below


@pytest.mark.parametrize(
    ("layers", "forward", "training"),
    [
        (f"  a: {CONV}\n  b: {CONV}\n  c: {CONV}\n", 2, 4),
        (f"  a: {CONV}\n  b: {CONV}\n  c: {{add: [a, b]}}\n", 3, 4),
        (f"  a: {CONV}\n  b: {{ReLU: {{inplace: true}}}}\n", 2, 2),
        (f"  a: {CONV}\n  b: {CONV}\n  c: {CONV}\n  d: {{add: [a, c]}}\n", 3, 5),
        (f"  a: {{layers: [{CONV}], skip: add, repeat: 2}}\n", 3, 5),
    ],
)
def test_counted_by_hand(layers: str, forward: int, training: int) -> None:
    found = activations(archspec.load(text(layers)).graph)
    assert (found.forward, found.training) == (forward * SIZE, training * SIZE)
