"""What the values in a recipe may be: by type, by domain, and by what anybody sane would write."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from archspec.ops.arguments import LARGEST, Float, Int
from archspec.ops.called import Argument, Signature
from archspec.ops.faults import BadValue
from archspec.ops.signatures import Group

_WORDS: Mapping[str, str] = {
    "bool": "`true` or `false`",
    "int": "an integer",
    "float": "a number",
    "str": "a string",
    "list": "a list",
    "dict": "a mapping",
    "null": "null",
    "tensor": "a list of numbers",
    "dtype": "a type such as `float32`",
}
DTYPES = frozenset({"float16", "bfloat16", "float32", "float64", "uint8", "int8", "int16", "int32", "int64", "bool"})

DOMAINS: Mapping[tuple[Group, str], Int | Float] = {
    ("optimizers", "lr"): Float(min=0),
    ("optimizers", "weight_decay"): Float(min=0),
    ("optimizers", "momentum"): Float(min=0),
    ("optimizers", "eps"): Float(min=0),
    ("optimizers", "lr_decay"): Float(min=0),
    ("optimizers", "rho"): Float(min=0, max=1),
    ("optimizers", "betas"): Float(min=0, below=1),
    ("schedulers", "step_size"): Int(1),
    ("schedulers", "T_max"): Int(1),
    ("schedulers", "T_0"): Int(1),
    ("schedulers", "T_mult"): Int(1),
    ("schedulers", "total_iters"): Int(1),
    ("schedulers", "patience"): Int(0),
    ("schedulers", "cooldown"): Int(0),
    ("schedulers", "milestones"): Int(0),
    ("losses", "label_smoothing"): Float(min=0, max=1),
    ("losses", "delta"): Float(above=0),
    ("losses", "beta"): Float(min=0),
    ("transforms", "p"): Float(min=0, max=1),
    ("transforms", "size"): Int(1),
    ("metrics", "k"): Int(1),
    ("datasets", "samples"): Int(1, 100_000),
    ("datasets", "eval_samples"): Int(1, 100_000),
    ("datasets", "eval_size"): Int(1),
    ("datasets", "num_classes"): Int(1),
    ("datasets", "partition"): Int(1, 10),
    ("datasets", "digits_per_image"): Int(1, 20),
    ("datasets", "seed"): Int(0),
    ("datasets", "eval_fraction"): Float(above=0, below=1),
    ("datasets", "workers"): Int(0, 64),
}


def fits(argument: Argument, value: Any) -> bool:
    """The value is of a type that the argument accepts, and one of its choices where it has them."""
    if not argument.accepts:
        return True
    if isinstance(value, str) and argument.choices:
        return value in argument.choices
    return any(_is(word, value) for word in argument.accepts)


def _is(word: str, value: Any) -> bool:
    if word == "bool":
        return isinstance(value, bool)
    if word == "int":
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST
    if word == "float":
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if word == "tensor":
        return isinstance(value, (list, tuple)) and all(_is("float", item) or _is("tensor", item) for item in value)
    if word == "dtype":
        return value in DTYPES if isinstance(value, str) else False
    if word == "null":
        return value is None
    if word == "str":
        return isinstance(value, str)
    if word == "list":
        return isinstance(value, (list, tuple))
    return word == "dict" and isinstance(value, Mapping)


def expected(argument: Argument) -> str:
    """What the argument accepts, as words: `an integer, or a list`."""
    accepts = [word for word in argument.accepts if not (word == "int" and "float" in argument.accepts)]
    words = [_WORDS[word] for word in accepts if word in _WORDS and not (word == "str" and argument.choices)]
    if argument.choices:
        words.insert(0, "one of " + ", ".join(f"`{choice}`" for choice in argument.choices))
    return ", or ".join(words)


def quoted_meaning(argument: Argument, value: Any) -> int | float | str | None:
    """The number or truth value that was probably meant by a string: `"0.1"`, `yes`."""
    if isinstance(value, float) and value.is_integer() and "int" in argument.accepts and abs(value) < LARGEST:
        return int(value)
    if not isinstance(value, str) or len(value) > 30:
        return None
    if "bool" in argument.accepts:
        return {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(value.lower())
    if "int" not in argument.accepts:
        return None
    try:
        return int(value) if "float" not in argument.accepts else _shortest(float(value))
    except ValueError:
        return None


def _shortest(number: float) -> int | float | None:
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() and abs(number) < LARGEST else number


def out_of_domain(group: Group, name: str, value: Any) -> str | None:
    """What the argument has to be, where the value (or one of a list's) is not."""
    domain = DOMAINS.get((group, name))
    if domain is None or value is None:
        return None
    for item in value if isinstance(value, (list, tuple)) else [value]:
        try:
            if item is not None:
                domain.accept(item)
        except BadValue as fault:
            return fault.expected
    return None


def odd(group: Group, signature: Signature, name: str, value: Any) -> str | None:
    """Why a legal value is probably a mistake, as the end of a sentence."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if group == "optimizers" and name == "lr":
        return _odd_rate(signature, value)
    if group == "optimizers" and name == "weight_decay" and value > 1:
        return "shrinks the weights faster than they can learn; usual values are 0 to 0.1"
    if group == "optimizers" and name == "momentum" and value >= 1:
        return "lets the steps grow for ever; usual values are 0 to 0.99"
    if group == "schedulers" and name == "gamma" and value > 1:
        return "makes the learning rate grow at each step; usual values are 0.1 to 1"
    return None


def _odd_rate(signature: Signature, value: float) -> str | None:
    if value == 0:
        return "means that nothing is learnt"
    adaptive = signature.argument("betas") is not None
    if value > (0.5 if adaptive else 10):
        usual = "0.0001 to 0.01" if adaptive else "0.001 to 1"
        return f"will most likely make the loss diverge; usual values are {usual}"
    return None
