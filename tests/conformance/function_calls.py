"""Inputs and arguments for functions whose random calls would hardly ever be accepted otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from archspec.tensors import Batch, N, TensorType, volume

SIZE = st.sampled_from([1, 2, 3, 4, 6])
Inputs = tuple[TensorType, ...]


def _shape(draw: st.DrawFn, least: int = 2, most: int = 4) -> tuple[Any, ...]:
    rank = draw(st.integers(least, most))
    batch = draw(st.sampled_from([N, N, N, Batch(4)]))
    return (batch, *(draw(SIZE) for _ in range(rank - 1)))


def _other(draw: st.DrawFn, shape: tuple[Any, ...]) -> tuple[Any, ...]:
    """The same shape, one that broadcasts to it, or one that does not."""
    how = draw(st.sampled_from(["same", "same", "ones", "unbatched", "short", "wrong"]))
    if how == "ones":
        return tuple(1 if draw(st.booleans()) else dim for dim in shape)
    if how == "unbatched":
        return (1, *shape[1:])
    if how == "short":
        return shape[draw(st.integers(0, len(shape) - 1)) :]
    return (*shape[:-1], draw(SIZE)) if how == "wrong" else shape


def _masked(draw: st.DrawFn) -> Inputs:
    shape = _shape(draw)
    dtype = draw(st.sampled_from(["float32", "float32", "float64", "int64", "bool"]))
    mask = draw(st.sampled_from(["bool", "bool", "bool", "uint8", "float32"]))
    return (TensorType(shape, dtype), TensorType(_other(draw, shape), mask))


def _where(draw: st.DrawFn) -> Inputs:
    shape = _shape(draw)
    dtype = draw(st.sampled_from(["float32", "float32", "float64", "int64"]))
    condition = draw(st.sampled_from(["bool", "bool", "bool", "float32"]))
    others = [TensorType(_other(draw, shape), dtype) for _ in range(2)]
    return (TensorType(_other(draw, shape), condition), *others)


def _typed(draw: st.DrawFn) -> Inputs:
    dtypes = st.sampled_from(["float32", "float64", "bfloat16", "int64", "bool"])
    return (TensorType(_shape(draw), draw(dtypes)), TensorType(_shape(draw), draw(dtypes)))


def _broadcast(draw: st.DrawFn) -> Inputs:
    shape = _shape(draw)
    return (TensorType(shape), TensorType(_other(draw, shape)))


def _arithmetic(draw: st.DrawFn) -> Inputs:
    if draw(st.booleans()):
        return _broadcast(draw)
    return (TensorType(_shape(draw), draw(st.sampled_from(["float32", "float64", "int64", "int8", "bool"]))),)


def _number(draw: st.DrawFn, inputs: Inputs) -> Any:
    if len(inputs) > 1:
        return None
    return draw(st.one_of(st.integers(-3, 3), st.floats(-2, 2), st.none()))


def _gather(draw: st.DrawFn) -> Inputs:
    shape = _shape(draw)
    index = tuple(dim if isinstance(dim, Batch) or draw(st.booleans()) else draw(SIZE) for dim in shape)
    dtype = draw(st.sampled_from(["int64", "int64", "int32", "float32"]))
    return (TensorType(shape, draw(st.sampled_from(["float32", "int64"]))), TensorType(index, dtype))


def _table(draw: st.DrawFn) -> Inputs:
    table = (draw(SIZE), draw(SIZE)) if draw(st.integers(0, 5)) else (N, draw(SIZE), draw(SIZE))
    index = _shape(draw, 1, 3) if draw(st.booleans()) else (draw(SIZE),)
    dtype = draw(st.sampled_from(["int64", "int64", "int32", "float32"]))
    return (TensorType(index, dtype), TensorType(table, draw(st.sampled_from(["float32", "float32", "int64"]))))


def _places(draw: st.DrawFn) -> Inputs:
    index = draw(st.sampled_from([(3,), (1,), (5,), (N,), (2, 3)]))
    dtype = draw(st.sampled_from(["int64", "int64", "int32", "float32"]))
    return (TensorType(_shape(draw), draw(st.sampled_from(["float32", "bool"]))), TensorType(index, dtype))


def _compared(draw: st.DrawFn) -> Inputs:
    shape, dtype = _shape(draw), draw(st.sampled_from(["float32", "float32", "int64", "bool"]))
    return (TensorType(shape, dtype), TensorType(_other(draw, shape), dtype))[: draw(st.integers(1, 2))]


def _logical(draw: st.DrawFn) -> Inputs:
    shape = _shape(draw)
    second = draw(st.sampled_from(["bool", "bool", "bool", "float32"]))
    return (TensorType(shape, "bool"), TensorType(_other(draw, shape), second))


def _mask(draw: st.DrawFn) -> Inputs:
    return (TensorType(_shape(draw), "bool"),)


def _classes(draw: st.DrawFn) -> Inputs:
    return (TensorType(_shape(draw, 1), draw(st.sampled_from(["int64", "int64", "int32", "float32"]))),)


def _many_sizes(draw: st.DrawFn) -> Inputs:
    return (TensorType(_shape(draw, 1), draw(st.sampled_from(["float32", "float32", "int64", "bool"]))),)


def _qkv_like(draw: st.DrawFn) -> Inputs:
    dtype = draw(st.sampled_from(["float32"] * 6 + ["int64"]))
    return (TensorType((N, *(draw(st.sampled_from([4, 6, 8])) for _ in range(draw(st.integers(1, 3))))), dtype),)


def _two(draw: st.DrawFn, first: tuple[Any, ...], second: tuple[Any, ...]) -> Inputs:
    dtype = draw(st.sampled_from(["float32"] * 7 + ["float64"]))
    return (TensorType(first), TensorType(second, dtype))


def _matrices(draw: st.DrawFn) -> Inputs:
    rows, inner, columns = (draw(SIZE) for _ in range(3))
    stack = _shape(draw, 1, 3)
    other = draw(st.sampled_from([stack, stack, (), _other(draw, stack)]))
    wrong = inner if draw(st.integers(0, 4)) else draw(SIZE)
    return _two(draw, (*stack, rows, inner), (*other, wrong, columns))


def _bmm(draw: st.DrawFn) -> Inputs:
    rows, inner, columns = (draw(SIZE) for _ in range(3))
    return _two(draw, (N, rows, inner), (draw(st.sampled_from([N, N, Batch(4)])), inner, columns))


def _vectors(draw: st.DrawFn) -> Inputs:
    return _two(draw, (draw(st.sampled_from([N, 3])),), (draw(st.sampled_from([N, 4, 2])),))


_LETTERS = {"b": N, "c": 2, "d": 3, "e": 4, "f": 1}


def _einsum_terms(draw: st.DrawFn) -> list[str]:
    term = st.lists(st.sampled_from("cdef"), max_size=3, unique=True).map(lambda letters: "b" + "".join(letters))
    return draw(st.lists(term, min_size=2, max_size=3))


def _einsum(draw: st.DrawFn) -> Inputs:
    return tuple(TensorType(tuple(_LETTERS[letter] for letter in term)) for term in _einsum_terms(draw))


def _equation(draw: st.DrawFn, inputs: Inputs) -> str:
    names = {size: letter for letter, size in _LETTERS.items()}
    terms = ["".join(names.get(size, "c") for size in given.shape) for given in inputs]
    letters = sorted({letter for term in terms for letter in term})
    output = "".join(draw(st.lists(st.sampled_from(letters), max_size=4, unique=True)))
    how = draw(st.sampled_from(["batched", "batched", "batched", "any", "implicit"]))
    right = {"batched": f"->b{output.replace('b', '')}", "any": f"->{output}", "implicit": ""}[how]
    return ",".join(terms) + right


def _attention(draw: st.DrawFn) -> Inputs:
    heads = draw(st.sampled_from([(), (2,), (4,)]))
    steps, others, features, values = (draw(st.sampled_from([2, 3, 4])) for _ in range(4))
    fewer = (draw(st.sampled_from([1, 2, 4])),) if heads and draw(st.booleans()) else heads
    query, key = (N, *heads, steps, features), (N, *fewer, others, features)
    value = (N, *fewer, others if draw(st.integers(0, 5)) else steps, values)
    inputs = (TensorType(query), TensorType(key), TensorType(value))
    scores = (N, *heads, steps, others)
    mask = _other(draw, scores)
    dtype = draw(st.sampled_from(["bool", "bool", "float32", "int64"]))
    return (*inputs, TensorType(mask, dtype)) if draw(st.booleans()) else inputs


def _grid(draw: st.DrawFn) -> Inputs:
    count = draw(st.sampled_from([2, 2, 3]))
    given = (N, 3, *(draw(SIZE) for _ in range(count)))
    last = count if draw(st.integers(0, 4)) else draw(SIZE)
    grid = (draw(st.sampled_from([N, N, Batch(2)])), *(draw(SIZE) for _ in range(count)), last)
    return _two(draw, given, grid)


def _thetas(draw: st.DrawFn) -> Inputs:
    count = draw(st.sampled_from([2, 2, 3]))
    return (TensorType((N, count, count + 1)),)


def _grid_size(draw: st.DrawFn, inputs: Inputs) -> tuple[Any, ...]:
    count = inputs[0].shape[1] if inputs[0].rank > 1 else 2
    return (draw(st.sampled_from(["N", "N", "N", "2*N", 2])), *(draw(SIZE) for _ in range(int(count) + 1)))


def _pads(draw: st.DrawFn, inputs: Inputs) -> tuple[int, ...]:
    sides = 2 * draw(st.sampled_from([inputs[0].rank - 2, inputs[0].rank - 1, 1]))
    return tuple(draw(st.sampled_from([0, 1, 1, 2, 3, -1])) for _ in range(max(sides, 1)))


def _deformed(draw: st.DrawFn) -> Inputs:
    """For a kernel of 3 or 2, stride 1 and no padding, mostly."""
    height, width, kernel = draw(SIZE) + 3, draw(SIZE) + 3, draw(st.sampled_from([2, 3, 3]))
    space = (height - kernel + 1, width - kernel + 1)
    groups = draw(st.sampled_from([1, 1, 2]))
    offset = (N, 2 * groups * kernel**2, *space)
    given = (TensorType((N, 4, height, width)), TensorType(offset))
    mask = TensorType((N, groups * kernel**2, *space))
    return (*given, mask) if draw(st.booleans()) else given


def _two_maps(draw: st.DrawFn) -> Inputs:
    first = (N, draw(SIZE), draw(SIZE), draw(SIZE))
    second = (N, draw(SIZE), *(first[2:] if draw(st.integers(0, 3)) else (2, 2)))
    return (TensorType(first), TensorType(second))[: draw(st.sampled_from([1, 2, 2]))]


def _levels(draw: st.DrawFn) -> Inputs:
    """Maps of any sizes; now and then one of another rank, batch or type."""
    odd = st.sampled_from([((N, 4), "float32"), ((Batch(2), 4, 2, 2), "float32"), ((N, 4, 2, 2), "int64")])
    shapes = st.tuples(st.just(N), SIZE, SIZE, SIZE).map(lambda shape: (shape, "float32"))
    found = draw(st.lists(shapes, min_size=1, max_size=4))
    return tuple(TensorType(*each) for each in (*found, *([draw(odd)] if draw(st.integers(0, 7)) == 0 else [])))


def _scattered(draw: st.DrawFn) -> Inputs:
    given, index = _gather(draw)
    source = tuple(draw(SIZE) if isinstance(dim, int) and draw(st.integers(0, 7)) == 0 else dim for dim in index.shape)
    return (given, index, TensorType(source, given.dtype if draw(st.integers(0, 7)) else "float64"))


def _rows(draw: st.DrawFn) -> Inputs:
    stack = _shape(draw, 1, 3)
    features = draw(SIZE)
    wrong = features if draw(st.integers(0, 5)) else draw(SIZE)
    return _two(draw, (*stack, draw(SIZE), features), (*_other(draw, stack), draw(SIZE), wrong))


INPUTS: dict[str, Callable[[st.DrawFn], Inputs]] = {
    "FeaturePyramidNetwork": _levels,
    "masked_fill": _masked,
    "where": _where,
    "type_as": _typed,
    "gather": _gather,
    **dict.fromkeys(("scatter", "scatter_add"), _scattered),
    "cdist": _rows,
    "one_hot": _classes,
    "embedding": _table,
    "index_select": _places,
    "logical_not": _mask,
    **dict.fromkeys(("eq", "ne", "lt", "le", "gt", "ge"), _compared),
    **dict.fromkeys(("logical_and", "logical_or", "logical_xor"), _logical),
    "matmul": _matrices,
    "DeformConv2d": _deformed,
    "BilinearPool2d": _two_maps,
    "bmm": _bmm,
    "outer": _vectors,
    "einsum": _einsum,
    "scaled_dot_product_attention": _attention,
    "grid_sample": _grid,
    "affine_grid": _thetas,
    **dict.fromkeys(("maximum", "minimum", "mean_of", "atan2"), _broadcast),
    **dict.fromkeys(("add", "mul", "sub", "div"), _arithmetic),
    **dict.fromkeys(
        ("tril", "triu", "to", "detach", "full_like", "arange", "eye", "new_full", "new_zeros", "new_ones"), _many_sizes
    ),
    **dict.fromkeys(
        (
            "reshape",
            "squeeze",
            "unsqueeze",
            "expand",
            "permute",
            "unbind",
            "movedim",
            "diagonal",
            "tile",
            "unflatten",
            "any",
            "all",
        ),
        _many_sizes,
    ),
    **dict.fromkeys(("split", "chunk"), _qkv_like),
}


def _axis_names(draw: st.DrawFn) -> list[str]:
    return ["n", *draw(st.permutations(["c", "h", "w"]))[: draw(st.integers(1, 3))]]


def _composed(draw: st.DrawFn, names: list[str]) -> list[list[str]]:
    """The names in some groups of neighbours."""
    groups: list[list[str]] = []
    for name in names:
        if groups and draw(st.integers(0, 2)) == 0:
            groups[-1].append(name)
        else:
            groups.append([name])
    return groups


def _side(draw: st.DrawFn, groups: list[list[str]]) -> str:
    parts = [f"({' '.join(group)})" if len(group) > 1 else group[0] for group in groups]
    if draw(st.integers(0, 7)) == 0:
        parts.insert(draw(st.integers(0, len(parts))), draw(st.sampled_from(["1", "2", "...", "()", "t"])))
    return " ".join(parts)


def _pattern(draw: st.DrawFn, kind: str) -> tuple[dict[str, Any], Inputs]:
    """A call of an einops function: axes composed in two ways, mostly with sizes that fit."""
    names = _axis_names(draw)
    sizes: dict[str, Any] = {name: draw(st.sampled_from([2, 3, 4])) for name in names} | {"n": N}
    left, right = _composed(draw, names), list(draw(st.permutations(names)))
    if kind == "reduce":
        right = right[: draw(st.integers(1, len(right)))]
    written = {name: sizes[name] for group in left for name in group[1:] if name != "n"}
    written |= {group[0]: sizes[group[0]] for group in left if "n" in group[1:]}
    if kind == "repeat_axis":
        right.insert(draw(st.integers(0, len(right))), "r")
        written["r"] = 2
    if written and draw(st.integers(0, 5)) == 0:
        name = draw(st.sampled_from(sorted(written)))
        written |= draw(st.sampled_from([{name: 5}, {"q": 2}, {"n": 2}]))
    shape = tuple(volume(sizes[name] for name in group) for group in left)
    if draw(st.integers(0, 5)) == 0:
        shape = (*shape, 1)
    pattern = f"{_side(draw, left)} -> {_side(draw, _composed(draw, right))}"
    reduction = {"reduction": draw(st.sampled_from(["mean", "sum", "max", "min", "prod"]))} if kind == "reduce" else {}
    return {"pattern": pattern, **reduction, **written}, (TensorType(shape),)


CALLS = ("rearrange", "reduce", "repeat_axis")


def special_call(draw: st.DrawFn, kind: str) -> tuple[dict[str, Any], Inputs]:
    """The arguments and inputs of a kind whose arguments have free names."""
    return _pattern(draw, kind)


def _reshape_sizes(draw: st.DrawFn, inputs: Inputs) -> tuple[Any, ...]:
    sizes = list(inputs[0].shape)
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(sizes) - 1))
        how = draw(st.sampled_from(["join", "halve", "unknown", "wrong", "batch"]))
        if how == "join" and at + 1 < len(sizes) and all(isinstance(size, int) for size in sizes[at : at + 2]):
            sizes[at : at + 2] = [sizes[at] * sizes[at + 1]]
        elif how == "halve" and isinstance(sizes[at], int) and sizes[at] % 2 == 0:
            sizes[at : at + 1] = [sizes[at] // 2, 2]
        elif how == "unknown":
            sizes[at] = -1
        elif how == "wrong":
            sizes[at] = draw(SIZE)
        elif how == "batch":
            sizes = [Batch(2) if isinstance(size, Batch) else size for size in sizes]
    return tuple(f"{size.multiple}*N" if isinstance(size, Batch) else size for size in sizes)


def _expand_sizes(draw: st.DrawFn, inputs: Inputs) -> tuple[Any, ...]:
    kept = [draw(st.sampled_from([-1, "same", "same", 3])) for _ in inputs[0].shape]
    shown = [f"{dim.multiple} * N" if isinstance(dim, Batch) else dim for dim in inputs[0].shape]
    sizes = [dim if size == "same" else size for size, dim in zip(kept, shown, strict=True)]
    return (*draw(st.sampled_from([(), (), (2,), (-1,)])), *sizes)


def _order(draw: st.DrawFn, inputs: Inputs) -> tuple[int, ...]:
    return tuple(draw(st.permutations(range(inputs[0].rank))))


def _unit_dim(draw: st.DrawFn, inputs: Inputs) -> Any:
    ones = [index for index, dim in enumerate(inputs[0].shape) if dim == 1]
    return draw(st.sampled_from(ones)) if ones and draw(st.booleans()) else draw(st.integers(-3, 3))


def _sections(draw: st.DrawFn, inputs: Inputs) -> Any:
    size = inputs[0].shape[-1]
    if not isinstance(size, int) or size == 1:
        return 1
    part = draw(st.integers(1, size - 1))
    return draw(st.sampled_from([part, (part, size - part), (part, size), (1, 1)]))


def _number_or_none(draw: st.DrawFn, inputs: Inputs) -> float | None:
    """A number beside a single tensor, mostly."""
    return draw(st.sampled_from([0.0, 1, 0.5])) if (len(inputs) == 1) is bool(draw(st.integers(0, 5))) else None


def _times(draw: st.DrawFn, inputs: Inputs) -> tuple[int, ...]:
    count = inputs[0].rank if draw(st.integers(0, 5)) else 2
    return tuple(draw(st.sampled_from([1, 1, 2, 3])) for _ in range(count))


def _some_dims(draw: st.DrawFn, inputs: Inputs) -> Any:
    rank = inputs[0].rank
    dims = st.integers(-rank, rank - 1)
    return draw(dims | st.lists(dims, min_size=1, max_size=2).map(tuple))


ARGUMENTS: dict[tuple[str, str], Callable[[st.DrawFn, Inputs], Any]] = {
    **{(name, "other"): _number_or_none for name in ("eq", "ne", "lt", "le", "gt", "ge")},
    ("einsum", "equation"): _equation,
    ("DeformConv2d", "kernel_size"): lambda draw, inputs: draw(st.sampled_from([3, 3, 3, 2])),
    ("DropBlock2d", "block_size"): lambda draw, inputs: draw(st.sampled_from([1, 3, 3, 4, 5, 7])),
    ("DropBlock3d", "block_size"): lambda draw, inputs: draw(st.sampled_from([1, 3, 3, 4, 5, 7])),
    ("affine_grid", "size"): _grid_size,
    **{(kind, "other"): _number for kind in ("add", "mul", "sub", "div")},
    ("pad", "pad"): _pads,
    ("reshape", "shape"): _reshape_sizes,
    ("expand", "size"): _expand_sizes,
    ("permute", "dims"): _order,
    ("tile", "dims"): _times,
    ("movedim", "source"): _some_dims,
    ("movedim", "destination"): _some_dims,
    ("squeeze", "dim"): _unit_dim,
    ("split", "split_size_or_sections"): _sections,
}
