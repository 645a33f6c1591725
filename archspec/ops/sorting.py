"""Functions that put the elements along a dimension in order: `sort`, `argsort`, `topk`."""

from __future__ import annotations

from collections.abc import Callable

from archspec.ops.arguments import Bool, Int
from archspec.ops.common import normalize_dim
from archspec.ops.entry import Arg, Args, Inputs, Op, Outputs
from archspec.ops.faults import RuleFault
from archspec.ops.indexing import fixed_size
from archspec.tensors import TensorType

_DIM = Arg("dim", Int(), -1, doc="the dimension to work along")
_DESCENDING = Arg("descending", Bool(), False, doc="the largest first")
_STABLE = Arg("stable", Bool(), False, doc="keep the order of equal elements")


def _topk_shape(args: Args, inputs: Inputs) -> Outputs:
    given = inputs[0]
    dim = normalize_dim(args.dim, given.rank, "dim")
    size = fixed_size(given, dim)
    if args.k > size:
        raise RuleFault(
            "AS402",
            f"`k: {args.k}` of {{name}} is more than the {size} places of dimension {dim} of {given}",
            arg="k",
            input=0,
            help=f"use a `k` from 1 to {size}",
            suggestion=size,
        )
    shape = (*given.shape[:dim], args.k, *given.shape[dim + 1 :])
    return (given.with_shape(shape), TensorType(shape, "int64"))


def _sort_shape(args: Args, inputs: Inputs) -> Outputs:
    given = inputs[0]
    normalize_dim(args.dim, given.rank, "dim")
    return (given, TensorType(given.shape, "int64"))


def _argsort_shape(args: Args, inputs: Inputs) -> Outputs:
    return _sort_shape(args, inputs)[1:]


def _in_order(name: str, doc: str, shape: Callable[[Args, Inputs], Outputs], ports: tuple[str, ...]) -> Op:
    args = (_DIM, _DESCENDING, _STABLE)
    return Op(name=name, target=f"torch.{name}", doc=doc, args=args, primary="dim", ports=ports, shape=shape)


OPS = (
    Op(
        name="topk",
        target="torch.topk",
        doc="The k largest values along one dimension, and their places.",
        args=(
            Arg("k", Int(1), doc="how many", example=1),
            _DIM,
            Arg("largest", Bool(), True, doc="false for the smallest ones"),
            Arg("sorted", Bool(), True, doc="in order of size"),
        ),
        primary="k",
        ports=("values", "indices"),
        shape=_topk_shape,
    ),
    _in_order(
        "sort", "The elements in order along one dimension, and their places.", _sort_shape, ("values", "indices")
    ),
    _in_order("argsort", "The places of the elements in order along one dimension.", _argsort_shape, ("output",)),
)
