"""Layers and functions that keep every element and change the shape only."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from archspec.ops.arguments import Each, Int, show
from archspec.ops.common import normalize_dim, same
from archspec.ops.entry import Arg, Args, Inputs, Op, Outputs
from archspec.ops.faults import RuleFault
from archspec.tensors import Batch, Dim, volume


def _flatten_shape(args: Args, inputs: Inputs) -> Outputs:
    given = inputs[0]
    start = normalize_dim(args.start_dim, given.rank, "start_dim")
    end = normalize_dim(args.end_dim, given.rank, "end_dim")
    if start > end:
        raise RuleFault(
            "AS402",
            f"{{name}} would join the dimensions from {start} to {end} of {given}: it starts after it ends",
            arg="start_dim" if "start_dim" in args.written else "end_dim" if "end_dim" in args.written else None,
            input=0,
            help="use a `start_dim` that is not after `end_dim`",
        )
    if start == end:
        return (given,)
    return (given.with_shape((*given.shape[:start], volume(given.shape[start : end + 1]), *given.shape[end + 1 :])),)


def _flatten_code(args: Args, inputs: tuple[str, ...]) -> str:
    """`start_dim` is always written: torch's function starts at 0, this one at 1 as the layer does."""
    end = "" if args.end_dim == -1 else f", {args.end_dim}"
    return f"torch.flatten({inputs[0]}, {args.start_dim}{end})"


def _flatten(name: str, target: str, code: Callable[[Args, tuple[str, ...]], str] | None = None) -> Op:
    return Op(
        name=name,
        target=target,
        doc="Joins the dimensions from start_dim to end_dim into one.",
        args=(
            Arg("start_dim", Int(), 1, doc="first dimension to join"),
            Arg("end_dim", Int(), -1, doc="last dimension to join"),
        ),
        primary="start_dim",
        shape=_flatten_shape,
        code=code,
        floating=False,
        view="shared",
    )


def _parts(args: Args) -> tuple[str, tuple[int, ...]]:
    """The sizes, after the name that the layer or the function has for them."""
    name = "sizes" if "sizes" in args else "unflattened_size"
    return name, args[name]


def _unflatten_shape(args: Args, inputs: Inputs) -> Outputs:
    given = inputs[0]
    dim = normalize_dim(args.dim, given.rank, "dim")
    name, into = _parts(args)
    parts = _split(given.shape[dim], into)
    if parts is None:
        raise RuleFault(
            "AS402",
            f"{{name}} cannot split dimension {dim} of {given} into {show(into)}: "
            f"{given.shape[dim]} is not {' · '.join(map(str, into))}",
            arg=name,
            input=0,
            help="write sizes whose product it is; one of them may be -1, for what is left",
        )
    return (given.with_shape((*given.shape[:dim], *parts, *given.shape[dim + 1 :])),)


def _split(size: Dim, into: tuple[int, ...]) -> tuple[Dim, ...] | None:
    """The sizes with −1 solved; None where their product is not `size` for every batch size."""
    known = prod(part for part in into if part != -1)
    whole = size.multiple if isinstance(size, Batch) else size
    if -1 not in into:
        return into if known == size else None
    if whole % known:
        return None
    left: Dim = Batch(whole // known) if isinstance(size, Batch) else whole // known
    return tuple(left if part == -1 else part for part in into)


def _check_unflatten(args: Args, inputs: Inputs) -> None:
    name, into = _parts(args)
    unknown = [index for index, part in enumerate(into) if part == -1]
    zero = [index for index, part in enumerate(into) if part == 0]
    if len(unknown) > 1 or zero:
        found = "two sizes of -1" if len(unknown) > 1 else "a size of 0"
        raise RuleFault(
            "AS402",
            f"`{name}` of {{name}} has {found}",
            arg=name,
            index=zero[0] if zero else unknown[1],
            help="write positive sizes, of which one may be -1",
        )


def _unflatten(name: str, target: str, sizes: str) -> Op:
    return Op(
        name=name,
        target=target,
        doc="Splits one dimension into several.",
        args=(
            Arg("dim", Int(), doc="the dimension to split", example=1),
            Arg(sizes, Each(Int(-1)), doc="its new sizes; -1 for what is left", example=[8, -1]),
        ),
        primary="dim",
        check=_check_unflatten,
        shape=_unflatten_shape,
        floating=False,
        view="shared",
    )


OPS = (
    Op(name="Identity", target="torch.nn.Identity", doc="The input itself.", shape=same, floating=False, view="shared"),
    _flatten("Flatten", "torch.nn.Flatten"),
    _flatten("flatten", "torch.flatten", code=_flatten_code),
    _unflatten("Unflatten", "torch.nn.Unflatten", "unflattened_size"),
    _unflatten("unflatten", "torch.unflatten", "sizes"),
)
