"""einops patterns: `rearrange`, `reduce`, and `repeat_axis`, which is einops' `repeat`.

einops reads a pattern; the shape rule is ours, since einops has none for a batch that is a symbol. Any single axis may
be the batch, and a composed one gives or takes multiples of it.
"""

from __future__ import annotations

import keyword
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from archspec.ops.arguments import Int, one_of
from archspec.ops.entry import Arg, Args, Inputs, Op, Outputs
from archspec.ops.faults import BadValue, RuleFault
from archspec.records import record
from archspec.tensors import Batch, Dim, TensorType, volume

if TYPE_CHECKING:
    from einops.parsing import ParsedExpression

_LONGEST = 400
_RESERVED = ("tensor", "pattern", "reduction", "repeats")
_ELLIPSIS = "…"

Group: TypeAlias = list[Any]
"""The axes that a dimension is composed of: names, or einops' anonymous axes, which have a value."""


@record
class Pattern:
    """Axes before an arrow, and after it: `n c h w -> n (h w) c`."""

    def describe(self) -> str:
        return 'a pattern such as "n c h w -> n (h w) c"'

    def accept(self, value: object) -> str:
        if not isinstance(value, str) or value.count("->") != 1 or len(value) > _LONGEST:
            raise BadValue(self.describe())
        return " ".join(value.split())


def _fault(args: Args, given: TensorType, what: str, help: str, arg: str = "pattern") -> RuleFault:
    """Every fault repeats the pattern, the shape and the sizes that were given."""
    sizes = ", ".join(f"{name}={size}" for name, size in _sizes(args).items())
    shown = f" with {sizes}" if sizes else ""
    message = f'"{args.pattern}"{shown} of {{name}} does not go with its input {given}: {what}'
    return RuleFault("AS402", message, arg=arg, input=0, help=help)


def _sizes(args: Args) -> dict[str, int]:
    """The axis sizes that were given."""
    return {name: value for name, value in args.items() if isinstance(value, int)}


def _sides(args: Args, given: TensorType) -> tuple[ParsedExpression, ParsedExpression]:
    """Both sides as einops reads them."""
    from einops import EinopsError
    from einops.parsing import ParsedExpression

    before, _, after = args.pattern.partition("->")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            left, right = ParsedExpression(before), ParsedExpression(after)
    except EinopsError as error:
        what = str(error).strip().replace("\n", " ").rstrip(".")
        raise _fault(
            args, given, what[:1].lower() + what[1:], "name each axis once, and compose with `(a b)`"
        ) from None
    if left.has_ellipsis_parenthesized:
        raise _fault(args, given, "`...` is in parentheses on the left", "take the parentheses away")
    if right.has_ellipsis and not left.has_ellipsis:
        raise _fault(args, given, "`...` is on the right only", "write it on the left too")
    return left, right


def _shown(names: set[Any]) -> str:
    return ", ".join(sorted(f"`{'...' if name == _ELLIPSIS else getattr(name, 'value', name)}`" for name in names))


def _check_names(args: Args, given: TensorType, left: ParsedExpression, right: ParsedExpression, kind: str) -> None:
    """What einops demands of the axes on both sides."""
    lost, new = left.identifiers - right.identifiers, right.identifiers - left.identifiers
    if kind != "reduce" and lost:
        help = "write them on the right too, or use `reduce`"
        raise _fault(args, given, f"{_shown(lost)} stands on the left only", help)
    if kind == "reduce" and not lost:
        raise _fault(args, given, "no axis is reduced", "leave an axis out on the right, or use `rearrange`")
    unsized = {name for name in new if isinstance(name, str) and name not in args}
    if kind == "repeat_axis" and unsized:
        raise _fault(args, given, f"{_shown(unsized)} is new and has no size", f"add one, e.g. `{min(unsized)}: 2`")
    if kind != "repeat_axis" and new:
        help = "write them on the left too, or use `repeat_axis`"
        raise _fault(args, given, f"{_shown(new)} stands on the right only", help)
    if kind == "rearrange" and left.has_non_unitary_anonymous_axes:
        raise _fault(args, given, "a number stands for an axis", "name the axis, and give its size beside the pattern")
    for name in _sizes(args):
        if name not in left.identifiers | right.identifiers:
            raise _fault(args, given, f"`{name}` is no axis of the pattern", f"remove `{name}`", name)
        if keyword.iskeyword(name) or name in _RESERVED:
            raise _fault(args, given, f"an axis with a size cannot be called `{name}`", "give it another name", name)


def _groups(composition: list[Any], ellipsis: list[str]) -> Iterator[Group]:
    """Each dimension's axes, `...` spelt out."""
    for group in composition:
        if group == _ELLIPSIS:
            yield from ([name] for name in ellipsis)
        else:
            yield [axis for name in group for axis in (ellipsis if name == _ELLIPSIS else [name])]


def _axes(args: Args, given: TensorType, groups: list[Group]) -> dict[Any, Dim]:
    """The size of every axis on the left, from the input's dimensions and the sizes that were given."""
    axes: dict[Any, Dim] = {}
    for group, dim in zip(groups, given.shape, strict=True):
        known = {axis: _size_of(args, axis) for axis in group if _is_known(args, axis)}
        unknown = [axis for axis in group if axis not in known]
        if len(unknown) > 1:
            help = f"give the size of one of them, e.g. `{unknown[0]}: 2`"
            raise _fault(args, given, f"the sizes of {_shown(set(unknown))} are not known", help)
        product = volume(known.values())
        assert isinstance(product, int)
        left = _left_over(dim, product)
        if left is None or (not unknown and dim != product):
            raise _size_fault(args, given, group, dim, product)
        axes |= {axis: known.get(axis, left) for axis in group}
    return axes


def _is_known(args: Args, axis: Any) -> bool:
    return not isinstance(axis, str) or axis in args


def _size_of(args: Args, axis: Any) -> int:
    """The size that was given to an axis, or that a number in the pattern is."""
    size: int = args[axis] if isinstance(axis, str) else axis.value
    return size


def _left_over(dim: Dim, product: int) -> Dim | None:
    """The dimension over a product; None where that is no whole number."""
    whole = dim.multiple if isinstance(dim, Batch) else dim
    if whole % product:
        return None
    return Batch(whole // product) if isinstance(dim, Batch) else whole // product


def _size_fault(args: Args, given: TensorType, group: Group, dim: Dim, product: int) -> RuleFault:
    named = " ".join(str(getattr(axis, "value", axis)) for axis in group)
    shown = f"`({named})`" if len(group) > 1 else f"`{named or 1}`"
    what = f"{shown} stands for a dimension of {dim}, but the sizes make {product}"
    help = "leave the size of the batch's axis out" if isinstance(dim, Batch) else "give sizes whose product it is"
    return _fault(args, given, what, help)


def _named(args: Args, given: TensorType, kind: str) -> tuple[dict[Any, Dim], list[Group]]:
    """The size of every axis, those on the left in order; and the groups of them that the output is made of."""
    left, right = _sides(args, given)
    _check_names(args, given, left, right, kind)
    named = len(left.composition) - left.has_ellipsis
    if given.rank < named or (given.rank > named and not left.has_ellipsis):
        what = f"the left side has {named} dimensions, the input {given.rank}"
        raise _fault(args, given, what, "name every dimension, or write `...` for the others")
    ellipsis = [f"{_ELLIPSIS}{at}" for at in range(given.rank - named)]
    axes = _axes(args, given, list(_groups(left.composition, ellipsis)))
    axes |= {axis: _size_of(args, axis) for axis in right.identifiers - left.identifiers}
    return axes, list(_groups(right.composition, ellipsis))


def reduced(args: Args, given: TensorType) -> tuple[dict[Any, Dim], list[Group]]:
    """The size of every axis that a `reduce` reads, in order, and the groups of axes that are left."""
    return _named(args, given, "reduce")


def _shape(kind: str, args: Args, given: TensorType) -> tuple[Dim, ...]:
    axes, made = _named(args, given, kind)
    if not made:
        raise _fault(args, given, "nothing is left on the right", "keep a dimension")
    if sum(isinstance(axes[axis], Batch) for group in made for axis in group) > 1:
        raise _fault(args, given, "the batch is in two dimensions", "keep the samples apart")
    return tuple(volume(axes[axis] for axis in group) for group in made)


def _op(kind: str, function: str, doc: str, *more: Arg, example: str, view: Literal["", "shared", "locked"] = "") -> Op:
    def shape(args: Args, inputs: Inputs) -> Outputs:
        return (inputs[0].with_shape(_shape(kind, args, inputs[0])),)

    def code(args: Args, inputs: tuple[str, ...]) -> str:
        reduction = [repr(args.reduction)] if more else []
        sizes = [f"{name}={size}" for name, size in _sizes(args).items()]
        return f"einops.{function}({', '.join((inputs[0], repr(args.pattern), *reduction, *sizes))})"

    return Op(
        name=kind,
        target=f"einops.{function}",
        doc=doc,
        args=(Arg("pattern", Pattern(), doc="axes before and after, as einops has them", example=example), *more),
        inputs=("tensor",),
        primary="pattern",
        shape=shape,
        code=code,
        free=Int(1),
        floating=bool(more),
        view=view,
    )


_REDUCTIONS = one_of("mean", "sum", "max", "min", "prod")

OPS = (
    _op(
        "rearrange",
        "rearrange",
        "Axes in another order, split and composed, as an einops pattern says.",
        example="n c h w -> n (h w) c",
        view="shared",
    ),
    _op(
        "reduce",
        "reduce",
        "Axes reduced, as an einops pattern says.",
        Arg("reduction", _REDUCTIONS, doc="how to reduce", example="mean"),
        example="n c h w -> n c",
    ),
    _op(
        "repeat_axis",
        "repeat",
        "New axes, along which the tensor is repeated, as an einops pattern says.",
        example="n c -> n t c",
        view="locked",
    ),
)
