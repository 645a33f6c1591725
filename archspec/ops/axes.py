"""Functions of the dimensions themselves: their order, new ones, and ones that go."""

from __future__ import annotations

from archspec.ops.arguments import Each, Int
from archspec.ops.common import MOST_DIMS, normalize_dim, refuse_empty
from archspec.ops.entry import Arg, Args, Inputs, Op, Outputs
from archspec.ops.faults import RuleFault
from archspec.ops.reductions import dims_of
from archspec.tensors import Batch


def _permute_shape(args: Args, inputs: Inputs) -> Outputs:
    given = inputs[0]
    order = dims_of(args.dims, given.rank, "dims")
    if len(order) != given.rank:
        raise RuleFault(
            "AS402",
            f"`dims` of {{name}} must name each of the {given.rank} dimensions of {given} once, found {len(order)}",
            arg="dims",
            input=0,
            help=f"write an order of {', '.join(map(str, range(given.rank)))}",
        )
    return (given.with_shape(given.shape[dim] for dim in order),)


def _transpose_shape(args: Args, inputs: Inputs) -> Outputs:
    given = inputs[0]
    first, second = (normalize_dim(args[name], given.rank, name) for name in ("dim0", "dim1"))
    shape = list(given.shape)
    shape[first], shape[second] = shape[second], shape[first]
    return (given.with_shape(shape),)


def _squeeze_shape(args: Args, inputs: Inputs) -> Outputs:
    given = inputs[0]
    gone = dims_of(args.dim, given.rank)
    for dim in gone:
        if given.shape[dim] != 1:
            raise RuleFault(
                "AS402",
                f"{{name}} takes dimension {dim} of {given} away, but its size is {given.shape[dim]}",
                arg="dim",
                input=0,
                help="name dimensions of size 1, or reduce this one, with `mean` for example",
            )
    left = tuple(size for dim, size in enumerate(given.shape) if dim not in gone)
    if not left:
        raise RuleFault("AS402", f"{{name}} would leave no dimension of {given}", arg="dim", input=0, help="keep one")
    return (given.with_shape(left),)


def new_dim(dim: int, rank: int) -> int:
    """Where a new dimension goes, counted from the front.

    Raises:
        RuleFault: AS307, it is out of range, or torch has no tensors of so many dimensions.
    """
    if not -rank - 1 <= dim <= rank or rank == MOST_DIMS:
        raise RuleFault(
            "AS307",
            f"`dim: {dim}` is out of range: {{name}} makes {rank + 1} dimensions of {rank}",
            arg="dim",
            input=0,
            help=f"use a dimension from {-rank - 1} to {rank}",
        )
    return dim % (rank + 1)


def _unsqueeze_shape(args: Args, inputs: Inputs) -> Outputs:
    given = inputs[0]
    at = new_dim(args.dim, given.rank)
    return (given.with_shape((*given.shape[:at], 1, *given.shape[at:])),)


def _moved(args: Args, rank: int) -> list[int]:
    """The old dimensions in the new order.

    Raises:
        RuleFault: AS307 or AS402, the two lists do not name dimensions, each once, in pairs.
    """
    source, destination = (dims_of(args[name], rank, name) for name in ("source", "destination"))
    if len(source) != len(destination):
        message = f"{{name}} has {len(source)} dimensions as `source` and {len(destination)} as `destination`"
        raise RuleFault("AS402", message, arg="destination", help="write one destination for each source")
    order = [dim for dim in range(rank) if dim not in source]
    for to, dim in sorted(zip(destination, source, strict=True)):
        order.insert(to, dim)
    return order


def _movedim_shape(args: Args, inputs: Inputs) -> Outputs:
    given = inputs[0]
    return (given.with_shape(given.shape[dim] for dim in _moved(args, given.rank)),)


def _movedim_code(args: Args, inputs: tuple[str, ...]) -> str:
    """A number on both sides, or a list: torch takes no mixture."""
    source, destination = args.source, args.destination
    if isinstance(source, tuple) is not isinstance(destination, tuple):
        source, destination = (value if isinstance(value, tuple) else (value,) for value in (source, destination))
    return f"torch.movedim({inputs[0]}, {source}, {destination})"


def _diagonal_shape(args: Args, inputs: Inputs) -> Outputs:
    given = inputs[0]
    first, second = (normalize_dim(args[name], given.rank, name) for name in ("dim1", "dim2"))
    if first == second:
        message = f"{{name}} takes the diagonal of two dimensions, but `dim1` and `dim2` are both {first}"
        raise RuleFault("AS402", message, arg="dim2", help="name two dimensions")
    rows, columns = given.shape[first], given.shape[second]
    if isinstance(rows, Batch) or isinstance(columns, Batch):
        message = f"{{name}} would take the diagonal of the batch: {given} along {first} and {second}"
        raise RuleFault("AS402", message, arg="dim1", input=0, help="name the two dimensions of each sample's matrix")
    size = min(rows, columns - args.offset) if args.offset >= 0 else min(rows + args.offset, columns)
    refuse_empty((size,), given, "offset")
    left = (dim for at, dim in enumerate(given.shape) if at not in (first, second))
    return (given.with_shape((*left, size)),)


_DIM = Arg("dim", Int(), doc="where the dimension goes", example=1)

OPS = (
    Op(
        name="permute",
        target="torch.permute",
        doc="The dimensions in another order.",
        args=(Arg("dims", Each(Int()), doc="the old dimensions in the new order", example=[0, 2, 1]),),
        primary="dims",
        shape=_permute_shape,
        floating=False,
        view="shared",
    ),
    Op(
        name="transpose",
        target="torch.transpose",
        doc="Two dimensions exchanged.",
        args=(
            Arg("dim0", Int(), doc="one of them", example=1),
            Arg("dim1", Int(), doc="the other one", example=2),
        ),
        shape=_transpose_shape,
        floating=False,
        view="shared",
    ),
    Op(
        name="squeeze",
        target="torch.squeeze",
        doc="Takes dimensions of size 1 away.",
        args=(Arg("dim", Each(Int(), or_one=True), doc="which ones", example=1),),
        primary="dim",
        shape=_squeeze_shape,
        floating=False,
        view="shared",
    ),
    Op(
        name="unsqueeze",
        target="torch.unsqueeze",
        doc="A new dimension of size 1.",
        args=(_DIM,),
        primary="dim",
        shape=_unsqueeze_shape,
        floating=False,
        view="shared",
    ),
    Op(
        name="movedim",
        target="torch.movedim",
        doc="Dimensions moved to other places, the others in their order.",
        args=(
            Arg("source", Each(Int(), or_one=True), doc="where they are", example=1),
            Arg("destination", Each(Int(), or_one=True), doc="where they go", example=-1),
        ),
        shape=_movedim_shape,
        code=_movedim_code,
        floating=False,
        view="shared",
    ),
    Op(
        name="diagonal",
        target="torch.linalg.diagonal",
        doc="The diagonal of two dimensions, as a new last one.",
        args=(
            Arg("offset", Int(), 0, doc="which diagonal; 1 is the one above the main one"),
            Arg("dim1", Int(), -2, doc="the rows"),
            Arg("dim2", Int(), -1, doc="the columns"),
        ),
        primary="offset",
        shape=_diagonal_shape,
        floating=False,
        view="shared",
    ),
)
