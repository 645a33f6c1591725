"""What one call has alive at once at most, in eval mode and without gradients: its outputs and what leads to them.

Counted are tensors as torch's dispatcher sees them, on the CPU in float32: what a layer's Python and its composite
operations make, not the workspace of a kernel. Attention and transformers are counted as their Python computes them,
which torch's fused fast path may undercut. `tests/conformance/test_working.py` holds the rules to torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from archspec.ops.entry import Args, Inputs, Op, Outputs
from archspec.ops.memory_of_patterns import reducing
from archspec.ops.memory_size import size_of
from archspec.ops.working_of_attention import attention, decoder_layer, encoder_layer, fused_attention, transformer
from archspec.ops.working_of_layers import LAYERS
from archspec.ops.working_of_parts import mlp, norm_activation, pyramid, squeeze
from archspec.ops.working_of_recurrence import cell, gated, long_short, plain

Working: TypeAlias = Callable[[Args, Inputs, Outputs], int]

_RULES: Mapping[str, Working] = {
    **LAYERS,
    "MultiheadAttention": attention,
    "scaled_dot_product_attention": fused_attention,
    "TransformerEncoderLayer": encoder_layer,
    "TransformerDecoderLayer": decoder_layer,
    "Transformer": transformer,
    "Conv2dNormActivation": norm_activation,
    "Conv3dNormActivation": norm_activation,
    "MLP": mlp,
    "SqueezeExcitation": squeeze,
    "FeaturePyramidNetwork": pyramid,
    "RNN": plain,
    "LSTM": long_short,
    "GRU": gated,
    "RNNCell": cell(3),
    "LSTMCell": cell(8),
    "GRUCell": cell(8),
    "reduce": reducing,
}


def working(op: Op, args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """Bytes for a batch of one. What only gives a view of its input is not asked for; a `view` here is a copy."""
    rule = _RULES.get(op.name)
    if rule is not None:
        return rule(args, inputs, outputs)
    if op.bare or op.overwrites(args):
        return 0
    return sum(map(size_of, outputs))
