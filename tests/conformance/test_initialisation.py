"""Default initial values: ours, drawn with torch's generator in torch's order, are torch's to the last bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from archspec.emit.initialize import fill
from archspec.ops.apply import Applied, apply
from archspec.ops.entry import Init, Op
from archspec.ops.registry import CATALOGUE
from archspec.tensors import N, TensorType
from tests.conformance.judge import caller

SEQUENCE = {"batch_first": True}
VARIANTS: dict[str, list[dict[str, Any]]] = {
    "Conv2d": [{}, {"groups": 4, "kernel_size": [1, 3]}, {"bias": False}],
    "ConvTranspose2d": [{}, {"groups": 4, "kernel_size": [1, 3]}, {"bias": False}],
    "Linear": [{}, {"bias": False}],
    "PReLU": [{}, {"num_parameters": 8, "init": 0.5}],
    "BatchNorm2d": [{}, {"affine": False}, {"track_running_stats": False}],
    "InstanceNorm2d": [{}, {"affine": True}, {"affine": True, "track_running_stats": True}],
    "LayerNorm": [{"normalized_shape": [5, 7]}, {"normalized_shape": 7, "bias": False}],
    "RMSNorm": [{"normalized_shape": [5, 7]}],
    "RNN": [SEQUENCE, {**SEQUENCE, "num_layers": 2, "bidirectional": True}, {**SEQUENCE, "bias": False}],
    "LSTM": [SEQUENCE, {**SEQUENCE, "num_layers": 2, "bidirectional": True, "proj_size": 3, "hidden_size": 5}],
    "GRU": [SEQUENCE],
    "Embedding": [{}, {"padding_idx": -2}],
    "EmbeddingBag": [{}, {"padding_idx": 3}],
}
FEATURES = 8
INPUTS = {
    "Bilinear": (TensorType((N, 5)), TensorType((N, 7))),
    "DeformConv2d": (TensorType((N, FEATURES, 5, 7)), TensorType((N, 18, 3, 5))),
    "Embedding": (TensorType((N, 5), "int64"),),
    "EmbeddingBag": (TensorType((N, 5), "int64"),),
    "MultiheadAttention": (TensorType((N, 5, FEATURES)), TensorType((N, 6, FEATURES)), TensorType((N, 6, FEATURES))),
    "TransformerDecoderLayer": (TensorType((N, 5, FEATURES)), TensorType((N, 6, FEATURES))),
    "Transformer": (TensorType((N, 5, FEATURES)), TensorType((N, 6, FEATURES))),
    "TransformerEncoderLayer": (TensorType((N, 5, FEATURES)),),
    **{name: (TensorType((N, 5, FEATURES)),) for name in ("RNN", "LSTM", "GRU")},
}
IN_ANOTHER_ORDER: dict[str, list[dict[str, Any]]] = {
    "MultiheadAttention": [{}, {"bias": False}, {"add_bias_kv": True}],
    "TransformerEncoderLayer": [{"nhead": 2}, {"nhead": 2, "bias": False}],
    "TransformerDecoderLayer": [{"nhead": 2}],
    "FeaturePyramidNetwork": [{"out_channels": 5}, {"out_channels": 5, "norm_layer": "BatchNorm2d"}],
    "Transformer": [{"nhead": 2, "num_encoder_layers": 2, "num_decoder_layers": 1, "dim_feedforward": 9}],
}
"""Layers that torch does not initialise in the order in which it registers their parameters."""


NO_STATE = Op.__dataclass_fields__["state"].default
WITH_STATE = [name for name, op in CATALOGUE.items() if op.state is not NO_STATE]


def applied_example(name: str, variant: dict[str, Any]) -> Applied:
    op = CATALOGUE[name]
    written = {arg.name: arg.example for arg in op.args if arg.is_required} | variant
    rank = next((rank for rank in reversed(op.ranks) if rank <= 5), 4)
    inputs = INPUTS.get(name) or (TensorType((*(N, 8, 5, 6)[: rank - 1], 7)),)
    return apply(op, written, inputs)


@pytest.mark.parametrize(
    ("name", "variant"),
    [(name, variant) for name in WITH_STATE if name not in IN_ANOTHER_ORDER for variant in VARIANTS.get(name, [{}])],
)
def test_initial_values_are_torchs(name: str, variant: dict[str, Any]) -> None:
    applied = applied_example(name, variant)
    torch.manual_seed(1)
    theirs = made(name, applied).state_dict()
    torch.manual_seed(1)
    assert list(applied.state) == list(theirs)
    for key, state in applied.state.items():
        tensor = torch.empty(state.shape, dtype=getattr(torch, state.dtype))
        with torch.no_grad():
            getattr(torch.nn.init, state.init.function + "_")(tensor, **state.init.arguments)
            if state.init.zero_row is not None:
                tensor[state.init.zero_row] = 0
        assert torch.equal(tensor, theirs[key]), key


def made(name: str, applied: Applied) -> torch.nn.Module:
    layer = caller(CATALOGUE[name], applied.args)
    return getattr(layer, "module", layer)


@pytest.mark.parametrize(
    ("name", "variant"), [(name, variant) for name, variants in IN_ANOTHER_ORDER.items() for variant in variants]
)
def test_initialisation_is_the_last_that_torch_does(
    monkeypatch: pytest.MonkeyPatch, name: str, variant: dict[str, Any]
) -> None:
    op = CATALOGUE[name]
    applied = applied_example(name, {**(SEQUENCE if op.arg("batch_first") else {}), **variant})
    done: dict[int, Init] = {}
    watch(monkeypatch, done)
    layer = made(name, applied)
    assert list(applied.state) == list(layer.state_dict())
    deep_copied = name == "Transformer"  # whose layers are copies of one that was initialised
    for key, parameter in layer.named_parameters():
        found = done.get(parameter.data_ptr())
        if found is None and deep_copied:
            assert parameter.dim() == 1, key
        else:
            assert applied.state[key].init == found, key


def watch(monkeypatch: pytest.MonkeyPatch, done: dict[int, Init]) -> None:
    """Note what every function of torch.nn.init does last to each tensor."""
    inner = False

    def watched(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(tensor: torch.Tensor, *values: float, **named: float) -> Any:
            nonlocal inner
            if inner:
                return function(tensor, *values, **named)
            inner = True
            words = dict(zip(("a", "b"), values, strict=False)) | named
            if name == "constant":
                done[tensor.data_ptr()] = Init({0.0: "zeros", 1.0: "ones"}[values[0]])
            else:
                done[tensor.data_ptr()] = Init(name, words)
            try:
                return function(tensor, *values, **named)
            finally:
                inner = False

        return call

    modules = (torch.nn.init, torch.nn.modules.activation, torch.nn.modules.transformer)
    for name in ("uniform", "zeros", "ones", "constant", "kaiming_uniform", "xavier_uniform", "xavier_normal"):
        for module in modules:
            if hasattr(module, f"{name}_"):
                monkeypatch.setattr(module, f"{name}_", watched(name, getattr(torch.nn.init, f"{name}_")))


def test_a_row_is_zero() -> None:
    tensor = torch.empty(4, 3)
    fill(tensor, Init("ones", zero_row=2), 0, "embedding.weight")
    assert tensor.sum(1).tolist() == [3, 3, 0, 3]
