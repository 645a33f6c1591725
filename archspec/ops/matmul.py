"""Products of tensors: of matrices, by an Einstein sum, outer, and attention."""

from __future__ import annotations

from math import prod

from archspec.ops.arguments import Bool, Float, Maybe
from archspec.ops.broadcast import BROADCAST, one_dtype, refuse_two_batches, stacked
from archspec.ops.einsum import EINSUM
from archspec.ops.entry import Arg, Args, Inputs, Op, Outputs
from archspec.ops.faults import RuleFault
from archspec.tensors import Batch, Dim, Shape, TensorType, per_sample, show_shape

_TWO = ("input", "other")


def _inner_fault(first: TensorType, second: TensorType) -> RuleFault:
    return RuleFault(
        "AS304",
        f"{{name}} multiplies {first} by {second}: the last dimension of the first is {first.shape[-1]}, "
        f"the last but one of the second {second.shape[-2]}",
        input=1,
        help="`transpose` one of them, or change the layer before it",
    )


def _check_inner(first: TensorType, second: TensorType) -> None:
    if first.shape[-1] != second.shape[-2]:
        raise _inner_fault(first, second)
    if isinstance(first.shape[-1], Batch):
        message = f"{{name}} would sum over the batch: {first} times {second}"
        raise RuleFault("AS304", message, input=0, help="`transpose` or `permute` the batch to the front")


def _matmul_shape(args: Args, inputs: Inputs) -> Outputs:
    one_dtype(inputs)
    first, second = inputs
    for index, given in enumerate(inputs):
        if given.rank < 2:
            message = f"{{name}} multiplies matrices, but receives {given}"
            raise RuleFault("AS302", message, input=index, help="give it a dimension of size 1 with `unsqueeze`")
    _check_inner(first, second)
    stack = stacked(args, inputs)
    shape = (*stack, first.shape[-2], second.shape[-1])
    refuse_two_batches(shape)
    return (first.with_shape(shape),)


def _matmul_macs(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    return per_sample(outputs[0].shape) * per_sample(inputs[0].shape[-1:])


def _bmm_shape(args: Args, inputs: Inputs) -> Outputs:
    one_dtype(inputs)
    first, second = inputs
    if first.rank != 3 or second.rank != 3:
        wrong = 0 if first.rank != 3 else 1
        message = f"{{name}} needs [N, rows, columns], but receives {inputs[wrong]}"
        raise RuleFault("AS302", message, input=wrong, help="use `matmul` for other ranks")
    if first.shape[0] != second.shape[0]:
        message = f"{{name}} multiplies {first} by {second}: the first dimensions differ"
        raise RuleFault("AS304", message, input=1, help="use `matmul` with one of them unbatched")
    _check_inner(first, second)
    shape = (first.shape[0], first.shape[1], second.shape[2])
    refuse_two_batches(shape)
    return (first.with_shape(shape),)


def _outer_shape(args: Args, inputs: Inputs) -> Outputs:
    one_dtype(inputs)
    for index, given in enumerate(inputs):
        if given.rank != 1:
            message = f"{{name}} takes vectors, but receives {given}"
            raise RuleFault(
                "AS302", message, input=index, help='use `einsum`: `"ni,nj->nij"` for one vector per sample'
            )
    shape = (inputs[0].shape[0], inputs[1].shape[0])
    refuse_two_batches(shape)
    return (inputs[0].with_shape(shape),)


def _attention_fault(inputs: Inputs, index: int, what: str) -> RuleFault:
    query, key, value = inputs[:3]
    message = f"{{name}} of a query {query}, a key {key} and a value {value}: {what}"
    help = "they are […, steps, features]: key and value have the same steps, query and key the same features"
    return RuleFault("AS304", message, input=index, help=help)


def _attention_shape(args: Args, inputs: Inputs) -> Outputs:
    one_dtype(inputs[:3])
    query, key, value = inputs[:3]
    for index, given in enumerate((query, key, value)):
        if given.rank != query.rank or given.rank < 3:
            raise _attention_fault(inputs, index, "they need one rank, 3 or more")
    _check_inner(query, key.with_shape((*key.shape[:-2], key.shape[-1], key.shape[-2])))
    if key.shape[:-1] != value.shape[:-1]:
        raise _attention_fault(inputs, 2, "key and value differ in more than their features")
    if not _same_heads(args, query.shape[:-2], key.shape[:-2]):
        raise _attention_fault(inputs, 1, "the dimensions before steps and features differ")
    if any(isinstance(dim, Batch) for given in (query, key, value) for dim in given.shape[-2:]):
        raise _attention_fault(inputs, 0, "the batch is in the steps or features")
    if len(inputs) == 4:
        _check_mask(args, inputs)
    return (query.with_shape((*query.shape[:-1], value.shape[-1])),)


def _same_heads(args: Args, query: Shape, key: Shape) -> bool:
    if query == key or not args.enable_gqa:
        return query == key
    mine, theirs = query[-1], key[-1]
    grouped = isinstance(mine, int) and isinstance(theirs, int) and mine % theirs == 0
    return len(query) >= 2 and query[:-1] == key[:-1] and grouped


def _check_mask(args: Args, inputs: Inputs) -> None:
    query, key, _, mask = inputs
    if args.is_causal:
        message = "`is_causal` of {name} is a mask of its own, but it receives another one"
        raise RuleFault("AS402", message, arg="is_causal", help="leave one of them out")
    if mask.dtype not in ("bool", query.dtype):
        message = f"{{name}} needs a mask of booleans or of {query.dtype}, but receives {mask}"
        raise RuleFault("AS306", message, input=3, help="declare the mask as `dtype: bool`")
    scores = (*query.shape[:-1], key.shape[-2])
    before = (1,) * (len(scores) - mask.rank) + mask.shape
    fits = mask.rank <= len(scores) and all(size in (1, want) for size, want in zip(before, scores, strict=True))
    if not fits or mask.rank < 2:
        message = f"the mask {mask} of {{name}} cannot be laid over scores of {show_shape(scores)}"
        raise RuleFault("AS304", message, input=3, help="give it that shape, or 1 where it is the same for all")


def _attention_code(args: Args, inputs: tuple[str, ...]) -> str:
    written = [f"attn_mask={inputs[3]}"] if len(inputs) == 4 else []
    if args.dropout_p:
        written.append(f"dropout_p={args.dropout_p!r} if self.training else 0.0")
    names = ("is_causal", "scale", "enable_gqa")
    written += [f"{name}={args[name]!r}" for name in names if args[name] not in (None, False)]
    return f"F.scaled_dot_product_attention({', '.join((*inputs[:3], *written))})"


def _attention_macs(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """Query times key, and the scores times the value."""
    query, key = inputs[:2]
    steps: tuple[Dim, ...] = key.shape[-2:-1]
    return per_sample(query.shape) * per_sample(steps) + prod(map(per_sample, (outputs[0].shape, steps)))


OPS = (
    Op(
        name="matmul",
        target="torch.matmul",
        doc="The matrix product of the last two dimensions.",
        args=(BROADCAST,),
        inputs=_TWO,
        shape=_matmul_shape,
        macs=_matmul_macs,
        code=lambda args, inputs: f"torch.matmul({', '.join(inputs)})",
    ),
    Op(
        name="bmm",
        target="torch.bmm",
        doc="The matrix product of each sample's two matrices.",
        inputs=("input", "mat2"),
        shape=_bmm_shape,
        macs=_matmul_macs,
    ),
    EINSUM,
    Op(
        name="outer",
        target="torch.outer",
        doc="The products of each element of one vector with each of another.",
        inputs=("input", "vec2"),
        shape=_outer_shape,
    ),
    Op(
        name="scaled_dot_product_attention",
        target="torch.nn.functional.scaled_dot_product_attention",
        doc="softmax(query · keyᵀ · scale) · value.",
        args=(
            Arg("dropout_p", Float(min=0, max=1), 0.0, doc="probability that a score is dropped while training"),
            Arg("is_causal", Bool(), False, doc="no step sees a later one"),
            Arg("scale", Maybe(Float()), None, doc="1 / √features unless given"),
            Arg("enable_gqa", Bool(), False, doc="several heads of the query share a head of the key"),
        ),
        inputs=("query", "key", "value", "attn_mask"),
        optional_inputs=1,
        shape=_attention_shape,
        macs=_attention_macs,
        code=_attention_code,
    ),
)
