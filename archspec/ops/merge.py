"""Functions of several tensors: `add`, `mul`, `sub`, `div` want equal shapes, `concat` equal but for one dimension.

A tensor without the batch is broadcast over it; any other broadcast is written, `broadcast: true`. With a number,
`other`, the four arithmetic ones take a single tensor.

With `align` the later inputs are first brought to the first one's size: see `align.py`.
"""

from __future__ import annotations

from collections.abc import Callable

from archspec.ops.align import ALIGN, HELPERS, aligned, with_alignment
from archspec.ops.arguments import Float, Int, Maybe
from archspec.ops.broadcast import BROADCAST, joined, one_dtype, over_batch
from archspec.ops.common import normalize_dim
from archspec.ops.entry import Arg, Args, Inputs, Op, Outputs
from archspec.ops.faults import RuleFault
from archspec.ops.merge_faults import concat_fault, differing, merge_fault
from archspec.tensors import Batch, Dim, TensorType

_OTHER = Arg("other", Maybe(Float()), None, doc="a number in place of the second tensor")


def _with_number(args: Args, inputs: Inputs, *, divides: bool = False) -> Outputs:
    """What a tensor and a number give; a real number makes integers real."""
    if len(inputs) > 1:
        message = f"{{name}} has {len(inputs)} inputs, and `other: {args.other}` beside them"
        raise RuleFault("AS402", message, arg="other", help="leave `other` out, or give it one input")
    extra = next((name for name in ("align", "broadcast") if args[name]), None)
    if extra is not None:
        message = f"`{extra}` of {{name}} is for several inputs, and it has one and a number"
        raise RuleFault("AS402", message, arg=extra, help=f"leave `{extra}` out")
    given = inputs[0]
    dtype = "int64" if given.dtype == "bool" else given.dtype
    if not given.is_floating and (divides or isinstance(args.other, float)):
        dtype = "float32"
    return (TensorType(given.shape, dtype, given.channels_first),)


def _equal_shape(args: Args, inputs: Inputs) -> Outputs:
    if args.get("other") is not None:
        return _with_number(args, inputs)
    if len(inputs) < 2:
        help = "write the second one too, `{add: [a, b]}`, or a number, `{add: 1}`"
        raise RuleFault(
            "AS308", "{name} takes two inputs or more, or one and a number, but receives only one", help=help
        )
    one_dtype(inputs)
    if args.broadcast and args.align is not None:
        message = "`broadcast` and `align` of {name} are two ways to bring its inputs to one size"
        raise RuleFault("AS402", message, arg="broadcast", help="leave one of them out")
    if args.broadcast:
        return (joined(args, inputs),)
    inputs = aligned(args, inputs)
    first = inputs[0]
    for index, other in enumerate(inputs[1:], 1):
        shape = over_batch(first.shape, other.shape)
        if shape is None or (args.align is not None and other.rank != first.rank):
            raise merge_fault(first, other, index, None if other.rank != first.rank else differing(first, other))
        first = first.with_shape(shape, channels_first=first.channels_first or other.channels_first)
    return (first,)


def _sub_shape(args: Args, inputs: Inputs) -> Outputs:
    if inputs[0].dtype == "bool" and (args.other is not None or len(inputs) > 1):
        raise RuleFault("AS306", "{name} cannot subtract booleans", input=0, help="give it numbers")
    return _equal_shape(args, inputs)


def _real(args: Args, inputs: Inputs) -> Outputs:
    """A division of integers gives real numbers."""
    (output,) = _equal_shape(args, inputs)
    return (output if output.is_floating else TensorType(output.shape, channels_first=output.channels_first),)


def _div_shape(args: Args, inputs: Inputs) -> Outputs:
    if args.other is not None:
        if args.other == 0:
            raise RuleFault("AS402", "{name} divides by zero", arg="other", help="divide by another number")
        return _with_number(args, inputs, divides=True)
    return _real(args, inputs)


def _concat_shape(args: Args, inputs: Inputs) -> Outputs:
    one_dtype(inputs)
    first = inputs[0]
    dim = normalize_dim(args.dim, first.rank, "dim")
    inputs = aligned(args, inputs)
    total: Dim = first.shape[dim]
    for index, other in enumerate(inputs[1:], 1):
        differs = None if other.rank != first.rank else differing(first, other, skip=dim)
        if other.rank != first.rank or differs is not None:
            raise concat_fault(first, other, index, dim, differs)
        total = _joined(total, other.shape[dim])
    shape = (*first.shape[:dim], total, *first.shape[dim + 1 :])
    return (first.with_shape(shape, channels_first=first.channels_first),)


def _joined(a: Dim, b: Dim) -> Dim:
    if isinstance(a, Batch) and isinstance(b, Batch):
        return Batch(a.multiple + b.multiple)
    if isinstance(a, int) and isinstance(b, int):
        return a + b
    raise RuleFault("AS304", "{name} would join the batch dimension with another one", help="use another `dim`")


def _chained(sign: str) -> Callable[[Args, tuple[str, ...]], str]:
    """`a + b + c`, or `a + 1`."""

    def code(args: Args, inputs: tuple[str, ...]) -> str:
        number = () if args.get("other") is None else (repr(args.other),)
        return f" {sign} ".join((*with_alignment(args, inputs), *number))

    return code


def _mean_code(args: Args, inputs: tuple[str, ...]) -> str:
    return f"({' + '.join(with_alignment(args, inputs))}) / {len(inputs)}"


def _concat_code(args: Args, inputs: tuple[str, ...]) -> str:
    return f"torch.cat([{', '.join(with_alignment(args, inputs))}], dim={args.dim})"


def _elementwise(
    name: str,
    target: str,
    doc: str,
    *,
    chained: bool,
    number: bool = True,
    shape: Callable[[Args, Inputs], Outputs],
    code: Callable[[Args, tuple[str, ...]], str],
) -> Op:
    return Op(
        name=name,
        target=target,
        doc=doc,
        args=(_OTHER, ALIGN, BROADCAST) if number else (ALIGN, BROADCAST),
        primary="other" if number else None,
        inputs=("input", "other"),
        optional_inputs=1 if number else 0,
        variadic=chained,
        shape=shape,
        code=code,
        helpers=HELPERS,
        floating=False,
    )


OPS = (
    _elementwise(
        "add", "torch.add", "The sum of tensors of one shape.", chained=True, shape=_equal_shape, code=_chained("+")
    ),
    _elementwise(
        "mul", "torch.mul", "The product of tensors of one shape.", chained=True, shape=_equal_shape, code=_chained("*")
    ),
    _elementwise(
        "mean_of",
        "torch.mean",
        "The mean of tensors of one shape.",
        chained=True,
        number=False,
        shape=_real,
        code=_mean_code,
    ),
    _elementwise(
        "sub", "torch.sub", "The first tensor less the second.", chained=False, shape=_sub_shape, code=_chained("-")
    ),
    _elementwise(
        "div", "torch.div", "The first tensor over the second.", chained=False, shape=_div_shape, code=_chained("/")
    ),
    Op(
        name="concat",
        target="torch.cat",
        doc="Tensors joined along one dimension, the channels unless told otherwise.",
        args=(Arg("dim", Int(), 1, doc="the dimension to join"), ALIGN),
        inputs=("tensors",),
        variadic=True,
        shape=_concat_shape,
        code=_concat_code,
        helpers=HELPERS,
        floating=False,
    ),
)
