"""What is said of tensors that do not fit together in a merge or a `concat`."""

from __future__ import annotations

from archspec.ops.broadcast import broadcast
from archspec.ops.faults import RuleFault
from archspec.tensors import TensorType, show_shape


def differing(first: TensorType, other: TensorType, skip: int | None = None) -> int | None:
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
    unequal = [pair for dim, pair in pairs if dim >= 2 and pair[0] != pair[1]]
    others = all(a == b for dim, (a, b) in pairs if dim < 2 and dim != skip)
    odd = all(isinstance(a, int) and isinstance(b, int) and abs(a - b) == 1 and max(a, b) % 2 for a, b in unequal)
    return bool(unequal) and others and odd


def _odd_size_fault(first: TensorType, other: TensorType, index: int) -> RuleFault:
    sizes = " and ".join("×".join(map(str, each.spatial)) for each in (first, other))
    return RuleFault(
        "AS310",
        f"{{name}} merges feature maps of {sizes}: an odd size was rounded down on the way and did not come back",
        input=index,
        help="write `align: pad` (or `crop`, `resize`) beside it, or use an input size that halves evenly",
    )


def merge_fault(
    first: TensorType, other: TensorType, index: int, dim: int | None, joined: int | None = None
) -> RuleFault:
    """Inputs that differ in rank or in the dimension `dim`, where `joined` is the dimension that may differ."""
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
    mend = f"give them the same {name.removeprefix('the ')}"
    if joined is None and broadcast(first.shape, other.shape) is not None:
        mend = "write `broadcast: true` beside it if the smaller one is to be repeated, or give them one shape"
    elif dim >= 2 and (joined is None or joined < 2):
        mend = "give them one size, or write `align: pad`, `align: crop` or `align: resize`"
    elif joined is None and index == 1 and first.rank > 2 and dim > 0:
        mend += "; on a shortcut, `skip: {merge: add, project: auto}` does it by itself"
    return RuleFault("AS304", message, input=index, help=mend)


def concat_fault(first: TensorType, other: TensorType, index: int, dim: int, differs: int | None) -> RuleFault:
    """Inputs that `concat` cannot join along `dim`, because they differ in rank or in the dimension `differs`."""
    fault = merge_fault(first, other, index, differs, dim)
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
