"""Bare tensors of the model: a parameter or a buffer that belongs to no layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archspec.ops.arguments import Bool, Each, Int, Maybe, one_of
from archspec.ops.entry import Arg, Args, Init, Inputs, Op, Outputs, State
from archspec.ops.faults import BadValue, RuleFault
from archspec.ops.init_rules import shape_fault
from archspec.records import record
from archspec.tensors import DTYPES, TensorType

LARGEST_DIMENSION = 2**31


@record
class Initialisation:
    """A function of `torch.nn.init` with its arguments, read by whoever reads the `init` section."""

    def describe(self) -> str:
        return "an initialisation, such as `zeros` or `{normal: {std: 0.02}}`"

    def accept(self, value: Any) -> Init:
        if not isinstance(value, Init):
            raise BadValue(self.describe())
        return value


@record
class Values:
    """Numbers or truth values in lists of lists, of one length each."""

    def describe(self) -> str:
        return "numbers in lists (of lists) of one length"

    def accept(self, value: Any) -> Any:
        if not isinstance(value, (list, tuple)):
            raise BadValue(self.describe())
        made = self._accept(value)
        if _shape(made) is None:
            raise BadValue(self.describe())
        return made

    def _accept(self, value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return tuple(self._accept(item) for item in value)
        if not isinstance(value, (bool, int, float)):
            raise BadValue(self.describe())
        return value


@record
class Functions:
    """Entries that compute a value, read by whoever reads `layers`: what is left here is what came of them."""

    def describe(self) -> str:
        return "functions, as entries"

    def accept(self, value: Any) -> Any:
        raise BadValue(self.describe())


def _shape(values: Any) -> tuple[int, ...] | None:
    """The shape of nested lists; None where they are ragged or empty."""
    if not isinstance(values, tuple):
        return ()
    inner = {_shape(item) for item in values}
    if len(inner) != 1 or None in inner:
        return None
    return (len(values), *(inner.pop() or ()))


def _dtype_of(values: Any) -> str:
    """The element type that torch gives such a list."""
    if isinstance(values, tuple):
        kinds = {_dtype_of(item) for item in values}
        return next(dtype for dtype in ("float32", "int64", "bool") if dtype in kinds)
    return "bool" if isinstance(values, bool) else "int64" if isinstance(values, int) else "float32"


def _parameter_shape(args: Args, inputs: Inputs) -> Outputs:
    return (TensorType(args.shape),)


def _parameter_state(args: Args) -> Mapping[str, State]:
    return {"": State(args.shape, args.init)}


def _check_init(args: Args, inputs: Inputs) -> None:
    needed = shape_fault(args.init, tuple(args.shape))
    if needed is not None:
        message = f"`{args.init.function}` needs {needed}, but {{name}} is {list(args.shape)}"
        raise RuleFault("AS403", message, arg="init", help="write another shape, or another function, as `normal`")


def _check_buffer(args: Args, inputs: Inputs) -> None:
    if args["values"] is not None:
        extra = next((name for name in ("shape", "init") if args[name] is not None), None)
        if extra is not None:
            message = f"`{extra}` of {{name}} follows from its `values`"
            raise RuleFault("AS402", message, arg=extra, help=f"remove `{extra}`")
        return
    missing = [name for name in ("shape", "init") if args[name] is None]
    if missing:
        message = f"{{name}} needs `{missing[0]}`: a buffer has `shape` and `init`, or `values`, or `layers`"
        raise RuleFault("AS203", message, help="write e.g. `{shape: [64], init: zeros}` or `{values: [1, 2, 3]}`")
    dtype = args.dtype or "float32"
    if not dtype.startswith(("float", "bfloat")) and args.init.function not in ("zeros", "ones", "constant"):
        message = f"`{args.init.function}` gives real numbers, but {{name}} holds {dtype}"
        raise RuleFault("AS402", message, arg="init", help="write `init: zeros`, or `values: […]`")
    _check_init(args, inputs)


def _buffer_type(args: Args) -> TensorType:
    if args["values"] is None:
        return TensorType(args.shape, args.dtype or "float32")
    return TensorType(_shape(args["values"]) or (), args.dtype or _dtype_of(args["values"]))


def _buffer_shape(args: Args, inputs: Inputs) -> Outputs:
    return (_buffer_type(args),)


def _buffer_state(args: Args) -> Mapping[str, State]:
    type_ = _buffer_type(args)
    shape = tuple(dim for dim in type_.shape if isinstance(dim, int))
    return {"": State(shape, args.init or Init("zeros"), is_buffer=True, dtype=type_.dtype)}


_SIZES = Each(Int(1, LARGEST_DIMENSION), at_least=0)

OPS = (
    Op(
        name="Parameter",
        target="torch.nn.Parameter",
        doc="A bare tensor of the model that is trained.",
        args=(
            Arg("shape", _SIZES, doc="its sizes, without a batch", example=[1, 1, 768]),
            Arg("init", Initialisation(), doc="how it begins", example="zeros"),
        ),
        primary="shape",
        inputs=(),
        bare=True,
        check=_check_init,
        shape=_parameter_shape,
        state=_parameter_state,
    ),
    Op(
        name="Buffer",
        target="torch.nn.Buffer",
        doc="A bare tensor of the model that is not trained.",
        args=(
            Arg("shape", Maybe(_SIZES), None, doc="its sizes, without a batch"),
            Arg("init", Maybe(Initialisation()), None, doc="what it holds at first"),
            Arg("values", Maybe(Values()), None, doc="what it holds at first, written out"),
            Arg("layers", Maybe(Functions()), None, doc="functions that compute what it holds, once"),
            Arg("dtype", Maybe(one_of(*DTYPES)), None, doc="its element type"),
            Arg("persistent", Bool(), True, doc="it is part of the state dict"),
        ),
        primary="values",
        inputs=(),
        bare=True,
        check=_check_buffer,
        shape=_buffer_shape,
        state=_buffer_state,
    ),
)
