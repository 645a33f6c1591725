"""Argument names, order and defaults are those of the installed torch's classes and functions."""

from __future__ import annotations

import inspect
from pydoc import locate
from typing import get_overloads

import pytest

from archspec.ops.broadcast import BROADCAST
from archspec.ops.entry import REQUIRED, Op
from archspec.ops.registry import CATALOGUE
from tests.conformance.strategies import values

CHOSEN_WHEN_BUILT = {"device", "dtype"}
LEFT_OUT = {
    "embedding": {"padding_idx", "max_norm", "norm_type", "scale_grad_by_freq", "sparse"},  # `Embedding` has them
    "FeaturePyramid": {"extra_blocks"},  # a module
    "BatchNorm": {"bias"},  # newer than the oldest torch that is supported
    "InstanceNorm": {"bias"},
    "GroupNorm": {"bias"},
    "Hardtanh": {"min_value", "max_value"},  # deprecated names of min_val and max_val
    "FractionalMaxPool": {"_random_samples"},  # for tests of torch itself
    "SyncBatchNorm": {"bias", "process_group"},
    "Embedding": {"_weight", "_freeze"},  # a tensor, and what `freeze` says
    "Transformer": {"custom_encoder", "custom_decoder"},  # modules
    "relu": {"inplace"},  # a function's result is a new tensor
    "silu": {"inplace"},
    "mish": {"inplace"},
    "relu6": {"inplace"},
    "hardswish": {"inplace"},
    "hardsigmoid": {"inplace"},
    "selu": {"inplace"},
    "leaky_relu": {"inplace"},
    "elu": {"inplace"},
    "dropout": {"inplace", "training"},  # the model knows whether it is training
    "celu": {"inplace"},
    "hardtanh": {"inplace"},
    "threshold": {"inplace"},
    "cdist": {"compute_mode"},  # how it computes, not what
    "normalize": {"out"},
    "softmax": {"_stacklevel"},
    "log_softmax": {"_stacklevel"},
    "softmin": {"_stacklevel"},
}
OWN_DEFAULTS = {
    ("Softmax", "dim"),
    ("Softmin", "dim"),
    ("LogSoftmax", "dim"),
    ("softmax", "dim"),
    ("softmin", "dim"),
    ("SqueezeExcitation", "activation"),
    ("SqueezeExcitation", "scale_activation"),
    ("MLP", "activation_layer"),
    *((f"Conv{count}dNormActivation", name) for count in (2, 3) for name in ("norm_layer", "activation_layer")),
    ("log_softmax", "dim"),
    ("TransformerEncoderLayer", "activation"),
    ("TransformerDecoderLayer", "activation"),
    ("Transformer", "activation"),
    ("Transformer", "src_is_causal"),
    ("Transformer", "tgt_is_causal"),
}
"""Required here, where torch guesses; or a function by its name, or false for the mask that there is not."""


OWN_ARGUMENTS = ("slice", "crop", "einsum", "rearrange", "reduce", "repeat_axis")
"""Functions that torch's users write as syntax, or whose arguments are free."""


def torch_parameters(op: Op) -> dict[str, inspect.Parameter] | None:
    """torch's own arguments that a spec may write; None for functions without a signature."""
    if op.name in OWN_ARGUMENTS:
        return None
    try:
        signature = inspect.signature(locate(op.target))
    except ValueError:
        return None
    overloads = get_overloads(locate(op.target).__init__) if op.is_module else ()
    if overloads:  # the recurrent layers say it there
        signature = inspect.signature(overloads[0])
    left_out = CHOSEN_WHEN_BUILT | next((names for kind, names in LEFT_OUT.items() if op.name.startswith(kind)), set())
    return {
        name: parameter
        for name, parameter in signature.parameters.items()
        if name not in {"self", *left_out}
        and parameter.kind in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        and (op.is_module or name not in op.inputs)
    }


def in_call(op: Op) -> dict[str, inspect.Parameter]:
    """What torch's forward takes of the arguments that are said to belong to it."""
    named = [arg.name for arg in op.args if arg.in_call]
    return {name: inspect.signature(locate(op.target).forward).parameters[name] for name in named}


@pytest.mark.parametrize("op", CATALOGUE.values(), ids=tuple(CATALOGUE))
def test_names_order_and_defaults_are_torchs(op: Op) -> None:
    theirs = torch_parameters(op)
    if theirs is None:
        return
    assert [arg.name for arg in op.args if not arg.in_call and arg is not BROADCAST] == list(theirs)
    theirs |= in_call(op)
    for arg in op.args:
        if (op.name, arg.name) in OWN_DEFAULTS or arg is BROADCAST:
            continue
        default = theirs[arg.name].default
        if arg.default is REQUIRED:
            assert default is inspect.Parameter.empty, arg.name
        else:
            assert default == arg.default, arg.name
            assert type(default) is type(arg.default), arg.name


@pytest.mark.parametrize("op", CATALOGUE.values(), ids=tuple(CATALOGUE))
def test_defaults_and_examples_are_of_their_own_type(op: Op) -> None:
    for arg in op.args:
        if arg.default is not REQUIRED:
            assert arg.type.accept(arg.default) == arg.default
        if arg.is_required:
            arg.type.accept(arg.example)
        assert arg.doc
        values(arg.type, tame=True)


@pytest.mark.parametrize("op", CATALOGUE.values(), ids=tuple(CATALOGUE))
def test_the_entry_is_complete(op: Op) -> None:
    assert op.doc.endswith((".", ")."))
    assert locate(op.target) is not None
    assert op.primary is None or op.primary in op.by_name
    assert bool(op.ranks) == bool(op.layout)
