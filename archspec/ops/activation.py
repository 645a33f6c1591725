"""Element-wise activations, as layers and as functions."""

from __future__ import annotations

from archspec.ops.arguments import Bool, Float
from archspec.ops.common import same
from archspec.ops.entry import Arg, Op

_INPLACE = Arg("inplace", Bool(), False, doc="write the result over the input")


def _layer(name: str, doc: str, *args: Arg) -> Op:
    return Op(name=name, target=f"torch.nn.{name}", doc=doc, args=args, shape=same)


def _function(name: str, target: str, doc: str, *args: Arg) -> Op:
    return Op(name=name, target=target, doc=doc, args=args, shape=same)


OPS = (
    _layer("ReLU", "max(0, x).", _INPLACE),
    _layer(
        "LeakyReLU",
        "x where positive, else negative_slope · x.",
        Arg("negative_slope", Float(), 0.01, doc="slope for negative inputs"),
        _INPLACE,
    ),
    _function("relu", "torch.nn.functional.relu", "max(0, x)."),
)
