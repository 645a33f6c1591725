"""Functions that make a tensor of their own: positions, masks, fills.

The input says on which device. Where a buffer is computed there is none, and the device is that of the buffer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archspec.ops.arguments import Each, Float, Int, Maybe, one_of
from archspec.ops.code import batch_code
from archspec.ops.common import refuse_empty, same
from archspec.ops.entry import Arg, Args, Inputs, Op, Outputs
from archspec.ops.faults import RuleFault
from archspec.ops.fills import check_fill
from archspec.ops.sizes import FillValue, Size, literal
from archspec.tensors import DTYPES, FLOATS, Batch, TensorType

_NUMBERS = tuple(name for name in DTYPES if name != "bool")
_DTYPE = Arg("dtype", Maybe(one_of(*DTYPES)), None, doc="the element type, the input's unless given")
_SIZE = Arg("size", Each(Size()), doc="the sizes; `N` is the batch", example=[8, 8])
_DIAGONAL = Arg("diagonal", Int(), 0, doc="which diagonal is the last that stays; 1 is the one above the main one")


def _arange_shape(args: Args, inputs: Inputs) -> Outputs:
    if args.step == 0:
        message = "{name} would never come to its `end`: its `step` is 0"
        raise RuleFault("AS402", message, arg="step", help="write `step: 1`, or `step: -1` to count down", suggestion=1)
    size = -(-(args.end - args.start) // args.step)
    refuse_empty((size,), inputs[0] if inputs else TensorType(()), "end")
    return (TensorType((size,), args.dtype),)


def _like(dtype: str | None, given: TensorType) -> str | None:
    """The element type as the code has it: one that is the input's own is taken from it, in any model's type."""
    return None if dtype == given.dtype else dtype


def _solved(args: Args, inputs: Inputs) -> Mapping[str, Any]:
    return {"dtype": _like(args.dtype, inputs[0])} if inputs else {}


def _arange_code(args: Args, inputs: tuple[str, ...]) -> str:
    bounds = [args.start, args.end, args.step]
    if args.step == 1:
        bounds.pop()
        bounds = bounds[1:] if args.start == 0 else bounds
    if not inputs:
        dtype = "" if args.dtype == "int64" else f", dtype=torch.{args.dtype}"
        return f"torch.arange({', '.join(map(str, bounds))}{dtype})"
    dtype = f"torch.{args.dtype}" if args.dtype else f"{inputs[0]}.dtype"
    return f"torch.arange({', '.join(map(str, bounds))}, dtype={dtype}, device={inputs[0]}.device)"


def _new_shape(args: Args, inputs: Inputs) -> Outputs:
    if -1 in args.size:
        message = "`size` of {name} is of a new tensor, in which -1 says nothing"
        raise RuleFault("AS402", message, arg="size", index=args.size.index(-1), help="write a number there")
    batches = [at for at, size in enumerate(args.size) if isinstance(size, Batch)]
    if len(batches) > 1:
        message = "{name} would have the batch in two dimensions"
        raise RuleFault("AS402", message, arg="size", index=batches[1], help="write `N` in one place only")
    dtype = args.dtype or (inputs[0].dtype if inputs else "float32")
    value = args.get("fill_value", 0)
    check_fill(value, dtype)
    return (TensorType(tuple(args.size), dtype),)


def _new_code(args: Args, inputs: tuple[str, ...], name: str) -> str:
    sizes = ", ".join(batch_code(size) for size in args.size)
    sizes = f"({sizes},)" if len(args.size) == 1 else f"({sizes})"
    value = [literal(args.fill_value)] if name == "new_full" else []
    dtype = [f"dtype=torch.{args.dtype}"] if args.dtype else []
    callee = f"{inputs[0]}.{name}" if inputs else f"torch.{name.removeprefix('new_')}"
    return f"{callee}({', '.join((sizes, *value, *dtype))})"


def _new(name: str, doc: str, *args: Arg) -> Op:
    return Op(
        name=name,
        target=f"torch.Tensor.{name}",
        doc=doc,
        args=(_SIZE, *args, _DTYPE),
        primary="size",
        optional_inputs=1,
        shape=_new_shape,
        solve=_solved,
        code=lambda args, inputs: _new_code(args, inputs, name),
        floating=False,
    )


def _triangle_shape(args: Args, inputs: Inputs) -> Outputs:
    given = inputs[0]
    if given.rank < 2 or any(isinstance(size, Batch) for size in given.shape[-2:]):
        message = f"{{name}} takes a triangle of the last two dimensions, but receives {given}"
        raise RuleFault("AS302", message, input=0, help="give it matrices: […, rows, columns]")
    return (given,)


def _triangle(name: str, doc: str) -> Op:
    return Op(
        name=name,
        target=f"torch.{name}",
        doc=doc,
        args=(_DIAGONAL,),
        primary="diagonal",
        shape=_triangle_shape,
        floating=False,
    )


def _full_like_shape(args: Args, inputs: Inputs) -> Outputs:
    check_fill(args.fill_value, inputs[0].dtype)
    return same(args, inputs)


def _made_by(call: str, dtype: str | None, inputs: tuple[str, ...]) -> str:
    """A call of torch that makes a tensor, in the element type and on the device of the input where there is one."""
    if not inputs:
        return f"{call})" if dtype in (None, "float32") else f"{call}, dtype=torch.{dtype})"
    return f"{call}, dtype={f'torch.{dtype}' if dtype else f'{inputs[0]}.dtype'}, device={inputs[0]}.device)"


def _own_dtype(args: Args, inputs: Inputs) -> str:
    return str(args.dtype or (inputs[0].dtype if inputs else "float32"))


def _eye_shape(args: Args, inputs: Inputs) -> Outputs:
    return (TensorType((args.n, args.n if args.m is None else args.m), _own_dtype(args, inputs)),)


def _eye_code(args: Args, inputs: tuple[str, ...]) -> str:
    return _made_by(f"torch.eye({args.n}" + ("" if args.m is None else f", {args.m}"), args.dtype, inputs)


def _linspace_shape(args: Args, inputs: Inputs) -> Outputs:
    dtype = _own_dtype(args, inputs)
    if dtype not in FLOATS:
        message = f"{{name}} makes floating-point numbers, but its input is {inputs[0]}"
        raise RuleFault("AS306", message, input=0, help="write `dtype: float32`, or use `arange` for whole numbers")
    return (TensorType((args.steps,), dtype),)


def _linspace_code(args: Args, inputs: tuple[str, ...]) -> str:
    return _made_by(f"torch.linspace({args.start!r}, {args.end!r}, {args.steps}", args.dtype, inputs)


OPS = (
    Op(
        name="arange",
        target="torch.arange",
        doc="The numbers from start to before end, on the device of the input.",
        args=(
            Arg("start", Int(), 0, doc="the first number"),
            Arg("end", Int(), doc="the number before which to stop", example=16),
            Arg("step", Int(), 1, doc="the distance between two; below 0 to count down"),
            Arg(
                "dtype",
                one_of(*(name for name in _NUMBERS if name.endswith(("32", "64")))),
                "int64",
                doc="the element type",
            ),
        ),
        primary="end",
        optional_inputs=1,
        shape=_arange_shape,
        solve=_solved,
        code=_arange_code,
        floating=False,
    ),
    Op(
        name="linspace",
        target="torch.linspace",
        doc="Numbers at equal distances from start to end, both of them included.",
        args=(
            Arg("start", Float(), doc="the first number", example=-1.0),
            Arg("end", Float(), doc="the last number", example=1.0),
            Arg("steps", Int(1), doc="how many", example=16),
            Arg("dtype", Maybe(one_of(*sorted(FLOATS))), None, doc="the element type, the input's unless given"),
        ),
        optional_inputs=1,
        shape=_linspace_shape,
        solve=_solved,
        code=_linspace_code,
        floating=False,
    ),
    Op(
        name="eye",
        target="torch.eye",
        doc="Ones on the diagonal of a matrix, and zeros elsewhere.",
        args=(
            Arg("n", Int(1), doc="the number of rows", example=8),
            Arg("m", Maybe(Int(1)), None, doc="the number of columns, that of the rows unless given"),
            _DTYPE,
        ),
        primary="n",
        optional_inputs=1,
        shape=_eye_shape,
        solve=_solved,
        code=_eye_code,
        floating=False,
    ),
    _new("new_zeros", "Zeros in a size of their own, on the device of the input."),
    _new("new_ones", "Ones in a size of their own, on the device of the input."),
    _new(
        "new_full",
        "One number in a size of its own, on the device of the input.",
        Arg("fill_value", FillValue(), doc="the number", example=0.5),
    ),
    Op(
        name="full_like",
        target="torch.full_like",
        doc="One number in the shape of the input.",
        args=(Arg("fill_value", FillValue(), doc="the number", example=0.5),),
        primary="fill_value",
        shape=_full_like_shape,
        code=lambda args, inputs: f"torch.full_like({inputs[0]}, {literal(args.fill_value)})",
        floating=False,
    ),
    _triangle("tril", "The last two dimensions with zeros above a diagonal: `new_ones` and `tril` make a causal mask."),
    _triangle("triu", "The last two dimensions with zeros below a diagonal."),
)
