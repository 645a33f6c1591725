"""The named rules: everything that torch takes and the catalogue refuses, each with its sentence."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from archspec.ops.faults import RuleFault
from archspec.ops.layer_class import takes_class
from tests.conformance.function_rules import FUNCTION_RULES
from tests.conformance.strategies import Call

_MERGES = (
    "add",
    "sub",
    "mul",
    "div",
    "mean_of",
    "concat",
    "CosineSimilarity",
    "PairwiseDistance",
    "cosine_similarity",
    "pairwise_distance",
)
_DIVISORS = ("beta", "alpha", "norm_type", "max_norm")
_SOFTMAXES = ("softmax", "softmin", "logsoftmax", "log_softmax")
_EMPTY = {False: (0,), True: (0, -1)}
_ANY_RANK_IN_TORCH = (
    "AdaptiveAvgPool",
    "Dropout",
    "ZeroPad",
    "ConstantPad",
    "Softmax2d",
    "FrozenBatchNorm2d",
    "GlobalAvgPool2d",
    "BilinearPool2d",
    "UpsamplingNearest2d",
    "crop",
)


@dataclass(frozen=True)
class Rule:
    """A refusal beyond torch's own.

    Attributes:
        sentence: the rule, as the language reference says it.
        applies: whether a fault of a call is this rule's.
    """

    sentence: str
    applies: Callable[[Call, RuleFault], bool]


def _items(call: Call, fault: RuleFault) -> tuple[Any, ...]:
    value = call.written.get(fault.arg)
    return value if isinstance(value, tuple) else (value,)


def _is_odd_type(call: Call, fault: RuleFault) -> bool:
    """A bool or a string or a fraction where a number is wanted, a number where a bool or a kind is, a number that is
    none."""
    if fault.code != "AS401":
        return False
    arg = call.op.by_name[fault.arg]
    if takes_class(arg.type) and isinstance(call.written[fault.arg], (int, float)):
        return True
    if "`true` or `false`" in arg.type.describe():
        return not isinstance(call.written[fault.arg], bool)
    return any(
        isinstance(item, (bool, str)) or item is None or (isinstance(item, float) and not math.isfinite(item))
        for item in _items(call, fault)
    ) or ("an integer" in arg.type.describe() and any(isinstance(item, float) for item in _items(call, fault)))


def _is_number_below(low: float, *names: str, included: bool = False) -> Callable[[Call, RuleFault], bool]:
    def applies(call: Call, fault: RuleFault) -> bool:
        return (
            fault.code == "AS401"
            and fault.arg in names
            and any(
                isinstance(item, (int, float)) and (item < low or (included and item == low))
                for item in _items(call, fault)
            )
        )

    return applies


def _is_outside_unit(*names: str) -> Callable[[Call, RuleFault], bool]:
    """A number that is not between 0 and 1, or none where there has to be one."""

    def applies(call: Call, fault: RuleFault) -> bool:
        value = call.written.get(fault.arg)
        return (
            fault.code == "AS401"
            and fault.arg in names
            and (value is None or (isinstance(value, (int, float)) and not 0 <= value <= 1))
        )

    return applies


def _is_default_dim(call: Call, fault: RuleFault) -> bool:
    return fault.code == "AS203" or (fault.code == "AS401" and call.written.get(fault.arg) is None)


def _is_empty(call: Call, fault: RuleFault) -> bool:
    if fault.code == "AS303":
        return "empty output" in fault.message or "0" in fault.message.rpartition(" ")[2].split("×")
    return (
        fault.code == "AS401"
        and fault.arg not in ("eps", *_DIVISORS)
        and any(item in _EMPTY[fault.arg == "kernel_size"] for item in _items(call, fault))
    )


def _is_list_of_other_length(call: Call, fault: RuleFault) -> bool:
    return fault.code == "AS401" and isinstance(call.written[fault.arg], tuple) and fault.index is None


def _is_layout(call: Call, fault: RuleFault) -> bool:
    return fault.code == "AS302" and (
        call.inputs[0].rank == min(call.op.ranks, default=0) - 1 or call.kind.startswith(_ANY_RANK_IN_TORCH)
    )


def _is_mixed(call: Call, fault: RuleFault) -> bool:
    return fault.code == "AS306" and call.kind in _MERGES and len({given.dtype for given in call.inputs}) > 1


def _is_broadcast(call: Call, fault: RuleFault) -> bool:
    return (
        fault.code in ("AS304", "AS310")
        and fault.arg is None
        and call.kind in _MERGES
        and len({given.shape for given in call.inputs}) > 1
        and not call.written.get("broadcast")
    )


RULES: tuple[Rule, ...] = (
    Rule("A value has the type that its argument says: `true` is no number and 1 is no `true`.", _is_odd_type),
    Rule("No size, count or output is empty.", _is_empty),
    Rule("A list has one value for each dimension.", _is_list_of_other_length),
    Rule(
        "The batch dimension is always there, so a layer takes the layout that torch documents for batches.",
        _is_layout,
    ),
    Rule(
        "A layer that computes with real numbers takes floating-point inputs.",
        lambda call, fault: fault.code == "AS306" and call.op.floating and not call.inputs[0].is_floating,
    ),
    Rule(
        "A layer's parameters and its input have one element type.",
        lambda call, fault: fault.code == "AS306" and "parameters" in fault.message,
    ),
    Rule("Functions of several tensors do not mix element types.", _is_mixed),
    Rule("Functions of several tensors do not broadcast unless that is written.", _is_broadcast),
    Rule(
        "`align: pad` only pads, and `align: crop` only crops.",
        lambda call, fault: fault.code == "AS304" and call.written.get("align") in ("pad", "crop"),
    ),
    Rule(
        "`align` is for tensors with height, width, …",
        lambda call, fault: fault.code == "AS304" and fault.arg == "align" and call.inputs[0].rank < 3,
    ),
    Rule(
        "A layer of the last dimension does not infer its size from an image's width.",
        lambda call, fault: fault.code == "AS305" and call.inputs[0].channels_first,
    ),
    Rule(
        "The dimension of a softmax is written.",
        lambda call, fault: call.kind.lower() in _SOFTMAXES and _is_default_dim(call, fault),
    ),
    Rule(
        "A written number of channels or features is the input's, even where torch does not look.",
        lambda call, fault: (
            fault.code == "AS301"
            and call.kind.startswith(("InstanceNorm", "BatchNorm", "SyncBatchNorm", "FrozenBatchNorm", "GroupNorm"))
        ),
    ),
    Rule(
        "The batch of a sequence stands where `batch_first` says.",
        lambda call, fault: fault.code == "AS302" and call.op.batch_anywhere,
    ),
    Rule(
        "`is_causal` hides later steps of a sequence from earlier ones, so queries and keys are the same steps.",
        lambda call, fault: (
            fault.code == "AS402" and call.kind == "MultiheadAttention" and "is_causal" in fault.message
        ),
    ),
    Rule(
        "The probability of a dropout is between 0 and 1, also where nothing is dropped.",
        _is_outside_unit("dropout", "dropout_p"),
    ),
    Rule(
        "What is changed in place has a gradient: torch has none for negative slopes, and says so going backward.",
        lambda call, fault: fault.code == "AS402" and fault.arg == "inplace",
    ),
    Rule(
        "That of `CrossMapLRN2d` two, with one of which its backward pass fails.",
        lambda call, fault: call.kind == "CrossMapLRN2d" and _is_number_below(2, "size")(call, fault),
    ),
    Rule("`eps` is positive.", _is_number_below(0, "eps", "layer_norm_eps", included=True)),
    Rule("No size, count or output is empty.", _is_number_below(1, "num_features")),
    Rule(
        "`BilinearPool2d` multiplies features of the same places, not of as many places in another shape.",
        lambda call, fault: call.kind == "BilinearPool2d" and "the same places" in fault.message,
    ),
    Rule("`momentum` weighs an average, so it is between 0 and 1.", _is_outside_unit("momentum")),
    Rule("Scales that are divided by are positive.", _is_number_below(0, *_DIVISORS, included=True)),
    Rule(
        "The window of a normalisation holds a channel.",
        lambda call, fault: call.kind == "LocalResponseNorm" and _is_number_below(1, "size")(call, fault),
    ),
    Rule(
        "A sparse gradient is not scaled by frequency: torch says so in the backward pass.",
        lambda call, fault: fault.code == "AS402" and fault.arg == "scale_grad_by_freq",
    ),
    Rule("A divisor is positive.", _is_number_below(0, "divisor_override")),
    Rule(
        "Only constant paddings may be negative, to crop.",
        lambda call, fault: (
            _is_number_below(0, "padding")(call, fault) or (call.kind == "pad" and "is negative" in fault.message)
        ),
    ),
)


RULES += tuple(Rule(sentence, applies) for sentence, applies in FUNCTION_RULES)


def rule_for(call: Call, faults: tuple[RuleFault, ...]) -> Rule | None:
    """The first named rule that one of the faults belongs to."""
    told = [_innermost(call, fault) for fault in faults]
    return next((rule for rule in RULES for call, fault in told if rule.applies(call, fault)), None)


def _innermost(call: Call, fault: RuleFault) -> tuple[Call, RuleFault]:
    """The fault of a layer that is an argument as that of a call of it."""
    if fault.part is None:
        return call, fault
    ((kind, given),) = call.written[fault.arg].items()
    return Call(kind, given, call.inputs), fault.part
