"""What autograd keeps of attention and of the layers that are made of it, in numbers of float32.

The scores are there only where torch computes them one by one: with `need_weights`, and with a dropout of weights.
Its fused kernel keeps queries, keys, values, the result and one number per query and head.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from archspec.ops.attention import steps
from archspec.ops.entry import Args, Inputs, Outputs
from archspec.ops.memory_size import Kept, elements
from archspec.ops.sequences import batch_at
from archspec.tensors import TensorType, per_sample


def _fused(queries: int, features: int, heads: int) -> int:
    """Beside queries, keys and values: the result, and a number per query and head."""
    return queries * features + queries * heads


def _weights(scores: int, dropout: float) -> int:
    """The weights; with a dropout also what is left, and its noise, unless that is a single number for all samples."""
    return scores * {0: 1, 1: 2}.get(dropout, 3)  # type: ignore[call-overload, no-any-return]


def _single(args: Args, dropouts: int) -> int:
    """What so many dropouts of everything multiply by."""
    return dropouts if args.dropout == 1 else 0


_ENCODER_DROPOUTS, _DECODER_DROPOUTS = 4, 6
"""One for each attention's weights and for each part's output, and one between the linear layers."""

Projection: TypeAlias = Literal["self", "cross", "apart"]
"""Whether queries, keys and values are one piece of memory, keys and values are, or each is by itself."""


def inside(
    queries: int, keys: int, features: int, heads: int, dropout: float, *, weights: bool, projection: Projection
) -> int:
    """Multi-head attention without its inputs and its outputs.

    Where the scores are computed one by one, copies of queries (and with a dropout of keys) that are scaled are kept
    in place of what was projected, unless the values share its memory.
    """
    query, key = queries * features, keys * features
    if not weights and not dropout:
        return query + 2 * key + _fused(queries, features, heads)
    projected = {"self": query + 2 * key, "cross": 2 * key, "apart": 2 * key if weights else key}[projection]
    scaled = query if weights else query + key
    return projected + scaled + query + _weights(heads * queries * keys, dropout)


def attention(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """`MultiheadAttention`; weights that are not averaged are the kept ones."""
    query, key = inputs[0], inputs[min(1, len(inputs) - 1)]
    queries, batch = steps(args, query), _batch(args, inputs)
    added = int(args.add_bias_kv) + int(args.add_zero_attn)
    keys = steps(args, key) + added
    one_size = all(args[name] in (None, args.embed_dim) for name in ("kdim", "vdim"))
    count = len(inputs)
    projection: Projection = "apart" if added or not one_size or count > 2 else "cross" if count == 2 else "self"
    extra = inside(
        *(queries, keys, args.embed_dim, args.num_heads, args.dropout),
        weights=args.need_weights,
        projection=projection,
    )
    if added and count == 1 and not args.need_weights and not args.dropout:
        extra += 2 * queries * args.embed_dim  # the keys and values without the added ones, beside the queries
    given_out = args.need_weights and not args.average_attn_weights
    if given_out:
        extra -= args.num_heads * queries * keys
    projected = inputs if one_size else (query, key, inputs[-1])
    copies = sum(elements(given) for given in projected if is_turned(args, given))
    kept = (at for at, given in enumerate(inputs) if not is_turned(args, given))
    return Kept(tuple(kept), (1,) if given_out else (), 4 * (batch * extra + copies + _single(args, 1)))


def is_turned(args: Args, given: TensorType) -> bool:
    """Whether a sequence is copied when its steps are put first, as they are inside."""
    return args.batch_first and per_sample(given.shape[:1]) > 1 and per_sample(given.shape[1:2]) > 1


def fused_attention(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """`scaled_dot_product_attention`; without the fused kernel queries and keys are kept scaled.

    The kernel wants one number of features, no dropout and no gradient of the mask; it keeps a mask of booleans as
    numbers.
    """
    query, key, value = inputs[:3]
    rows = per_sample(query.shape[:-1])
    learned_mask = len(inputs) == 4 and inputs[3].is_floating
    if not args.dropout_p and not learned_mask and value.shape[-1] == query.shape[-1]:
        return Kept((0, 1, 2), (0,), 4 * (rows + sum(map(elements, inputs[3:]))))
    grouped = per_sample(query.shape[:-2]) // per_sample(key.shape[:-2])
    scores = rows * per_sample(key.shape[-2:-1])
    extra = elements(query) + grouped * elements(key) + _weights(scores, args.dropout_p) + (args.dropout_p == 1)
    if grouped > 1:
        return Kept(extra=4 * (extra + grouped * elements(value)))
    return Kept((2,), (), 4 * extra)


def _feed_forward(args: Args, length: int) -> int:
    """Between the two linear layers: what activation, dropout and the second one read."""
    copies = {0: 1 if args.activation == "relu" else 2, 1: 2}.get(args.dropout, 3)
    return copies * length * int(args.dim_feedforward)


def _attended(args: Args, queries: int, keys: int, projection: Projection) -> int:
    return inside(queries, keys, args.d_model, args.nhead, args.dropout, weights=False, projection=projection)


def _around(args: Args, length: int, parts: int) -> int:
    """What norms and linear layers read, the norms' statistics, and the noise of a dropout after each part."""
    rows = 2 * parts - 1 + (parts if 0 < args.dropout < 1 else 0)
    return rows * length * int(args.d_model) + 2 * parts * length


def _encoder(args: Args, length: int) -> int:
    return _attended(args, length, length, "self") + _around(args, length, 2) + _feed_forward(args, length)


def _decoder(args: Args, length: int, memory: int) -> int:
    attended = _attended(args, length, length, "self") + _attended(args, length, memory, "cross")
    return attended + _around(args, length, 3) + _feed_forward(args, length)


def _batch(args: Args, inputs: Inputs) -> int:
    return per_sample(inputs[0].shape[batch_at(args) : batch_at(args) + 1])


def encoder_layer(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """`TransformerEncoderLayer`."""
    extra = _batch(args, inputs) * _encoder(args, steps(args, inputs[0]))
    return _turned(args, inputs, extra + _single(args, _ENCODER_DROPOUTS))


def decoder_layer(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """`TransformerDecoderLayer`."""
    target, memory = steps(args, inputs[0]), steps(args, inputs[1])
    extra = _batch(args, inputs) * _decoder(args, target, memory)
    return _turned(args, inputs, extra + _single(args, _DECODER_DROPOUTS))


def _turned(args: Args, inputs: Inputs, extra: int) -> Kept:
    """The inputs, or copies of those that are projected with their steps in front and not normed before."""
    normed = (0,) if args.norm_first else ()
    copied = [at for at, given in enumerate(inputs) if at not in normed and is_turned(args, given)]
    kept = tuple(at for at in range(len(inputs)) if at not in copied)
    return Kept(kept, extra=4 * (extra + sum(elements(inputs[at]) for at in copied)))


def transformer(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """`Transformer`: its layers, what each hands to the next, a norm after each stack, and the memory, of which each
    layer of the decoder has a copy where it is copied."""
    source, target = steps(args, inputs[0]), steps(args, inputs[1])
    handed = args.num_encoder_layers * source + args.num_decoder_layers * target
    total = args.num_encoder_layers * _encoder(args, source) + args.num_decoder_layers * _decoder(args, target, source)
    memories = args.num_decoder_layers if is_turned(args, inputs[0]) else 1
    total += handed * args.d_model + 2 * (source + target) + memories * source * args.d_model
    dropouts = args.num_encoder_layers * _ENCODER_DROPOUTS + args.num_decoder_layers * _DECODER_DROPOUTS
    extra = _batch(args, inputs) * int(total) + _single(args, dropouts)
    return Kept((0, 1), extra=4 * extra) if args.norm_first else _turned(args, inputs, extra)
