"""What attention, and the layers that are made of it, have alive at once, step by step as torch's Python has it.

Sizes are in numbers of float32 for a batch of one. Copies of masks that are given are not counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from archspec.ops.alive import Alive
from archspec.ops.attention import steps
from archspec.ops.entry import Args, Inputs, Outputs
from archspec.ops.memory_of_attention import is_turned
from archspec.ops.memory_size import elements, size_of
from archspec.ops.sequences import batch_at
from archspec.tensors import per_sample

Given: TypeAlias = Literal[1, 2, 3]
"""How many different tensors query, key and value are."""


@dataclass(frozen=True, slots=True)
class Heads:
    """Multi-head attention.

    Attributes:
        queries: steps of the query.
        keys: steps of the key.
        features: how many the heads divide.
        heads: how many there are.
        given: how many different tensors query, key and value are.
        batch: how many samples one of the model's batch stands for.
        learned: whether a learned key is added.
        zero: whether a key of zeros is added.
        copies: numbers of the copies of query, key and value that projecting them apart makes.
        bias: whether biases are added, to a projected copy in a further tensor.
    """

    queries: int
    keys: int
    features: int
    heads: int
    given: Given
    batch: int
    learned: bool = False
    zero: bool = False
    copies: tuple[int, int, int] = (0, 0, 0)
    bias: bool = True

    def alive(self, *, weights: bool, averaged: bool = False) -> int:
        """The most at once, the outputs included."""
        tally = Alive()
        self._project(tally)
        out = self.queries * self.features
        if not weights:
            tally.make(out=out, rows=self.queries * self.heads)
            tally.drop("rows", "joint", "q", "kv", "k", "v")
            tally.make(projected=out)
            return tally.peak
        scores = self.heads * self.queries * (self.keys + self.learned + self.zero)
        tally.make(scaled=out, scores=scores)
        tally.drop("scaled", "k")
        tally.make(weights=scores)
        tally.drop("scores")
        tally.make(out=out)
        tally.drop("v", "kv")
        if self.heads > 1:
            tally.make(ordered=out)
            tally.drop("out")
        tally.make(projected=out)
        tally.drop("ordered", "out")
        if averaged:
            tally.make(mean=scores // self.heads)
        return tally.peak

    def _project(self, tally: Alive) -> None:
        query, key = self.queries * self.features, self.keys * self.features
        if self.given == 1:
            tally.make(**self._ordered("joint", 3 * query, self.queries))
        elif self.given == 2:
            tally.make(q=query)
            tally.make(**self._ordered("kv", 2 * key, self.keys))
        else:
            for name, size, copy in zip("qkv", (query, key, key), self.copies, strict=True):
                tally.make(copy=copy, **{name: size})
                tally.drop("copy")
                tally.make(biased=size if copy and self.bias else 0)
                tally.drop("biased")
        tally.drop("raw")
        for there in (self.learned, self.zero):
            if there:
                key += self.features
                self._add_key(tally, key)

    def _ordered(self, name: str, size: int, steps: int) -> dict[str, int]:
        """What is projected together, and in another order in memory, which for a single row is the same."""
        return {name: size} if steps * self.batch == 1 else {"raw": size, name: size}

    def _add_key(self, tally: Alive, size: int) -> None:
        """Keys and values are copied, each with one more at its end."""
        own = "k" in tally._sizes
        for name in ("k", "v"):
            tally.make(one=self.features, copy=size)
            tally.drop("one", "copy", *([name] if own else []))
            tally.make(**{name: size})
        tally.drop("kv")


def attention(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """`MultiheadAttention`."""
    query, key = inputs[0], inputs[min(1, len(inputs) - 1)]
    one_size = all(args[name] in (None, args.embed_dim) for name in ("kdim", "vdim"))
    given: Given = 3 if not one_size or len(inputs) > 2 else 2 if len(inputs) == 2 else 1
    sizes = (steps(args, query), steps(args, key), int(args.embed_dim), int(args.num_heads))
    batch = _batch(args, inputs)
    q, k, v = (elements(each) // batch if is_turned(args, each) else 0 for each in (query, key, inputs[-1]))
    heads = Heads(*sizes, given, batch, args.add_bias_kv, args.add_zero_attn, (q, k, v), args.bias)
    one = heads.alive(weights=args.need_weights, averaged=args.average_attn_weights)
    return 4 * (batch * one + _mask(args.is_causal, steps(args, query)))


def _mask(causal: bool, length: int) -> int:
    """What hides later steps from earlier ones, one for the whole batch."""
    return length * length if causal else 0


def fused_attention(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """`scaled_dot_product_attention`: fused, or queries and keys scaled, scores and weights."""
    query, key, value = inputs[:3]
    rows = per_sample(query.shape[:-1])
    width = size_of(query) // elements(query)
    converted = sum(width * elements(mask) for mask in inputs[3:] if not mask.is_floating)
    if value.shape[-1] == query.shape[-1]:
        return size_of(outputs[0]) + max(4, width) * rows + converted
    keys = per_sample(key.shape[-2:-1])
    scores = rows * keys
    mask = per_sample(query.shape[-2:-1]) * keys if args.is_causal else 0
    grouped = per_sample(query.shape[:-2]) // per_sample(key.shape[:-2])
    copied = grouped * (elements(key) + elements(value)) if grouped > 1 else 0
    beside = max(grouped * elements(key), scores, elements(outputs[0]))
    return converted + width * (mask + copied + elements(query) + scores + beside)


def _batch(args: Args, inputs: Inputs) -> int:
    return per_sample(inputs[0].shape[batch_at(args) : batch_at(args) + 1])


def _attended(args: Args, batch: int, queries: int, keys: int, given: Given) -> int:
    return Heads(queries, keys, int(args.d_model), int(args.nhead), given, batch).alive(weights=False)


def _feed_forward(args: Args, length: int) -> int:
    """Between its input and its output."""
    wide, narrow = length * int(args.dim_feedforward), length * int(args.d_model)
    return max(2 * wide, wide + narrow)


def _layer(args: Args, length: int, attended: tuple[int, ...]) -> int:
    """Each part takes what the one before it made, which is added to what it gives; norms before or after."""
    size, rows = length * int(args.d_model), 2 * length
    parts = [*attended, _feed_forward(args, length)]
    most = 0
    for index, part in enumerate(parts):
        before = size if index else 0
        if args.norm_first:
            most = max(most, before + size + rows, before + size + part, before + 2 * size)
        else:
            most = max(most, before + part, before + 2 * size + rows)
    return most


def _encoder(args: Args, batch: int, length: int) -> int:
    return _layer(args, length, (_attended(args, batch, length, length, 1),))


def _decoder(args: Args, batch: int, length: int, memory: int) -> int:
    attended = _attended(args, batch, length, length, 1), _attended(args, batch, length, memory, 2)
    return _layer(args, length, attended)


def encoder_layer(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """`TransformerEncoderLayer`."""
    length, batch = steps(args, inputs[0]), _batch(args, inputs)
    return 4 * (batch * _encoder(args, batch, length) + _mask(args.is_causal, length))


def decoder_layer(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """`TransformerDecoderLayer`."""
    target, memory, batch = steps(args, inputs[0]), steps(args, inputs[1]), _batch(args, inputs)
    return 4 * (batch * _decoder(args, batch, target, memory) + _mask(args.tgt_is_causal, target))


def transformer(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """`Transformer`: what each layer hands to the next one, a norm after each stack, the memory beside the decoder."""
    source, target, batch = steps(args, inputs[0]), steps(args, inputs[1]), _batch(args, inputs)
    memory, size = source * int(args.d_model), target * int(args.d_model)
    encoding = _stack(args.num_encoder_layers, _encoder(args, batch, source), memory, source)
    decoding = memory + _stack(args.num_decoder_layers, _decoder(args, batch, target, source), size, target)
    masks = _mask(args.src_is_causal, source) + _mask(args.tgt_is_causal, target)
    return 4 * (batch * max(encoding, decoding) + masks)


def _stack(layers: int, one: int, size: int, length: int) -> int:
    """Layers one after the other, each beside what it takes, and a norm."""
    return max(one + (size if layers > 1 else 0), 2 * size + 2 * length)
