"""Functions that give a tensor other sizes: `reshape`, `expand`, `tile`."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from archspec.ops.arguments import Each, Int
from archspec.ops.code import batch_code
from archspec.ops.common import by
from archspec.ops.entry import Arg, Args, Inputs, Op, Outputs
from archspec.ops.faults import RuleFault
from archspec.ops.sizes import Size
from archspec.tensors import Batch, Dim, Shape, show_shape, volume


def _refuse_two_unknown(sizes: tuple[Dim, ...], arg: str) -> None:
    unknown = [index for index, size in enumerate(sizes) if size == -1]
    if len(unknown) > 1:
        message = f"`{arg}` of {{name}} has two sizes of -1, so that neither is known"
        raise RuleFault("AS402", message, arg=arg, index=unknown[1], help="write all sizes but one")


def _refuse_two_batches(shape: Shape, arg: str) -> None:
    batches = [index for index, size in enumerate(shape) if isinstance(size, Batch)]
    if len(batches) > 1:
        message = f"{{name}} would give {show_shape(shape)}, with the batch in two dimensions"
        raise RuleFault("AS402", message, arg=arg, index=batches[1], help="write `N` in one place only")


def _reshaped(args: Args, inputs: Inputs) -> Shape:
    given, wanted = inputs[0], args.shape
    _refuse_two_unknown(wanted, "shape")
    _refuse_two_batches(wanted, "shape")
    whole, known = volume(given.shape), volume(size for size in wanted if size != -1)
    solved = _solve(whole, known) if -1 in wanted else (1 if whole == known else None)
    if solved is None:
        raise _volume_fault(given.shape, wanted, whole)
    return tuple(solved if size == -1 else size for size in wanted)


def _solve(whole: Dim, known: Dim) -> Dim | None:
    """What is left for -1; None where that is no size for every batch."""
    if isinstance(known, Batch):
        if not isinstance(whole, Batch) or whole.multiple % known.multiple:
            return None
        return whole.multiple // known.multiple
    count = whole.multiple if isinstance(whole, Batch) else whole
    if count % known:
        return None
    return Batch(count // known) if isinstance(whole, Batch) else count // known


def _volume_fault(shape: Shape, wanted: Shape, whole: Dim) -> RuleFault:
    sizes = tuple(size for size in wanted if size != -1 and not isinstance(size, Batch))
    into = by(sizes) + (" and more" if -1 in wanted else "") if sizes else "that"
    if isinstance(whole, Batch):
        count = f"the {whole.multiple} elements per sample"
        help = "write sizes whose product it is, with `N` or -1 for the batch"
    else:
        count, help = f"the {whole} elements", "write sizes whose product it is; one of them may be -1"
    mend = _fitting(wanted, whole)
    if mend is not None:
        help = f"write `{show_shape(mend)}`, or other sizes whose product it is"
    written = show_shape(wanted)
    message = f"{{name}} cannot arrange {show_shape(shape)} as {written}: {count} cannot become {into}"
    return RuleFault("AS402", message, arg="shape", input=0, help=help)


def _fitting(wanted: Shape, whole: Dim) -> Shape | None:
    """The wanted sizes with the first one changed that can be, so that they hold all elements."""
    if -1 in wanted:
        return None
    if isinstance(whole, Batch) and not any(isinstance(size, Batch) for size in wanted):
        return (Batch(1), *wanted) if volume(wanted) == whole.multiple else None
    count = whole.multiple if isinstance(whole, Batch) else whole
    for at, size in enumerate(wanted):
        rest = prod(other if isinstance(other, int) else other.multiple for i, other in enumerate(wanted) if i != at)
        if isinstance(size, int) and count % rest == 0 and count > rest:
            return (*wanted[:at], count // rest, *wanted[at + 1 :])
    return None


def _solved_reshape(args: Args, inputs: Inputs) -> Mapping[str, Any]:
    """-1 stands for the batch, so that the code holds for any. What was written holds for other sizes too."""
    solved = tuple(-1 if isinstance(size, Batch) else size for size in _reshaped(args, inputs))
    batch = next(((dim, size) for dim, size in enumerate(inputs[0].shape) if isinstance(size, Batch)), None)
    return {"shape": solved, "asked": args.shape, "batch": batch}


def _join_reshapes(first: Args, second: Args) -> Mapping[str, Any]:
    """Two calls that ask for the same, of tensors of two sizes: what is left for -1 is found anew in each."""
    if first.shape == second.shape:
        return {name: first[name] for name in ("shape", "asked", "batch")}
    return {"shape": first.asked} if (first.asked, first.batch) == (second.asked, second.batch) else {}


def _reshape_code(args: Args, inputs: tuple[str, ...]) -> str:
    listed = ", ".join(_size_code(size, args, inputs[0]) for size in args.shape)
    return f"torch.reshape({inputs[0]}, ({listed}{',' if len(args.shape) == 1 else ''}))"


def _size_code(size: Dim, args: Args, given: str) -> str:
    """A size; the batch as the tensor itself has it, where -1 is something else."""
    if not isinstance(size, Batch):
        return str(size)
    dim, whole = args.batch
    return f"{given}.size({dim})" + ("" if size == whole else f" * {size.multiple} // {whole.multiple}")


def _expanded(args: Args, inputs: Inputs) -> Shape:
    given, wanted = inputs[0], args.size
    new = len(wanted) - given.rank
    if new < 0:
        message = f"`size` of {{name}} has {len(wanted)} sizes for the {given.rank} dimensions of {given}"
        raise RuleFault("AS402", message, arg="size", input=0, help="write a size for each dimension, -1 to keep it")
    before = (None,) * new + given.shape
    shape = tuple(
        _expand_one(given.shape, mine, size, at) for at, (mine, size) in enumerate(zip(before, wanted, strict=True))
    )
    _refuse_two_batches(shape, "size")
    return shape


def _expand_one(shape: Shape, mine: Dim | None, size: Dim, at: int) -> Dim:
    if mine is None and size != -1:
        return size
    if mine is not None and size in (-1, mine):
        return mine
    if mine == 1:
        return size
    found = "is new, so that -1 says nothing" if mine is None else f"has size {mine}: only a size of 1 can be expanded"
    raise RuleFault(
        "AS402",
        f"{{name}} cannot expand {show_shape(shape)}: dimension {at} {found}",
        arg="size",
        index=at,
        input=0,
        help="write its size" if mine is None else "write -1 there, to keep it",
    )


def _solved_expand(args: Args, inputs: Inputs) -> Mapping[str, Any]:
    """-1 for what stays. Where the batch is new it has to come from another tensor."""
    given = inputs[0]
    shape = _expanded(args, inputs)
    before = (None,) * (len(shape) - given.rank) + given.shape
    return {"size": tuple(-1 if mine == size else size for mine, size in zip(before, shape, strict=True))}


def _expand_code(args: Args, inputs: tuple[str, ...]) -> str:
    return f"{inputs[0]}.expand({', '.join(batch_code(size) for size in args.size)})"


def _tile_shape(args: Args, inputs: Inputs) -> Outputs:
    """The shorter one of shape and `dims` has ones in front, as torch has it."""
    given, times = inputs[0].shape, args.dims
    rank = max(len(given), len(times))
    sizes = (1,) * (rank - len(given)) + given
    counts = (1,) * (rank - len(times)) + times
    return (inputs[0].with_shape(volume(pair) for pair in zip(sizes, counts, strict=True)),)


OPS = (
    Op(
        name="reshape",
        target="torch.reshape",
        doc="The same elements in another shape.",
        args=(Arg("shape", Each(Size()), doc="the sizes; `N` is the batch, -1 what is left", example=["N", -1]),),
        primary="shape",
        shape=lambda args, inputs: (inputs[0].with_shape(_reshaped(args, inputs)),),
        solve=_solved_reshape,
        join=_join_reshapes,
        code=_reshape_code,
        floating=False,
        view="shared",
    ),
    Op(
        name="expand",
        target="torch.Tensor.expand",
        doc="Dimensions of size 1, and new ones in front, repeated without copying.",
        args=(Arg("size", Each(Size()), doc="the sizes; `N` is the batch, -1 keeps one", example=["N", -1, -1]),),
        primary="size",
        shape=lambda args, inputs: (inputs[0].with_shape(_expanded(args, inputs)),),
        solve=_solved_expand,
        code=_expand_code,
        floating=False,
        view="locked",
    ),
    Op(
        name="tile",
        target="torch.tile",
        doc="The tensor beside itself, a number of times along each dimension.",
        args=(Arg("dims", Each(Int(1)), doc="how often, for the last dimensions", example=[1, 2]),),
        primary="dims",
        shape=_tile_shape,
        code=lambda args, inputs: f"torch.tile({inputs[0]}, {args.dims})",
        floating=False,
    ),
)
