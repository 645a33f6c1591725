"""What attention, and the layers that are made of it, have alive at once, step by step as torch's Python has it.

Sizes are in numbers of float32 for a batch of one. Copies of masks that are given are not counted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from archspec.ops.attention import steps
from archspec.ops.entry import Args, Inputs, Outputs
from archspec.ops.memory_size import elements, size_of
from archspec.ops.sequences import batch_at
from archspec.tensors import per_sample

Given: TypeAlias = Literal[1, 2, 3]
"""How many different tensors query, key and value are."""


@dataclass(slots=True)
class Alive:
    """A tally of tensors that come and go by name."""

    peak: int = 0
    _sizes: dict[str, int] = field(default_factory=dict)

    def make(self, **sizes: int) -> None:
        """One after the other, these are made."""
        for name, size in sizes.items():
            self._sizes[name] = size
            self.peak = max(self.peak, sum(self._sizes.values()))

    def drop(self, *names: str) -> None:
        """These go, those of them that are there."""
        for name in names:
            self._sizes.pop(name, None)


@dataclass(frozen=True, slots=True)
class Heads:
    """Multi-head attention: steps of query and key, further keys (one learned, one of zeros), features and heads."""

    queries: int
    keys: int
    features: int
    heads: int
    given: Given
    learned: bool = False
    zero: bool = False

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
            tally.make(raw=3 * query, joint=3 * query)
        elif self.given == 2:
            tally.make(q=query, raw=2 * key, kv=2 * key)
        else:
            tally.make(q=query, k=key, v=key)
        tally.drop("raw")
        for there in (self.learned, self.zero):
            if there:
                key += self.features
                self._add_key(tally, key)

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
    heads = Heads(*sizes, given, args.add_bias_kv, args.add_zero_attn)
    batch = _batch(args, inputs)
    one = heads.alive(weights=args.need_weights, averaged=args.average_attn_weights)
    return 4 * (batch * one + _mask(args.is_causal, steps(args, query)))


def _mask(causal: bool, length: int) -> int:
    """What hides later steps from earlier ones, one for the whole batch."""
    return length * length if causal else 0


def fused_attention(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """`scaled_dot_product_attention`: fused, or queries and keys scaled, scores and weights."""
    query, key, value = inputs[:3]
    rows = per_sample(query.shape[:-1])
    converted = sum(4 * elements(mask) for mask in inputs[3:] if not mask.is_floating)
    if value.shape[-1] == query.shape[-1]:
        return size_of(outputs[0]) + 4 * rows + converted
    keys = per_sample(key.shape[-2:-1])
    scores = rows * keys
    mask = per_sample(query.shape[-2:-1]) * keys if args.is_causal else 0
    grouped = per_sample(query.shape[:-2]) // per_sample(key.shape[:-2])
    copied = grouped * (elements(key) + elements(value)) if grouped > 1 else 0
    beside = max(grouped * elements(key), scores, elements(outputs[0]))
    return converted + 4 * (mask + copied + elements(query) + scores + beside)


def _batch(args: Args, inputs: Inputs) -> int:
    return per_sample(inputs[0].shape[batch_at(args) : batch_at(args) + 1])


def _attended(args: Args, queries: int, keys: int, given: Given) -> int:
    return Heads(queries, keys, int(args.d_model), int(args.nhead), given).alive(weights=False)


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


def _encoder(args: Args, length: int) -> int:
    return _layer(args, length, (_attended(args, length, length, 1),))


def _decoder(args: Args, length: int, memory: int) -> int:
    return _layer(args, length, (_attended(args, length, length, 1), _attended(args, length, memory, 2)))


def encoder_layer(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """`TransformerEncoderLayer`."""
    length = steps(args, inputs[0])
    return 4 * (_batch(args, inputs) * _encoder(args, length) + _mask(args.is_causal, length))


def decoder_layer(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """`TransformerDecoderLayer`."""
    target, memory = steps(args, inputs[0]), steps(args, inputs[1])
    return 4 * (_batch(args, inputs) * _decoder(args, target, memory) + _mask(args.tgt_is_causal, target))


def transformer(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    """`Transformer`: what each layer hands to the next one, a norm after each stack, the memory beside the decoder."""
    source, target = steps(args, inputs[0]), steps(args, inputs[1])
    memory, size = source * int(args.d_model), target * int(args.d_model)
    encoding = _stack(args.num_encoder_layers, _encoder(args, source), memory, source)
    decoding = memory + _stack(args.num_decoder_layers, _decoder(args, target, source), size, target)
    masks = _mask(args.src_is_causal, source) + _mask(args.tgt_is_causal, target)
    return 4 * (_batch(args, inputs) * max(encoding, decoding) + masks)


def _stack(layers: int, one: int, size: int, length: int) -> int:
    """Layers one after the other, each beside what it takes, and a norm."""
    return max(one + (size if layers > 1 else 0), 2 * size + 2 * length)
