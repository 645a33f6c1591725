"""Functions of several tensors: `add`, `mul`, `sub`, `div` want equal shapes, `concat` equal but for one dimension.

A tensor without the batch is broadcast over it; any other broadcast is written, `broadcast: true`. With a number,
`other`, the four arithmetic ones take a single tensor.

With `align`, the later inputs are first brought to the first one's size in the dimensions after the channels:
`pad` adds zeros around them, `crop` cuts their middle out, `resize` interpolates.
"""

from __future__ import annotations

from collections.abc import Callable

from archspec.ops.arguments import Float, Int, Maybe, one_of
from archspec.ops.broadcast import BROADCAST, broadcast, joined, one_dtype, over_batch
from archspec.ops.common import images, normalize_dim
from archspec.ops.entry import Arg, Args, Inputs, Op, Outputs
from archspec.ops.faults import RuleFault
from archspec.tensors import Batch, Dim, TensorType, show_shape

_ALIGN = Arg("align", Maybe(one_of("pad", "crop", "resize")), None, doc="bring later inputs to the first one's size")

_OTHER = Arg("other", Maybe(Float()), None, doc="a number in place of the second tensor")

_PAD_LIKE = '''
def pad_like(x: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
    """Zeros around x until its height, width, … are those of reference."""
    padding: list[int] = []
    for dim in range(x.dim() - 1, 1, -1):
        missing = reference.size(dim) - x.size(dim)
        padding += [missing // 2, missing - missing // 2]
    return F.pad(x, padding)
'''
_CROP_LIKE = '''
def crop_like(x: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
    """The middle of x, of the height, width, … of reference."""
    for dim in range(2, x.dim()):
        x = x.narrow(dim, (x.size(dim) - reference.size(dim)) // 2, reference.size(dim))
    return x
'''
_RESIZE_LIKE = '''
def resize_like(x: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
    """x interpolated (nearest) to the height, width, … of reference."""
    return F.interpolate(x, size=reference.shape[2:])
'''
_HELPERS = {"pad_like": _PAD_LIKE, "crop_like": _CROP_LIKE, "resize_like": _RESIZE_LIKE}


def _aligned(args: Args, inputs: Inputs) -> Inputs:
    """The inputs after alignment."""
    if args.align is None:
        return inputs
    first = inputs[0]
    if first.rank < 3:
        raise RuleFault(
            "AS304",
            f"`align` of {{name}} needs inputs with height, width, … but the first is {first}",
            arg="align",
            input=0,
            help="leave `align` out",
        )
    if any(isinstance(dim, Batch) for given in inputs for dim in given.shape[2:]):
        raise RuleFault(
            "AS304",
            "`align` of {name} brings height, width, … to one size, but one of them is the batch",
            arg="align",
            help="leave `align` out, or move the batch to the front before it",
        )
    if args.align == "resize" and not first.is_floating:
        raise RuleFault(
            "AS306",
            f"`align: resize` of {{name}} interpolates floating-point numbers, but the first input is {first}",
            arg="align",
            input=0,
            help="write `align: pad` or `align: crop`",
        )
    if args.align == "resize" and first.rank > 5:
        raise RuleFault(
            "AS304",
            f"`align: resize` of {{name}} interpolates up to three dimensions, but the first input is {first}",
            arg="align",
            input=0,
            help="write `align: pad` or `align: crop`, or flatten some of them before it",
        )
    return (first, *(_align_one(args.align, first, other, index) for index, other in enumerate(inputs[1:], 1)))


def _align_one(align: str, first: TensorType, other: TensorType, index: int) -> TensorType:
    if other.rank != first.rank:
        return other
    for mine, theirs in zip(first.spatial, other.spatial, strict=True):
        if (align == "pad" and theirs > mine) or (align == "crop" and theirs < mine):
            word, mend = ("larger", "crop") if align == "pad" else ("smaller", "pad")
            raise RuleFault(
                "AS304",
                f"`align: {align}` of {{name}} cannot bring {other} to the size of {first}: it is {word}",
                arg="align",
                input=index,
                help=f"write `align: {mend}` or `align: resize`",
                suggestion="resize",
            )
    return images(other, (*other.shape[:2], *first.shape[2:]))


def _differing(first: TensorType, other: TensorType, skip: int | None = None) -> int | None:
    """The first dimension in which two shapes of one rank differ, but for `skip`."""
    for dim, (mine, theirs) in enumerate(zip(first.shape, other.shape, strict=True)):
        if dim != skip and mine != theirs:
            return dim
    return None


def _dim_name(dim: int, rank: int) -> str:
    names = {0: "the batch", 1: "channels" if rank > 2 else "features"}
    spatial = {3: ("length",), 4: ("height", "width"), 5: ("depth", "height", "width")}.get(rank, ())
    return names.get(dim) or (spatial[dim - 2] if dim - 2 < len(spatial) else f"dimension {dim}")


def _rounded_odd_size(first: TensorType, other: TensorType, skip: int | None) -> bool:
    """Whether the two differ only as an odd size does from what comes back of it: 15 → 7 → 14."""
    pairs = list(enumerate(zip(first.shape, other.shape, strict=True)))
    differing = [pair for dim, pair in pairs if dim >= 2 and pair[0] != pair[1]]
    others = all(a == b for dim, (a, b) in pairs if dim < 2 and dim != skip)
    odd = all(isinstance(a, int) and isinstance(b, int) and abs(a - b) == 1 and max(a, b) % 2 for a, b in differing)
    return bool(differing) and others and odd


def _odd_size_fault(first: TensorType, other: TensorType, index: int) -> RuleFault:
    sizes = " and ".join("×".join(map(str, each.spatial)) for each in (first, other))
    return RuleFault(
        "AS310",
        f"{{name}} merges feature maps of {sizes}: an odd size was rounded down on the way and did not come back",
        input=index,
        help="write `align: pad` (or `crop`, `resize`) beside it, or use an input size that halves evenly",
    )


def _merge_fault(
    first: TensorType, other: TensorType, index: int, dim: int | None, joined: int | None = None
) -> RuleFault:
    if dim is not None and _rounded_odd_size(first, other, joined):
        return _odd_size_fault(first, other, index)
    word = "{name} needs"
    if first.rank != other.rank:
        message = f"{word} inputs of one rank, but input {index + 1} is {other} and the first is {first}"
        return RuleFault("AS304", message, input=index, help="flatten or reshape one of them")
    assert dim is not None
    name = _dim_name(dim, first.rank)
    message = (
        f"{word} equal shapes: input 1 is {first}, input {index + 1} is {other} "
        f"({name} {first.shape[dim]} and {other.shape[dim]})"
    )
    mend = f"give them the same {name}"
    if joined is None and broadcast(first.shape, other.shape) is not None:
        mend = "write `broadcast: true` beside it if the smaller one is to be repeated, or give them one shape"
    elif dim >= 2 and (joined is None or joined < 2):
        mend = "give them one size, or write `align: pad`, `align: crop` or `align: resize`"
    elif joined is None and index == 1 and first.rank > 2:
        mend += "; on a shortcut, `skip: {merge: add, project: auto}` does it by itself"
    return RuleFault("AS304", message, input=index, help=mend)


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
    inputs = _aligned(args, inputs)
    first = inputs[0]
    for index, other in enumerate(inputs[1:], 1):
        shape = over_batch(first.shape, other.shape)
        if shape is None or (args.align is not None and other.rank != first.rank):
            raise _merge_fault(first, other, index, None if other.rank != first.rank else _differing(first, other))
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
    inputs = _aligned(args, inputs)
    total: Dim = first.shape[dim]
    for index, other in enumerate(inputs[1:], 1):
        differs = None if other.rank != first.rank else _differing(first, other, skip=dim)
        if other.rank != first.rank or differs is not None:
            raise _concat_fault(first, other, index, dim, differs)
        total = _joined(total, other.shape[dim])
    shape = (*first.shape[:dim], total, *first.shape[dim + 1 :])
    return (first.with_shape(shape, channels_first=first.channels_first),)


def _joined(a: Dim, b: Dim) -> Dim:
    if isinstance(a, Batch) and isinstance(b, Batch):
        return Batch(a.multiple + b.multiple)
    if isinstance(a, int) and isinstance(b, int):
        return a + b
    raise RuleFault("AS304", "{name} would join the batch dimension with another one", help="use another `dim`")


def _concat_fault(first: TensorType, other: TensorType, index: int, dim: int, differs: int | None) -> RuleFault:
    fault = _merge_fault(first, other, index, differs, dim)
    if differs is not None and fault.code == "AS304":
        fault.message = (
            f"{{name}} joins dimension {dim}, so all others must be equal: input 1 is {show_shape(first.shape)}, "
            f"input {index + 1} is {show_shape(other.shape)} "
            f"({_dim_name(differs, first.rank)} {first.shape[differs]} and {other.shape[differs]})"
        )
        if first.shape[:differs] + first.shape[differs + 1 :] == other.shape[:differs] + other.shape[differs + 1 :]:
            fault.help = (
                f"join that dimension, `dim: {differs}`, or give them the same {_dim_name(differs, first.rank)}"
            )
            fault.arg, fault.suggestion = ("dim", differs) if differs else (None, None)
    return fault


def _with_alignment(args: Args, inputs: tuple[str, ...]) -> tuple[str, ...]:
    if args.align is None:
        return inputs
    return (inputs[0], *(f"{args.align}_like({name}, {inputs[0]})" for name in inputs[1:]))


def _chained(sign: str) -> Callable[[Args, tuple[str, ...]], str]:
    """`a + b + c`, or `a + 1`."""

    def code(args: Args, inputs: tuple[str, ...]) -> str:
        number = () if args.get("other") is None else (repr(args.other),)
        return f" {sign} ".join((*_with_alignment(args, inputs), *number))

    return code


def _mean_code(args: Args, inputs: tuple[str, ...]) -> str:
    return f"({' + '.join(_with_alignment(args, inputs))}) / {len(inputs)}"


def _concat_code(args: Args, inputs: tuple[str, ...]) -> str:
    return f"torch.cat([{', '.join(_with_alignment(args, inputs))}], dim={args.dim})"


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
        args=(_OTHER, _ALIGN, BROADCAST) if number else (_ALIGN, BROADCAST),
        primary="other" if number else None,
        inputs=("input", "other"),
        optional_inputs=1 if number else 0,
        variadic=chained,
        shape=shape,
        code=code,
        helpers=_HELPERS,
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
        args=(Arg("dim", Int(), 1, doc="the dimension to join"), _ALIGN),
        inputs=("tensors",),
        variadic=True,
        shape=_concat_shape,
        code=_concat_code,
        helpers=_HELPERS,
        floating=False,
    ),
)
