"""Activation memory, against what real forwards keep."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import archspec
from archspec.graph.costs import activations
from tests.judge import samples, tensors


def kept_by(model: nn.Module, batch: torch.Tensor) -> int:
    """Bytes that are alive after a forward in training mode: input, outputs, and what autograd keeps, by storage."""
    own = {tensor.untyped_storage().data_ptr() for tensor in (*model.parameters(), *model.buffers())}
    alive = [batch]

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        alive.append(tensor.detach())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        alive += tensors(model.train()(batch))
    storages = {tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes() for tensor in alive}
    return sum(size for place, size in storages.items() if place not in own)


SMALL = {
    "convnet": {},
    "lenet": {},
    "mlp": {},
    "resnet34": {"size": 64},
    "unet": {"channels": 3, "base": 8, "size": 51},
    "unet_bilinear": {"base": 8, "size": 32},
    "vit_b_16": {"size": 64, "features": 48, "hidden": 96, "depth": 3},
    "llama3_405b": {
        "vocabulary": 50,
        "context": 7,
        "features": 32,
        "hidden": 48,
        "heads": 8,
        "kv_heads": 2,
        "layers": 2,
    },
}


@pytest.mark.parametrize("spec", SMALL)
def test_training_is_what_autograd_keeps(spec: str) -> None:
    architecture = archspec.load(f"specs/{spec}.yaml", **SMALL[spec])
    (batch,) = samples(architecture, 1)
    with torch.random.fork_rng():
        assert activations(architecture.graph).training == kept_by(architecture.build(), batch)


def text(layers: str) -> str:
    return f"archspec: 1\ninput: [4, 8, 8]\nlayers:\n{layers}"


CONV = "{Conv2d: {out_channels: 4, kernel_size: 3, padding: 1}}"
SIZE = 4 * 8 * 8 * 4  # bytes of each value below


@pytest.mark.parametrize(
    ("layers", "forward", "training"),
    [
        (f"  a: {CONV}\n  b: {CONV}\n  c: {CONV}\n", 2, 4),
        (f"  a: {CONV}\n  b: {CONV}\n  c: {{add: [a, b]}}\n", 3, 3),
        (f"  a: {CONV}\n  b: {{ReLU: {{inplace: true}}}}\n", 2, 2),
        (f"  a: {CONV}\n  b: {CONV}\n  c: {CONV}\n  d: {{add: [a, c]}}\n", 3, 4),
        (f"  a: {{layers: [{CONV}], skip: add, repeat: 2}}\n", 3, 3),
    ],
)
def test_counted_by_hand(layers: str, forward: int, training: int) -> None:
    found = activations(archspec.load(text(layers)).graph)
    assert (found.forward, found.training) == (forward * SIZE, training * SIZE)
