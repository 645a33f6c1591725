"""Masks of attention: our rule and torch agree on their shapes and element types."""

from __future__ import annotations

import itertools

import pytest
import torch

from archspec.ops.apply import apply
from archspec.ops.faults import RuleFaults
from archspec.ops.registry import CATALOGUE
from archspec.tensors import Batch, N, TensorType
from tests.conformance.judge import caller, judge, promised

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
SIZES = (4, 5)
TARGET, SOURCE = (TensorType((N, size, 8)) for size in SIZES)
INPUTS = {
    "MultiheadAttention": (TARGET, SOURCE),
    "TransformerEncoderLayer": (TARGET,),
    "TransformerDecoderLayer": (TARGET, SOURCE),
    "Transformer": (SOURCE, TARGET),
}
SMALL = {"dim_feedforward": 6, "num_encoder_layers": 1, "num_decoder_layers": 1}
SHAPES = (
    *itertools.product(SIZES, SIZES),
    *((Batch(2), *pair) for pair in itertools.product(SIZES, SIZES)),
    *((N, size) for size in SIZES),
    (N, 4, 4),
    (4,),
)
MASKS = [(kind, name) for kind in INPUTS for name in CATALOGUE[kind].keywords]


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("dtype", ["bool", "float32", "int64"])
@pytest.mark.parametrize(("kind", "name"), MASKS)
def test_masks(kind: str, name: str, dtype: str, first: bool) -> None:
    torch.manual_seed(0)
    op = CATALOGUE[kind]
    heads = "num_heads" if kind == "MultiheadAttention" else "nhead"
    written = {heads: 2, "batch_first": first} | {
        name: value for name, value in SMALL.items() if op.arg(name) is not None
    }
    inputs = tuple(given if first else given.with_shape((given.shape[1], N, 8)) for given in INPUTS[kind])
    cut_off = kind == "Transformer" and name == "src_key_padding_mask" and dtype == "float32"
    accepted = 0
    for shape in SHAPES:
        mask = TensorType(shape, dtype)
        args = apply(op, written, inputs).args
        try:
            applied = apply(op, written, inputs, {name: mask})
        except RuleFaults:
            args.named[name] = mask
            if cut_off:  # torch takes it, and hides what is not zero, or fails where nothing is left
                continue
            with pytest.raises((RuntimeError, AssertionError, TypeError)):
                judge(op, caller(op, args), (*inputs, mask))
        else:
            accepted += 1
            assert judge(op, caller(op, applied.args), (*inputs, mask)).runs == promised(applied).runs
    assert accepted == (0 if dtype == "int64" or cut_off else 1 if "padding" in name else 2)
