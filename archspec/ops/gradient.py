"""Which calls compute their gradient from their own output, as torch's table of derivatives has it."""

from __future__ import annotations

from archspec.ops.entry import Args, Op
from archspec.ops.layer_class import kind_of

OUTPUT_ALONE = frozenset(
    (
        *(
            "ReLU",
            "relu",
            "Sigmoid",
            "sigmoid",
            "Tanh",
            "tanh",
            "exp",
            "exp2",
            "expm1",
            "tan",
            "sqrt",
            "rsqrt",
            "reciprocal",
        ),
        *("Softmax", "Softmin", "LogSoftmax", "softmax", "softmin", "log_softmax", "Softmax2d"),
    )
)
"""Those whose derivative reads what they made, and nothing else."""

OUTPUT_AND_INPUT = frozenset(("amax", "amin", "std", "logsumexp", "vector_norm", "prod", "cumprod", "CrossMapLRN2d"))
"""Those whose derivative reads what they were given too."""

_ALWAYS = (
    OUTPUT_ALONE
    | OUTPUT_AND_INPUT
    | {"LSTM", "RNNCell", "PairwiseDistance", "pairwise_distance", "cdist", "scaled_dot_product_attention"}
)
_IN_PLACE = frozenset(("ELU", "SELU", "CELU", "LeakyReLU", "RReLU"))


def keeps_output(op: Op, args: Args) -> bool:
    """Whether the backward pass reads what the call made, so that nothing may change it in place."""
    if op.name == "reduce":
        return args.reduction in ("max", "min", "prod")
    last = kind_of(args.get("activation_layer")) if op.name.endswith("NormActivation") else op.name
    return last in _ALWAYS or (last in _IN_PLACE and bool(args.get("inplace")))
