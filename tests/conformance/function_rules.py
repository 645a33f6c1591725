"""The named rules of functions: what torch takes and the catalogue refuses."""

from __future__ import annotations

from collections.abc import Callable

from archspec.ops.faults import RuleFault
from archspec.tensors import Batch
from tests.conformance.strategies import Call

_ARITHMETIC = ("add", "sub", "mul", "div")
_COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
_BROADCASTING = (
    "atan2",
    "cdist",
    *("maximum", "minimum", "masked_fill", "where", "mean_of", "matmul", *_ARITHMETIC),
    *(*_COMPARISONS, "logical_and", "logical_or", "logical_xor"),
)
_WITHOUT_DEFAULT_DIM = (
    "mean",
    "sum",
    "amax",
    "amin",
    "std",
    "var",
    "logsumexp",
    "vector_norm",
    "prod",
    "argmax",
    "argmin",
    "max",
    "min",
    "median",
    "any",
    "all",
    "cumsum",
    "cumprod",
    "roll",
    "squeeze",
)
_PRODUCTS = ("matmul", "bmm", "outer", "einsum", "cdist")
_SIZED = ("affine_grid", "reshape", "expand", "new_zeros", "new_ones", "new_full")
_PIECES = ("split", "chunk", "unbind")


def _is_broadcast(call: Call, fault: RuleFault) -> bool:
    return fault.code == "AS304" and call.kind in _BROADCASTING and not call.written.get("broadcast")


def _is_default_dim(call: Call, fault: RuleFault) -> bool:
    return fault.code == "AS203" or (fault.code == "AS401" and call.written.get(fault.arg) in (None, ()))


def _says_batch(call: Call, fault: RuleFault) -> bool:
    """`N` stands for the batch, where the judge could put any number."""
    if call.kind not in _SIZED or fault.code not in ("AS304", "AS402"):
        return False
    written = [item for value in call.written.values() for item in (value if isinstance(value, tuple) else (value,))]
    return any(isinstance(item, Batch) or (isinstance(item, str) and item.endswith("N")) for item in written)


def _is_place_in_the_batch(call: Call, fault: RuleFault) -> bool:
    return fault.code == "AS402" and any(
        words in fault.message
        for words in ("before the batch is", "the diagonal of the batch", "for every batch size", "in two dimensions")
    )


def _puts_the_batch_twice(call: Call, fault: RuleFault) -> bool:
    return fault.code == "AS304" and call.kind in _BROADCASTING and "the batch in two dimensions" in fault.message


FUNCTION_RULES: tuple[tuple[str, Callable[[Call, RuleFault], bool]], ...] = (
    ("Functions of several tensors do not broadcast unless that is written.", _is_broadcast),
    (
        "Arithmetic is of two tensors, or of one and a number, and so is a comparison.",
        lambda call, fault: fault.code == "AS308" and call.kind in _COMPARISONS,
    ),
    ("No broadcast puts the batch in two dimensions.", _puts_the_batch_twice),
    (
        "Logic is of booleans; `ne: 0` makes them of numbers.",
        lambda call, fault: fault.code == "AS306" and call.kind.startswith("logical_"),
    ),
    (
        "Bicubic `grid_sample` of volumes is newer than the oldest torch that archspec works with.",
        lambda call, fault: call.kind == "grid_sample" and "bicubic" in fault.message and call.inputs[0].rank == 5,
    ),
    (
        "Functions of several tensors do not mix element types.",
        lambda call, fault: fault.code == "AS306" and len({given.dtype for given in call.inputs}) > 1,
    ),
    (
        "Numbers at equal distances are floating-point.",
        lambda call, fault: fault.code == "AS306" and call.kind == "linspace",
    ),
    (
        "Masks are booleans, and what is filled into a tensor is of its type.",
        lambda call, fault: (
            fault.code == "AS306"
            and (call.kind in ("masked_fill", "where", "full_like", "new_full") or "would write" in fault.message)
        ),
    ),
    (
        "What `index_select` picks is a list of places without the batch.",
        lambda call, fault: fault.code == "AS304" and call.kind == "index_select",
    ),
    (
        "A triangle is of the last two dimensions, and not of the batch.",
        lambda call, fault: fault.code == "AS302" and call.kind in ("tril", "triu"),
    ),
    (
        "The dimensions of a reduction are written: torch's default reduces the batch too.",
        lambda call, fault: call.kind in _WITHOUT_DEFAULT_DIM and _is_default_dim(call, fault),
    ),
    (
        "Products keep the samples apart: the batch is in one dimension, and is not summed over.",
        lambda call, fault: (
            call.kind in _PRODUCTS and any(words in fault.message for words in ("the batch", "samples", "no dimension"))
        ),
    ),
    (
        "A letter of an equation is one size, and every dimension has a letter.",
        lambda call, fault: call.kind == "einsum" and ("the sizes" in fault.message or fault.code == "AS401"),
    ),
    ("Matrix products are of matrices.", lambda call, fault: call.kind == "matmul" and fault.code == "AS302"),
    (
        "Query, key and value have one rank and are not broadcast; no mask is given twice or broadcast into a rank.",
        lambda call, fault: call.kind == "scaled_dot_product_attention" and fault.code in ("AS304", "AS402"),
    ),
    (
        "What lies outside an image is not cropped, nor the batch padded.",
        lambda call, fault: (
            (call.kind == "crop" and fault.code in ("AS401", "AS402"))
            or (call.kind == "pad" and "the batch" in fault.message)
        ),
    ),
    (
        "The axis of the batch has no written size in a pattern, of which something is left.",
        lambda call, fault: (
            call.op.free is not None
            and any(
                words in fault.message
                for words in ("dimension of N", "·N", "nothing is left", "two dimensions", "is reduced")
            )
        ),
    ),
    (
        "`broadcast` and `align` are not mixed, nor written where a number stands for the second tensor.",
        lambda call, fault: fault.arg in ("broadcast", "align") and fault.code == "AS402",
    ),
    ("No division by zero is written.", lambda call, fault: "divides by zero" in fault.message),
    (
        "Arithmetic is of two tensors, or of one and a number.",
        lambda call, fault: (
            call.kind in _ARITHMETIC
            and (fault.code == "AS308" or (fault.code in ("AS401", "AS402") and fault.arg == "other"))
        ),
    ),
    (
        "The table of an `embedding` has two dimensions, and no batch.",
        lambda call, fault: call.kind == "embedding" and fault.code == "AS302",
    ),
    (
        "A feature pyramid takes as many levels as it lists channels.",
        lambda call, fault: call.kind == "FeaturePyramidNetwork" and fault.arg == "in_channels_list",
    ),
    ("No output is without dimensions.", lambda call, fault: "no dimension" in fault.message),
    ("Bounds are in order.", lambda call, fault: call.kind == "clamp" and "is above" in fault.message),
    ("`N` in a size is the batch.", _says_batch),
    ("No place or piece is taken of the batch, whose size is open.", _is_place_in_the_batch),
    (
        "A `squeeze` names dimensions of size 1.",
        lambda call, fault: call.kind == "squeeze" and "takes dimension" in fault.message,
    ),
    (
        "What takes a tensor apart gives two pieces or more.",
        lambda call, fault: call.kind in _PIECES and "would give" in fault.message,
    ),
    (
        "The number of classes of `one_hot` is written: torch's default depends on the data.",
        lambda call, fault: (
            call.kind == "one_hot"
            and (fault.code == "AS203" or (fault.code == "AS401" and call.written.get(fault.arg) == -1))
        ),
    ),
)
