"""Functions that take places along a dimension, or move them: `select`, `slice`, `index_select`, `roll`, …"""

from __future__ import annotations

from archspec.ops.arguments import Each, Int, Maybe
from archspec.ops.common import normalize_dim, refuse_empty, same
from archspec.ops.entry import Arg, Args, Inputs, Op, Outputs
from archspec.ops.faults import RuleFault
from archspec.ops.reductions import dims_of
from archspec.tensors import DTYPES, Batch, TensorType

_DIM = Arg("dim", Int(), doc="the dimension to work along", example=1)
_INDEX = ("int64", "int32")


def fixed_size(given: TensorType, dim: int) -> int:
    """The size of a dimension that is not the batch.

    Raises:
        RuleFault: AS402, it is.
    """
    size = given.shape[dim]
    if isinstance(size, Batch):
        raise RuleFault(
            "AS402",
            f"{{name}} cannot take places of dimension {dim} of {given}: its size is not known before the batch is",
            arg="dim",
            input=0,
            help="choose another `dim`",
        )
    return size


def _select_shape(args: Args, inputs: Inputs) -> Outputs:
    given = inputs[0]
    dim = normalize_dim(args.dim, given.rank, "dim")
    size = fixed_size(given, dim)
    if not -size <= args.index < size:
        raise RuleFault(
            "AS402",
            f"`index: {args.index}` of {{name}} is out of range: dimension {dim} of {given} has {size} places",
            arg="index",
            input=0,
            help=f"use an index from {-size} to {size - 1}",
        )
    if given.rank == 1:
        raise RuleFault(
            "AS402", f"{{name}} would leave no dimension of {given}", arg="dim", input=0, help="use `slice`"
        )
    return (given.with_shape((*given.shape[:dim], *given.shape[dim + 1 :])),)


def _slice_shape(args: Args, inputs: Inputs) -> Outputs:
    given = inputs[0]
    dim = normalize_dim(args.dim, given.rank, "dim")
    size = len(range(*slice(args.start, args.end, args.step).indices(fixed_size(given, dim))))
    refuse_empty((size,), given, "end" if "end" in args.written else "start" if "start" in args.written else None)
    shape = (*given.shape[:dim], size, *given.shape[dim + 1 :])
    return (given.with_shape(shape, channels_first=given.channels_first),)


def _slice_code(args: Args, inputs: tuple[str, ...]) -> str:
    start, end = ("" if bound is None else str(bound) for bound in (args.start, args.end))
    step = "" if args.step == 1 else f":{args.step}"
    before = "..., " if args.dim < 0 else ":, " * args.dim
    after = ", :" * (-args.dim - 1) if args.dim < 0 else ""
    return f"{inputs[0]}[{before}{start}:{end}{step}{after}]"


def _index_select_shape(args: Args, inputs: Inputs) -> Outputs:
    given, index = inputs
    dim = normalize_dim(args.dim, given.rank, "dim")
    fixed_size(given, dim)
    if index.rank != 1:
        message = f"{{name}} needs an index of one dimension, but receives {index}"
        raise RuleFault("AS302", message, input=1, help="use `embedding` to look rows up by an index of any shape")
    if isinstance(index.shape[0], Batch):
        message = f"{{name}} would give the batch a second dimension: the index is {index}"
        raise RuleFault("AS304", message, input=1, help="use `gather` for places of each sample's own")
    return (given.with_shape((*given.shape[:dim], *index.shape, *given.shape[dim + 1 :])),)


def _embedding_shape(args: Args, inputs: Inputs) -> Outputs:
    index, table = inputs
    if table.rank != 2 or not all(isinstance(size, int) for size in table.shape):
        message = f"{{name}} looks rows up in a table of two dimensions without a batch, but receives {table}"
        raise RuleFault("AS302", message, input=1, help="give it a `Parameter`; `gather` is for tables of samples")
    return (TensorType((*index.shape, table.shape[1]), table.dtype),)


def _one_hot_shape(args: Args, inputs: Inputs) -> Outputs:
    given = inputs[0]
    if given.dtype != "int64":
        raise RuleFault(
            "AS306",
            f"{{name}} needs int64 classes, but receives {given}",
            input=0,
            help="declare the input as `dtype: int64`",
        )
    return (TensorType((*given.shape, args.num_classes), "int64"),)


def _roll_shape(args: Args, inputs: Inputs) -> Outputs:
    given = inputs[0]
    shifts, dims = (value if isinstance(value, tuple) else (value,) for value in (args.shifts, args.dims))
    if len(shifts) != len(dims):
        raise RuleFault(
            "AS402",
            f"{{name}} has {len(shifts)} `shifts` for {len(dims)} `dims`",
            arg="shifts",
            help="write one shift per dimension",
        )
    for dim in dims:
        normalize_dim(dim, given.rank, "dims")
    return (given,)


def _check_flip(args: Args, inputs: Inputs) -> None:
    dims_of(args.dims, inputs[0].rank, "dims")


OPS = (
    Op(
        name="select",
        target="torch.select",
        doc="One place along a dimension, without that dimension.",
        args=(_DIM, Arg("index", Int(), doc="which place; -1 is the last", example=0)),
        shape=_select_shape,
        floating=False,
        view="shared",
    ),
    Op(
        name="slice",
        target="torch.Tensor.__getitem__",
        doc="The places from start to end along one dimension, as Python slices.",
        args=(
            _DIM,
            Arg("start", Maybe(Int()), None, doc="the first place; counted from the end if negative"),
            Arg("end", Maybe(Int()), None, doc="the place before which to stop"),
            Arg("step", Int(1), 1, doc="1 for every place, 2 for every second"),
        ),
        shape=_slice_shape,
        code=_slice_code,
        floating=False,
        view="shared",
    ),
    Op(
        name="index_select",
        target="torch.index_select",
        doc="The places along one dimension that a list of them names.",
        args=(_DIM,),
        inputs=("input", "index"),
        dtypes=(DTYPES, _INDEX),
        primary="dim",
        shape=_index_select_shape,
        code=lambda args, inputs: f"torch.index_select({inputs[0]}, {args.dim}, {inputs[1]})",
        floating=False,
    ),
    Op(
        name="embedding",
        target="torch.nn.functional.embedding",
        doc="The rows of a table, which is the second input, that integers name.",
        inputs=("input", "weight"),
        dtypes=(_INDEX, DTYPES),
        shape=_embedding_shape,
        floating=False,
    ),
    Op(
        name="one_hot",
        target="torch.nn.functional.one_hot",
        doc="1 at the place of each class and 0 elsewhere, in a new last dimension.",
        args=(Arg("num_classes", Int(1), doc="number of classes", example=10),),
        inputs=("tensor",),
        primary="num_classes",
        shape=_one_hot_shape,
        floating=False,
    ),
    Op(
        name="roll",
        target="torch.roll",
        doc="Elements moved along dimensions; what leaves at the end comes back at the start.",
        args=(
            Arg("shifts", Each(Int(), or_one=True), doc="by how many places, for each dimension", example=1),
            Arg("dims", Each(Int(), or_one=True), doc="the dimensions", example=1),
        ),
        shape=_roll_shape,
        floating=False,
    ),
    Op(
        name="flip",
        target="torch.flip",
        doc="The elements in reverse order along dimensions.",
        args=(Arg("dims", Each(Int()), doc="the dimensions", example=[1]),),
        primary="dims",
        check=_check_flip,
        shape=same,
        floating=False,
    ),
)
