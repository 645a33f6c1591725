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
from archspec.tensors import per_sample


def _fused(queries: int, features: int, heads: int) -> int:
    """Beside queries, keys and values: the result, and a number per query and head."""
    return queries * features + queries * heads


def _scored(queries: int, keys: int, heads: int, dropout: float) -> int:
    """The weights; with a dropout also its noise, and what is left."""
    return heads * queries * keys * (3 if dropout else 1)


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
    return projected + scaled + query + _scored(queries, keys, heads, dropout)


def attention(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """`MultiheadAttention`; weights that are not averaged are the kept ones."""
    query, key = inputs[0], inputs[min(1, len(inputs) - 1)]
    queries, batch = steps(args, query), per_sample(query.shape[batch_at(args) : batch_at(args) + 1])
    added = int(args.add_bias_kv) + int(args.add_zero_attn)
    keys = steps(args, key) + added
    one_size = all(args[name] in (None, args.embed_dim) for name in ("kdim", "vdim"))
    count = min(len(inputs), 3)
    projection: Projection = "apart" if added or not one_size or count > 2 else "cross" if count == 2 else "self"
    extra = inside(
        *(queries, keys, args.embed_dim, args.num_heads, args.dropout),
        weights=args.need_weights,
        projection=projection,
    )
    given_out = args.need_weights and not args.average_attn_weights
    if given_out:
        extra -= args.num_heads * queries * keys
    return Kept(tuple(range(count)), (1,) if given_out else (), 4 * batch * extra)


def fused_attention(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """`scaled_dot_product_attention`; without the fused kernel queries and keys are kept scaled.

    The kernel wants one number of features, no dropout and no gradient of the mask.
    """
    query, key, value = inputs[:3]
    rows = per_sample(query.shape[:-1])
    learned_mask = len(inputs) == 4 and inputs[3].is_floating
    if not args.dropout_p and not learned_mask and value.shape[-1] == query.shape[-1]:
        return Kept((0, 1, 2, *range(3, len(inputs))), (0,), 4 * rows)
    grouped = per_sample(query.shape[:-2]) // per_sample(key.shape[:-2])
    scores = rows * per_sample(key.shape[-2:-1]) * (3 if args.dropout_p else 1)
    extra = elements(query) + grouped * elements(key) + scores
    if grouped > 1:
        return Kept(extra=4 * (extra + grouped * elements(value)))
    return Kept((2,), (), 4 * extra)


def _feed_forward(args: Args, length: int) -> int:
    """Between the two linear layers: what activation, dropout and the second one read."""
    copies = 3 if args.dropout else (1 if args.activation == "relu" else 2)
    return copies * length * int(args.dim_feedforward)


def _attended(args: Args, queries: int, keys: int, projection: Projection) -> int:
    return inside(queries, keys, args.d_model, args.nhead, args.dropout, weights=False, projection=projection)


def _around(args: Args, length: int, parts: int) -> int:
    """What norms and linear layers read, the norms' statistics, and the noise of a dropout after each part."""
    rows = 2 * parts - 1 + (parts if args.dropout else 0)
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
    return Kept((0,), extra=4 * _batch(args, inputs) * _encoder(args, steps(args, inputs[0])))


def decoder_layer(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """`TransformerDecoderLayer`."""
    target, memory = steps(args, inputs[0]), steps(args, inputs[1])
    return Kept((0, 1), extra=4 * _batch(args, inputs) * _decoder(args, target, memory))


def transformer(args: Args, inputs: Inputs, outputs: Outputs) -> Kept:
    """`Transformer`: its layers, what each hands to the next, and a norm after each stack."""
    source, target = steps(args, inputs[0]), steps(args, inputs[1])
    handed = args.num_encoder_layers * source + args.num_decoder_layers * target
    total = args.num_encoder_layers * _encoder(args, source) + args.num_decoder_layers * _decoder(args, target, source)
    total += handed * args.d_model + 2 * (source + target) + source * args.d_model
    return Kept((0, 1), extra=4 * _batch(args, inputs) * int(total))
