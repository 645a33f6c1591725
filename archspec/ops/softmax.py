"""Activations along one dimension: softmax and its kin, and the gated linear unit."""

from __future__ import annotations

from archspec.ops.arguments import Int
from archspec.ops.common import LAYOUTS, normalize_dim, same, same_images
from archspec.ops.entry import Arg, Args, Inputs, Op, Outputs
from archspec.ops.faults import RuleFault
from archspec.tensors import Batch, Dim

_DIM = Arg("dim", Int(), doc="the dimension along which the outputs sum to one; 1 is the channels", example=1)
"""Required, although torch guesses it (with a warning) where it is left out: the guess depends on the rank."""


def _check_dim(args: Args, inputs: Inputs) -> None:
    normalize_dim(args.dim, inputs[0].rank, "dim")


def _over_dim(name: str, target: str, doc: str) -> Op:
    return Op(name=name, target=target, doc=doc, args=(_DIM,), primary="dim", check=_check_dim, shape=same)


def _half(size: Dim) -> Dim | None:
    whole = size.multiple if isinstance(size, Batch) else size
    if whole % 2:
        return None
    return Batch(whole // 2) if isinstance(size, Batch) else whole // 2


def _glu_shape(args: Args, inputs: Inputs) -> Outputs:
    given = inputs[0]
    dim = normalize_dim(args.dim, given.rank, "dim")
    half = _half(given.shape[dim])
    if half is None:
        raise RuleFault(
            "AS402",
            f"{{name}} halves dimension {dim} of {given}, but {given.shape[dim]} is odd",
            arg="dim" if "dim" in args.written else None,
            input=0,
            help="make that dimension even, or choose another `dim`",
        )
    return (given.with_shape((*given.shape[:dim], half, *given.shape[dim + 1 :]), channels_first=given.channels_first),)


def _gated(name: str, target: str) -> Op:
    return Op(
        name=name,
        target=target,
        doc="a · sigmoid(b), with a and b the halves along one dimension.",
        args=(Arg("dim", Int(), -1, doc="the dimension to halve"),),
        primary="dim",
        shape=_glu_shape,
    )


OPS = (
    _over_dim("Softmax", "torch.nn.Softmax", "exp(x) / Σ exp(x) along one dimension."),
    _over_dim("Softmin", "torch.nn.Softmin", "exp(−x) / Σ exp(−x) along one dimension."),
    _over_dim("LogSoftmax", "torch.nn.LogSoftmax", "log(softmax(x)) along one dimension."),
    _over_dim("softmax", "torch.nn.functional.softmax", "exp(x) / Σ exp(x) along one dimension."),
    _over_dim("log_softmax", "torch.nn.functional.log_softmax", "log(softmax(x)) along one dimension."),
    _over_dim("softmin", "torch.nn.functional.softmin", "exp(−x) / Σ exp(−x) along one dimension."),
    Op(
        name="Softmax2d",
        target="torch.nn.Softmax2d",
        doc="Softmax over the channels at each pixel.",
        ranks=(4,),
        layout=LAYOUTS[2],
        shape=same_images,
    ),
    _gated("GLU", "torch.nn.GLU"),
    _gated("glu", "torch.nn.functional.glu"),
)
