"""Functions that take elements from the places that a tensor names, or put them there."""

from __future__ import annotations

from archspec.ops.arguments import Int
from archspec.ops.common import normalize_dim
from archspec.ops.entry import Arg, Args, Inputs, Op, Outputs
from archspec.ops.faults import RuleFault
from archspec.tensors import Batch, Dim, TensorType

_DIM = Arg("dim", Int(), doc="the dimension to work along", example=1)
_INDEX = ("int64", "int32")


def _refuse_no_index(index: TensorType) -> None:
    if index.dtype not in _INDEX:
        raise RuleFault(
            "AS306",
            f"{{name}} needs an int64 or int32 index, but receives {index}",
            input=1,
            help="declare the index as `dtype: int64`",
        )


def _gather_shape(args: Args, inputs: Inputs) -> Outputs:
    given, index = inputs
    _refuse_no_index(index)
    dim = normalize_dim(args.dim, given.rank, "dim")
    fits = index.rank == given.rank and all(
        at == dim or _is_within(mine, theirs)
        for at, (mine, theirs) in enumerate(zip(index.shape, given.shape, strict=True))
    )
    if not fits:
        raise RuleFault(
            "AS304",
            f"{{name}} needs an index of the rank of {given}, no larger than it but in dimension {dim}, found {index}",
            input=1,
            help="bring the index into that shape with `reshape` or `expand`",
        )
    return (TensorType(index.shape, given.dtype),)


def _is_within(size: Dim, limit: Dim) -> bool:
    if isinstance(size, Batch) and isinstance(limit, Batch):
        return size.multiple <= limit.multiple
    return isinstance(size, int) and isinstance(limit, int) and size <= limit


def _scatter_shape(args: Args, inputs: Inputs) -> Outputs:
    given, index, source = inputs
    _refuse_no_index(index)
    if source.dtype != given.dtype:
        message = f"{{name}} would write {source.dtype} into {given}"
        raise RuleFault("AS306", message, input=2, help="give it tensors of one element type")
    dim = normalize_dim(args.dim, given.rank, "dim")
    if not index.rank == source.rank == given.rank:
        message = f"{{name}} needs three tensors of one rank, but receives {given}, {index} and {source}"
        raise RuleFault("AS304", message, input=1, help="bring them to one rank with `unsqueeze` or `expand`")
    for at, (places, values, own) in enumerate(zip(index.shape, source.shape, given.shape, strict=True)):
        if not _is_within(places, values):
            message = f"{{name}} has {places} places in dimension {at} of {index} for the {values} of {source}"
            raise RuleFault("AS304", message, input=1, help="give it a value for every place")
        if at != dim and not _is_within(places, own):
            message = f"{{name}} has {places} places in dimension {at} of {index}, but {given} has {own}"
            raise RuleFault("AS304", message, input=1, help=f"only dimension {dim} of the index may be larger")
    return (given,)


def _scatter(name: str, doc: str) -> Op:
    return Op(
        name=name,
        target=f"torch.{name}",
        doc=doc,
        args=(_DIM,),
        inputs=("input", "index", "src"),
        primary="dim",
        shape=_scatter_shape,
        code=lambda args, inputs: f"torch.{name}({inputs[0]}, {args.dim}, {inputs[1]}, {inputs[2]})",
        floating=False,
    )


OPS = (
    Op(
        name="gather",
        target="torch.gather",
        doc="Elements of the first input at the places that the second one names along one dimension.",
        args=(_DIM,),
        inputs=("input", "index"),
        primary="dim",
        shape=_gather_shape,
        code=lambda args, inputs: f"torch.gather({inputs[0]}, {args.dim}, {inputs[1]})",
        floating=False,
    ),
    _scatter("scatter", "The first input, with the third one's elements at the places that the second one names."),
    _scatter("scatter_add", "The same, with the third one's elements added to what is there."),
)
