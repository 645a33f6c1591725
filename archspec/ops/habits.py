"""What other libraries and older habits call things: said to whoever writes it, never accepted."""

from __future__ import annotations

from collections.abc import Iterable

from archspec.errors import clip
from archspec.suggest import nearest

_ARGUMENTS: dict[str, tuple[str, ...]] = {
    "activation": ("approximate",),
    "axis": ("dim", "dims"),
    "axes": ("dims", "dim"),
    "alpha": ("negative_slope",),
    "bn_momentum": ("momentum",),
    "channels": ("out_channels", "num_channels"),
    "depth_multiplier": ("groups",),
    "dim": ("normalized_shape", "dims", "start_dim"),
    "epsilon": ("eps",),
    "filters": ("out_channels",),
    "heads": ("num_heads", "nhead"),
    "hidden": ("hidden_size",),
    "input_dim": ("in_features", "num_embeddings"),
    "keep_prob": ("p",),
    "k": ("kernel_size",),
    "ks": ("kernel_size",),
    "learning_rate": ("lr",),
    "decay": ("weight_decay",),
    "l2": ("weight_decay",),
    "n_heads": ("num_heads", "nhead"),
    "num_filters": ("out_channels",),
    "output_dim": ("out_features", "embedding_dim"),
    "pad": ("padding",),
    "pool_size": ("kernel_size",),
    "prob": ("p",),
    "rate": ("p",),
    "dropout": ("p",),
    "s": ("stride",),
    "slope": ("negative_slope",),
    "target_shape": ("unflattened_size",),
    "vocab_size": ("num_embeddings",),
    "vocabulary": ("num_embeddings",),
    "units": ("out_features", "hidden_size"),
    "use_bias": ("bias",),
    "window": ("kernel_size",),
}
_KINDS: dict[str, str] = {
    "Add": "add",
    "Attention": "MultiheadAttention",
    "BN": "BatchNorm2d",
    "BatchNorm": "BatchNorm2d",
    "BatchNormalization": "BatchNorm2d",
    "Concat": "concat",
    "Concatenate": "concat",
    "Conv": "Conv2d",
    "Conv2DTranspose": "ConvTranspose2d",
    "Deconv": "ConvTranspose2d",
    "Deconv2d": "ConvTranspose2d",
    "Dense": "Linear",
    "Dropout2D": "Dropout2d",
    "FC": "Linear",
    "FullyConnected": "Linear",
    "GlobalAveragePooling2D": "GlobalAvgPool2d",
    "GlobalAvgPool": "GlobalAvgPool2d",
    "MaxPool": "MaxPool2d",
    "MaxPooling2D": "MaxPool2d",
    "AvgPool": "AvgPool2d",
    "AveragePooling2D": "AvgPool2d",
    "MultiHeadAttention": "MultiheadAttention",
    "LayerNormalization": "LayerNorm",
    "Multiply": "mul",
    "Reshape": "reshape",
    "SelfAttention": "MultiheadAttention",
    "Swish": "SiLU",
    "cat": "concat",
    "plus": "add",
    "swish": "silu",
    "UpSampling2D": "Upsample",
    "ZeroPadding2D": "ZeroPad2d",
    "upsample": "Upsample",
    "view": "reshape",
}
"""Kinds under the names that they have elsewhere, in whatever case, with underscores or without."""
_FOLDED = {name.lower(): kind for name, kind in reversed(_KINDS.items())}
_ACTIVATIONS = "an activation is a layer of its own: `ReLU`, `GELU`, `SiLU`, `Sigmoid`, …"
_WORDS = {
    "act": _ACTIVATIONS,
    "activation": _ACTIVATIONS,
    "nonlinearity": _ACTIVATIONS,
    "norm": "name the norm: `BatchNorm2d`, `GroupNorm`, `LayerNorm`, …",
    "pool": "name the pooling: `MaxPool2d`, `AvgPool2d`, `GlobalAvgPool2d`, …",
    "pooling": "name the pooling: `MaxPool2d`, `AvgPool2d`, `GlobalAvgPool2d`, …",
    "input": "what the model takes is said above the layers, without the batch: `input: [3, 32, 32]`",
    "output": "what the last entry makes is the output; others are named below the layers, under `outputs`",
    "sequential": "a sequence is a list: `name: [layer, layer]`",
}


_SHAPE = "what the model takes is said above the layers, without the batch: `input: [3, 32, 32]`"
_INITIAL = "how weights begin is said in the section `init`: `init: {Conv2d: kaiming_normal}`"
_BY_NAME = "arguments are written by name, without a key around them"
_ELSEWHERE = {
    **dict.fromkeys(("input_shape", "batch_input_shape"), _SHAPE),
    **dict.fromkeys(("kernel_initializer", "bias_initializer", "weight_init"), _INITIAL),
    **dict.fromkeys(("args", "kwargs", "params"), _BY_NAME),
    **dict.fromkeys(("act", "activation", "activation_fn"), "an activation is an entry of its own: `ReLU`, `GELU`, …"),
    "name": "the name is the key before the layer: `conv1: {Conv2d: {…}}`",
    "requires_grad": "what does not learn is listed under `freeze`",
}
"""What other libraries say among a layer's arguments, and what is written instead."""


def said_elsewhere(name: str) -> str | None:
    """Where a spec says what an argument of this name says elsewhere."""
    return _ELSEWHERE.get(name)


def kind_elsewhere(name: str) -> str | None:
    """The kind that other libraries call so."""
    return _KINDS.get(name) or _FOLDED.get(_folded(name))


def advice(name: str) -> str | None:
    """What to write instead of a word that stands for several layers, or for none."""
    if name.startswith("zoo:"):
        return f"a whole spec is no layer: take its blocks by `import: [{clip(name)}]`, or build on it by `extends`"
    return _WORDS.get(_folded(name))


def _folded(name: str) -> str:
    return name.lower().replace("_", "")


def meant_argument(name: str, known: Iterable[str]) -> str | None:
    """The argument that was probably meant: the nearest in spelling, what other libraries call so, or the first one
    whose name begins with the word or holds it (`kernel`, `out`)."""
    known = tuple(known)
    near = nearest(name, known)
    if near:
        return near[0]
    other = next((other for other in _ARGUMENTS.get(name, ()) if other in known), None)
    if other is not None:
        return other
    return next((other for other in known if other.startswith(f"{name}_") or name in other.split("_")), None)
