"""Functions that take a tensor apart, or put several together along a new dimension."""

from __future__ import annotations

from archspec.ops.arguments import Each, Either, Int
from archspec.ops.axes import new_dim
from archspec.ops.broadcast import one_dtype
from archspec.ops.common import normalize_dim
from archspec.ops.entry import Arg, Args, Inputs, Op, Outputs
from archspec.ops.faults import RuleFault
from archspec.tensors import Batch, Dim, Shape, TensorType

MOST_PIECES = 256
_PORTS = tuple(map(str, range(MOST_PIECES)))
_DIM = Arg("dim", Int(), 0, doc="the dimension to divide; 0 is the batch")


def _at(given: TensorType, dim: int, size: Dim) -> Shape:
    return (*given.shape[:dim], size, *given.shape[dim + 1 :])


def _pieces(given: TensorType, dim: int, sizes: tuple[Dim, ...], arg: str) -> Outputs:
    _refuse_count(len(sizes), given, arg)
    return tuple(given.with_shape(_at(given, dim, size), channels_first=given.channels_first) for size in sizes)


def _refuse_count(count: int, given: TensorType, arg: str) -> None:
    if 2 <= count <= MOST_PIECES:
        return
    found = "a single piece, which is its input" if count == 1 else f"{count} pieces, more than {MOST_PIECES}"
    raise RuleFault(
        "AS402", f"{{name}} would give {found}: {given}", arg=arg, input=0, help="choose other sizes, or leave it out"
    )


def _batch_fault(given: TensorType, dim: int) -> RuleFault:
    return RuleFault(
        "AS402",
        f"{{name}} cannot divide dimension {dim} of {given} for every batch size",
        arg="dim",
        input=0,
        help="write the dimension to divide, e.g. `dim: 1`",
    )


def _split_shape(args: Args, inputs: Inputs) -> Outputs:
    given, parts = inputs[0], args.split_size_or_sections
    dim = normalize_dim(args.dim, given.rank, "dim")
    size = given.shape[dim]
    if isinstance(size, Batch):
        raise _batch_fault(given, dim)
    if isinstance(parts, int):
        _refuse_count(-(-size // parts), given, "split_size_or_sections")
        parts = tuple(min(parts, size - start) for start in range(0, size, parts))
    elif sum(parts) != size:
        raise RuleFault(
            "AS402",
            f"the sections of {{name}} add up to {sum(parts)}, but dimension {dim} of {given} has {size}",
            arg="split_size_or_sections",
            input=0,
            help=f"write sizes that add up to {size}",
        )
    return _pieces(given, dim, parts, "split_size_or_sections")


def _chunk_shape(args: Args, inputs: Inputs) -> Outputs:
    """Pieces of ⌈size / chunks⌉, from the docs of `torch.chunk`; a multiple of the batch has to divide evenly."""
    given, chunks = inputs[0], args.chunks
    dim = normalize_dim(args.dim, given.rank, "dim")
    size = given.shape[dim]
    if isinstance(size, Batch):
        if size.multiple % chunks:
            raise _batch_fault(given, dim)
        _refuse_count(chunks, given, "chunks")
        return _pieces(given, dim, (Batch(size.multiple // chunks),) * chunks, "chunks")
    each = -(-size // chunks)
    _refuse_count(-(-size // each), given, "chunks")
    return _pieces(given, dim, tuple(min(each, size - start) for start in range(0, size, each)), "chunks")


def _unbind_shape(args: Args, inputs: Inputs) -> Outputs:
    given = inputs[0]
    dim = normalize_dim(args.dim, given.rank, "dim")
    size = given.shape[dim]
    if isinstance(size, Batch):
        raise _batch_fault(given, dim)
    if given.rank == 1:
        raise RuleFault("AS402", f"{{name}} would leave no dimension of {given}", arg="dim", input=0, help="keep one")
    _refuse_count(size, given, "dim")
    return (given.with_shape((*given.shape[:dim], *given.shape[dim + 1 :])),) * size


def _stack_shape(args: Args, inputs: Inputs) -> Outputs:
    one_dtype(inputs)
    first = inputs[0]
    for index, other in enumerate(inputs[1:], 1):
        if other.shape != first.shape:
            message = f"{{name}} needs equal shapes: input 1 is {first}, input {index + 1} is {other}"
            raise RuleFault("AS304", message, input=index, help="give them one shape")
    at = new_dim(args.dim, first.rank)
    return (first.with_shape((*first.shape[:at], len(inputs), *first.shape[at:])),)


OPS = (
    Op(
        name="split",
        target="torch.split",
        doc="Pieces of a given size, or of given sizes, along one dimension.",
        args=(
            Arg(
                "split_size_or_sections",
                Either((Int(1), Each(Int(1)))),
                doc="the size of every piece, or a list of sizes",
                example=8,
            ),
            _DIM,
        ),
        inputs=("tensor",),
        primary="split_size_or_sections",
        ports=_PORTS,
        shape=_split_shape,
        floating=False,
        view="locked",
    ),
    Op(
        name="chunk",
        target="torch.chunk",
        doc="A number of pieces along one dimension, as equal as can be.",
        args=(Arg("chunks", Int(1), doc="number of pieces", example=2), _DIM),
        primary="chunks",
        ports=_PORTS,
        shape=_chunk_shape,
        floating=False,
        view="locked",
    ),
    Op(
        name="unbind",
        target="torch.unbind",
        doc="The slices along one dimension, each without it.",
        args=(_DIM,),
        primary="dim",
        ports=_PORTS,
        shape=_unbind_shape,
        floating=False,
        view="locked",
    ),
    Op(
        name="stack",
        target="torch.stack",
        doc="Tensors of one shape, along a new dimension.",
        args=(Arg("dim", Int(), 0, doc="where the new dimension goes"),),
        inputs=("tensors",),
        variadic=True,
        shape=_stack_shape,
        code=lambda args, inputs: f"torch.stack([{', '.join(inputs)}], dim={args.dim})",
        floating=False,
    ),
)
