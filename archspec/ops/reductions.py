"""Functions that reduce dimensions, or run along one: sums, means, extremes, norms, running sums."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from archspec.ops.arguments import Bool, Each, Float, Int
from archspec.ops.common import normalize_dim, same
from archspec.ops.entry import Arg, Args, Inputs, Op, Outputs
from archspec.ops.faults import RuleFault
from archspec.tensors import Dim, TensorType

_DIMS = Arg("dim", Each(Int(), or_one=True), doc="the dimensions to reduce; 0 is the batch", example=1)
_DIM = Arg("dim", Int(), doc="the dimension to work along; 0 is the batch", example=1)
_KEEPDIM = Arg("keepdim", Bool(), False, doc="keep the reduced dimensions, with size 1")
"""Dimensions are required: torch's default reduces the batch too."""


def dims_of(value: Any, rank: int, arg: str = "dim") -> tuple[int, ...]:
    """Dimensions counted from the front.

    Raises:
        RuleFault: AS307 for one out of range, AS402 for one that is named twice.
    """
    listed = value if isinstance(value, tuple) else (value,)
    found = tuple(normalize_dim(dim, rank, arg) for dim in listed)
    if len(set(found)) < len(found):
        twice = next(index for index, dim in enumerate(found) if dim in found[:index])
        message = f"`{arg}` of {{name}} names dimension {found[twice]} twice"
        raise RuleFault("AS402", message, arg=arg, index=twice, help="name each dimension once")
    return found


def _reduced(args: Args, inputs: Inputs) -> tuple[Dim, ...]:
    given = inputs[0]
    gone = dims_of(args.dim, given.rank)
    if args.get("keepdim"):
        return tuple(1 if dim in gone else size for dim, size in enumerate(given.shape))
    left = tuple(size for dim, size in enumerate(given.shape) if dim not in gone)
    if not left:
        message = f"{{name}} would leave no dimension of {given}"
        raise RuleFault("AS402", message, arg="dim", input=0, help="write `keepdim: true`, or reduce fewer dimensions")
    return left


def _reduce_shape(args: Args, inputs: Inputs) -> Outputs:
    return (inputs[0].with_shape(_reduced(args, inputs), channels_first=_kept_layout(args, inputs)),)


def _kept_layout(args: Args, inputs: Inputs) -> bool:
    return bool(args.get("keepdim")) and inputs[0].channels_first


def _counted_shape(args: Args, inputs: Inputs) -> Outputs:
    """Sums of integers and booleans are int64."""
    (output,) = _reduce_shape(args, inputs)
    return (output if output.is_floating else TensorType(output.shape, "int64", output.channels_first),)


def _places_shape(args: Args, inputs: Inputs) -> Outputs:
    return (TensorType(_reduced(args, inputs), "int64"),)


def _with_places_shape(args: Args, inputs: Inputs) -> Outputs:
    (output,) = _reduce_shape(args, inputs)
    return (output, TensorType(output.shape, "int64"))


def _truth_shape(args: Args, inputs: Inputs) -> Outputs:
    """Of numbers too, which are true where they are not 0; only bytes stay bytes."""
    (output,) = _reduce_shape(args, inputs)
    return (TensorType(output.shape, "uint8" if output.dtype == "uint8" else "bool", output.channels_first),)


def _along_shape(args: Args, inputs: Inputs) -> Outputs:
    normalize_dim(args.dim, inputs[0].rank, "dim")
    return (inputs[0],)


def _check_norm_dims(args: Args, inputs: Inputs) -> None:
    dims_of(args.dim, inputs[0].rank)


def _reduction(
    name: str,
    doc: str,
    *more: Arg,
    dim: Arg = _DIMS,
    target: str = "",
    first: tuple[Arg, ...] = (),
    shape: Callable[[Args, Inputs], Outputs] = _reduce_shape,
    ports: tuple[str, ...] = ("output",),
    floating: bool = True,
) -> Op:
    return Op(
        name=name,
        target=target or f"torch.{name}",
        doc=doc,
        args=(*first, dim, *more, _KEEPDIM),
        primary="dim",
        shape=shape,
        ports=ports,
        floating=floating,
    )


_CORRECTION = Arg("correction", Int(), 1, doc="what the number of elements is reduced by in the divisor")
_VALUES = ("values", "indices")

OPS = (
    _reduction("mean", "The mean over some dimensions."),
    _reduction("sum", "The sum over some dimensions.", shape=_counted_shape, floating=False),
    _reduction("amax", "The maximum over some dimensions."),
    _reduction("amin", "The minimum over some dimensions."),
    _reduction("std", "The standard deviation over some dimensions.", _CORRECTION),
    _reduction("var", "The variance over some dimensions.", _CORRECTION),
    _reduction("logsumexp", "log(Σ exp(x)) over some dimensions."),
    _reduction(
        "vector_norm",
        "The norm over some dimensions.",
        target="torch.linalg.vector_norm",
        first=(Arg("ord", Float(), 2, doc="the norm's power"),),
    ),
    _reduction("prod", "The product along one dimension.", dim=_DIM, shape=_counted_shape, floating=False),
    _reduction("argmax", "The place of the maximum along one dimension.", dim=_DIM, shape=_places_shape),
    _reduction("argmin", "The place of the minimum along one dimension.", dim=_DIM, shape=_places_shape),
    _reduction(
        "max",
        "The maximum along one dimension, and its place.",
        dim=_DIM,
        shape=_with_places_shape,
        ports=_VALUES,
    ),
    _reduction(
        "min",
        "The minimum along one dimension, and its place.",
        dim=_DIM,
        shape=_with_places_shape,
        ports=_VALUES,
    ),
    _reduction(
        "median",
        "The median along one dimension, the lower one of two, and its place.",
        dim=_DIM,
        shape=_with_places_shape,
        ports=_VALUES,
    ),
    _reduction("any", "Whether one is true along some dimensions.", shape=_truth_shape, floating=False),
    _reduction("all", "Whether all are true along some dimensions.", shape=_truth_shape, floating=False),
    *(
        Op(
            name=name,
            target=f"torch.{name}",
            doc=doc,
            args=(_DIM,),
            primary="dim",
            shape=_along_shape,
        )
        for name, doc in (
            ("cumsum", "The running sum along one dimension."),
            ("cumprod", "The running product along one dimension."),
        )
    ),
    Op(
        name="normalize",
        target="torch.nn.functional.normalize",
        doc="x over its norm along some dimensions.",
        args=(
            Arg("p", Float(), 2.0, doc="the norm's power"),
            Arg("dim", Each(Int(), or_one=True), 1, doc="the dimensions of the norm"),
            Arg("eps", Float(above=0), 1e-12, doc="smallest divisor"),
        ),
        primary="dim",
        check=_check_norm_dims,
        shape=same,
    ),
)
