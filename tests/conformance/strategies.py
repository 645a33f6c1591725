"""Random calls of any op, legal and illegal, derived from its argument types: a new op needs nothing new here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from typing import Any

from hypothesis import strategies as st

from archspec.ops.arguments import ArgType, Bool, Each, Either, Float, Int, Maybe, OneOf
from archspec.ops.einops_patterns import Pattern
from archspec.ops.einsum import Equation
from archspec.ops.entry import Arg, Op
from archspec.ops.layer_class import LayerClass, settable
from archspec.ops.registry import CATALOGUE
from archspec.ops.sizes import FillValue, Size
from archspec.tensors import Batch, TensorType
from tests.conformance.function_calls import ARGUMENTS, CALLS, INPUTS, special_call

WILD = st.sampled_from([None, True, "3", "zeros", 2.5, 2.0, float("nan"), 0, -1, (1, 2, 3), (2,), (0, 1), ()])
ODD_SIZES = st.sampled_from([1, 2, 3, 5, 7, 8, 9, 12])
COMMON_SIZES = st.sampled_from([4, 6, 7, 8, 9, 12])


@dataclass(frozen=True)
class Call:
    """One call of an op, as a user would write it."""

    kind: str
    written: dict[str, Any]
    inputs: tuple[TensorType, ...]

    @property
    def op(self) -> Op:
        return CATALOGUE[self.kind]

    def __str__(self) -> str:
        return f"{self.kind}({self.written}) of {', '.join(map(str, self.inputs))}"


@singledispatch
def values(type: ArgType, tame: bool) -> st.SearchStrategy[Any]:
    """Values that the type accepts: small ones only if `tame`, otherwise larger ones and those just outside too."""
    raise NotImplementedError(type)


@values.register
def _(type: Int, tame: bool) -> st.SearchStrategy[int]:
    if type.min is None:
        return st.integers(-2, 2) if tame else st.integers(-6, 6)
    if tame:
        return st.sampled_from(
            [0, 0, 0, 1, 1, 2] if type.min == 0 else [type.min + step for step in (0, 0, 1, 1, 2, 3)]
        )
    return st.integers(type.min, type.min + 8) | st.sampled_from([type.min - 1, type.min])


@values.register
def _(type: Float, tame: bool) -> st.SearchStrategy[float]:
    low = next((bound for bound in (type.min, type.above) if bound is not None), -2.0)
    high = next((bound for bound in (type.max, type.below) if bound is not None), low + 4.0)
    inside = st.integers(1 if tame else 0, 19 if tame else 20).map(lambda step: low + (high - low) * step / 20)
    return inside if tame else inside | st.sampled_from([low - 0.5, 1, 2, 0.3])


@values.register
def _(type: Bool, tame: bool) -> st.SearchStrategy[bool]:
    return st.booleans()


@values.register
def _(type: OneOf, tame: bool) -> st.SearchStrategy[str]:
    return st.sampled_from(type.values)


@values.register
def _(type: Maybe, tame: bool) -> st.SearchStrategy[Any]:
    return values(type.type, tame) if tame else values(type.type, tame) | st.none()


@values.register
def _(type: Either, tame: bool) -> st.SearchStrategy[Any]:
    return st.one_of(*(values(each, tame) for each in type.types))


@values.register
def _(type: Each, tame: bool) -> st.SearchStrategy[Any]:
    item = values(type.type, tame)
    length = st.just(type.count) if type.count is not None else st.integers(1, 3)
    lists = length.flatmap(lambda count: st.tuples(*(item,) * count))
    return item | lists if type.or_one else lists


@values.register
def _(type: LayerClass, tame: bool) -> st.SearchStrategy[Any]:
    alone = st.sampled_from(type.values)
    return alone | st.sampled_from(type.ops).flatmap(lambda op: _with_arguments(op, tame))


def _with_arguments(op: Op, tame: bool) -> st.SearchStrategy[dict[str, dict[str, Any]]]:
    """A kind with some of the arguments that can be set where it stands as a class."""
    some = st.lists(st.sampled_from(settable(op)), unique=True, max_size=2) if settable(op) else st.just([])
    drawn = some.flatmap(lambda args: st.fixed_dictionaries({arg.name: values(arg.type, tame) for arg in args}))
    return drawn.map(lambda given: {op.name: given})


@values.register
def _(type: Pattern, tame: bool) -> st.SearchStrategy[str]:
    return st.sampled_from(
        ["n c -> c n", "n c h -> n (c h)", "n ... -> n (...)", "n c h w -> n c", "n n -> n", "n -> ->"]
    )


@values.register
def _(type: Equation, tame: bool) -> st.SearchStrategy[str]:
    return st.sampled_from(["bij,bjk->bik", "bc,bd->bcd", "ab,cb->ac", "bc,bc"])


@values.register
def _(type: Size, tame: bool) -> st.SearchStrategy[Any]:
    return st.sampled_from([-1, "N", 1, 2, 4, 6] if tame else [-1, 0, "N", "2*N", 1, 3, 8, -2])


@values.register
def _(type: FillValue, tame: bool) -> st.SearchStrategy[float]:
    return st.sampled_from([0.0, 1.0, -1.5, 2, float("inf"), -float("inf")])


def _tensor(draw: st.DrawFn, op: Op, tame: bool) -> TensorType:
    likely = [rank for rank in op.ranks if rank <= 5]
    rank = draw(st.sampled_from(likely) if likely else st.integers(2, 5))
    if not tame and draw(st.integers(0, 4)) == 0:
        rank = draw(st.integers(1, 5))
    sizes = COMMON_SIZES if tame else ODD_SIZES
    batch = Batch(1 if tame else draw(st.sampled_from([1, 1, 2, 4])))
    right = op.dtypes[0][0] if op.dtypes and "float32" not in op.dtypes[0] else "float32"
    dtype = right if tame else draw(st.sampled_from([right] * 8 + ["float64", "int64", "int32", "bool", "float32"]))
    marked = rank > 2 and draw(st.booleans())
    shape = list(draw(st.tuples(*(sizes,) * (rank - 1))))
    shape.insert(draw(st.integers(0, 1)) if op.batch_anywhere and rank > 1 else 0, batch)
    return TensorType(tuple(shape), dtype, marked)


def _changed(draw: st.DrawFn, tensor: TensorType) -> TensorType:
    """The same type, or one that differs in one respect."""
    respect = draw(st.sampled_from(["nothing", "nothing", "size", "size", "rank", "dtype"]))
    if respect == "size" and tensor.rank > 1:
        at = draw(st.sampled_from([dim for dim, size in enumerate(tensor.shape) if isinstance(size, int)]))
        return TensorType((*tensor.shape[:at], draw(ODD_SIZES), *tensor.shape[at + 1 :]), tensor.dtype)
    if respect == "rank":
        return tensor.with_shape((*tensor.shape, draw(ODD_SIZES)))
    if respect == "dtype":
        return TensorType(tensor.shape, draw(st.sampled_from(["float64", "int64"])))
    return tensor


def _inputs(draw: st.DrawFn, op: Op, tame: bool) -> tuple[TensorType, ...]:
    if op.name in INPUTS and (tame or draw(st.booleans())):
        return INPUTS[op.name](draw)
    first = _tensor(draw, op, tame)
    count = draw(st.integers(2, 3)) if op.variadic else len(op.inputs)
    if op.optional_inputs and draw(st.booleans()):
        count -= draw(st.integers(1, op.optional_inputs))
    others = [first if tame else _changed(draw, first) for _ in range(count - 1)]
    if "indices" in op.inputs:
        others = [other if draw(st.integers(0, 7)) == 0 else TensorType(other.shape, "int64") for other in others]
    return (first, *others)


def _inferred(op: Op, name: str, inputs: tuple[TensorType, ...]) -> Any:
    try:
        found = op.by_name[name].inferred.value(inputs)
    except IndexError:
        return None
    return found if isinstance(found, int) else None


def _argument(draw: st.DrawFn, arg: Arg, right: Any, tame: bool) -> Any:
    if not tame and draw(st.integers(0, 9)) == 0:
        return draw(WILD)
    if arg.inferred and right is not None and (tame or draw(st.booleans())):
        return right
    return draw(values(arg.type, tame))


def _is_left_out(draw: st.DrawFn, arg: Arg, tame: bool) -> bool:
    if arg.is_required:
        return not tame and draw(st.integers(0, 15)) == 0
    return draw(st.integers(0, 3)) < 2


@st.composite
def calls(draw: st.DrawFn, op: Op) -> Call:
    """A call: arguments and inputs are each tame three times out of four, and nearly anything otherwise."""
    if op.name in CALLS and draw(st.integers(0, 7)):
        return Call(op.name, *special_call(draw, op.name))
    inputs = _inputs(draw, op, tame=draw(st.integers(0, 3)) < 3)
    written = {}
    tame = draw(st.integers(0, 3)) < 3
    for arg in op.args:
        if not _is_left_out(draw, arg, tame):
            right = _inferred(op, arg.name, inputs) if arg.inferred else None
            special = ARGUMENTS.get((op.name, arg.name))
            if special is not None and (tame or draw(st.booleans())):
                written[arg.name] = special(draw, inputs)
            else:
                written[arg.name] = _argument(draw, arg, right, tame)
    return Call(op.name, written, inputs)
