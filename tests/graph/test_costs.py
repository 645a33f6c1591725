"""Activation memory, against what real forwards keep."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

import archspec
from archspec.emit.activations import activations
from tests.judge import samples, tensors
from tests.live import peak_of


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


PATHS = {path.stem: path for path in sorted(Path("specs").rglob("*.yaml"))}
ZOO = sorted(PATHS)
NEARLY = ("llama", "llama3_405b", "lstm_tagger", "swin_t", "transformer")
"""Whose strides decide whether a pattern copies, whose steps are an LSTM's, or whose Transformer has masks."""
REDUCED = SMALL | {
    "llama": SMALL["llama3_405b"],
    "gpt2": {"vocabulary": 50, "context": 16, "features": 32, "heads": 4, "depth": 2},
    "transformer": {"words": 50, "length": 9, "features": 32, "heads": 4, "hidden": 64, "depth": 2},
    "wavenet": {"length": 64, "cycles": 2, "dilations": 4},
    "bilinear_cnn": {"size": 64, "convs": [1, 1, 1]},
    "siamese": {"features": 16},
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
        (f"  a: {CONV}\n  b: {CONV}\n  c: {CONV}\n", 3, 4),
        (f"  a: {CONV}\n  b: {CONV}\n  c: {{add: [a, b]}}\n", 4, 3),
        (f"  a: {CONV}\n  b: {{ReLU: {{inplace: true}}}}\n", 2, 2),
        (f"  a: {CONV}\n  b: {CONV}\n  c: {CONV}\n  d: {{add: [a, c]}}\n", 4, 4),
        (f"  a: {{layers: [{CONV}], skip: add, repeat: 2}}\n", 4, 3),
    ],
)
def test_counted_by_hand(layers: str, forward: int, training: int) -> None:
    found = activations(archspec.load(text(layers)).graph)
    assert (found.forward, found.training) == (forward * SIZE, training * SIZE)


def evaluated(architecture: archspec.Architecture) -> int:
    """The most bytes that a real forward has alive at once, its inputs included."""
    inputs, model = samples(architecture, 1), architecture.build().eval()
    peak, _ = peak_of(model, inputs, [*model.parameters(), *model.buffers()])
    return peak + sum(given.untyped_storage().nbytes() for given in inputs)


@pytest.mark.parametrize("spec", ZOO)
def test_evaluation_is_what_is_alive_in_a_real_forward(spec: str) -> None:
    architecture = archspec.load(PATHS[spec], **REDUCED.get(spec, {}))
    found, real = activations(architecture.graph).forward, evaluated(architecture)
    assert found == (pytest.approx(real, rel=0.05) if spec in NEARLY else real)


FORMS = {
    "a loop over copies": f"layers:\n  a: {{layers: [{CONV}, ReLU], skip: add, repeat: 3}}\n  b: {CONV}\n",
    "copies that others take from": (
        f"layers:\n  a: {{layers: [{CONV}, ReLU], repeat: 3}}\n  b: {CONV}\n  c: {{add: [a.0, a.1, b]}}\n"
    ),
    "stages": f"layers:\n  s$(stage): {{layers: [{CONV}, GELU], repeat: [2, 1, 2]}}\n  c: {{concat: [s0, s2]}}\n",
    "branches": f"layers:\n  a: {{branches: [{CONV}, [{CONV}, ReLU], Identity], merge: concat}}\n  b: {CONV}\n",
    "a tap into a sequence": (
        f"layers:\n  a: {{layers: {{x: {CONV}, y: {CONV}, z: ReLU}}}}\n  b: {CONV}\n  c: {{mul: [a.x, b]}}\n"
    ),
    "a value from around": f"layers:\n  a: {CONV}\n  b: {{layers: {{x: {CONV}, y: {{add: [x, a]}}, z: ReLU}}}}\n",
    "blocks with an entry that some leave out": (
        f"blocks:\n  b:\n    params: {{wide: true}}\n    layers:\n      p: {{AvgPool2d: 2, when: $wide}}\n"
        f"      c: {CONV}\n      d: {{Upsample: {{scale_factor: 2}}, when: $wide}}\n      e: {{add: [d, input]}}\n"
        "layers: [{b: {}}, {b: {wide: false}}, {b: {}}]\n"
    ),
    "the same module again": f"layers:\n  a: {{layers: [{CONV}, ReLU]}}\n  b: {{use: a}}\n  c: {{add: [a, b]}}\n",
    "several outputs": f"layers:\n  a: {CONV}\n  b: {CONV}\n  c: {{MaxPool2d: 2}}\noutputs: {{first: a, last: c}}\n",
    "an output of training": (
        f"layers:\n  a: {CONV}\n  b: {CONV}\n  aux: {{Flatten: , from: a}}\n  c: {{GELU: , from: a}}\n"
        "  d: {ReLU: , from: b}\noutputs: {last: d, aux: {from: aux, training: true}}\n"
    ),
    "a port that nothing takes": (
        "layers:\n  t: {rearrange: n c h w -> n (h w) c}\n"
        "  a: {MultiheadAttention: {num_heads: 2, batch_first: true}}\n  b: {add: [a, t]}\n  c: {Linear: 4}\n"
    ),
    "patterns that copy": (
        "layers:\n  w: {rearrange: {pattern: 'n c (a h) (b w) -> n (a b) (h w) c', a: 2, b: 2}}\n  l: {Linear: 8}\n"
        "  r: {repeat_axis: {pattern: 'n a b c -> n (a r) b c', r: 3}}\n  s: {sum: 1}\n"
    ),
    "what is handed on": f"layers:\n  a: {CONV}\n  b: Dropout\n  c: Identity\n  d: Flatten\n  e: {{Linear: 2}}\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_lifetimes_are_those_of_the_generated_code(form: str) -> None:
    architecture = archspec.load(f"archspec: 1\ninput: [4, 8, 8]\n{FORMS[form]}")
    assert activations(architecture.graph).forward == evaluated(architecture)
