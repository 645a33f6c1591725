"""What a plain (unquoted) scalar means: the core schema of YAML 1.2, without what has surprised people."""

from __future__ import annotations

import math
import re

from archspec.errors import clip
from archspec.source.limits import MAX_INTEGER
from archspec.source.tree import Plain

_WORDS: dict[str, Plain] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER_STARTS = frozenset("0123456789+-.")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_BASES = {"0o": 8, "0x": 16}
_LONGEST_INTEGER = 24


class ScalarFault(Exception):
    """A plain scalar has no value that could be trusted.

    Attributes:
        code: the diagnostic's code.
        message: what is wrong with it.
        help: what to write instead.
        replacement: the same as text, where there is one.
    """

    def __init__(self, code: str, message: str, help: str, replacement: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.help = help
        self.replacement = replacement


def resolve_plain(text: str) -> Plain:
    """The value of a plain scalar.

    `null`, `~` and nothing are null; `true` and `false`; decimal, `0o` and `0x` integers; decimal floats
    (`1e-3`, `.5`, `+3.`). Everything else is a string: `no`, `on`, `1:30`, `2020-01-01`, `1_000`.

    Raises:
        ScalarFault: leading zeros (octal or decimal?), integers beyond 2^53, numbers that are not finite.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_STARTS:
        return text
    digits = text[1:] if text[0] in "+-" else text
    if digits.isdigit() and digits.isascii():
        return _decimal(text, digits)
    if text[:2] in _BASES:
        return _based(text, _BASES[text[:2]])
    if _FLOAT.fullmatch(text):
        return finite(text)
    if digits.lower() in (".inf", ".nan") and digits[1:] in ("inf", "Inf", "INF", "nan", "NaN", "NAN"):
        raise ScalarFault("AS041", f"`{text}` is not a finite number", "write a number, or quote it if it is a text")
    return text


def bounded(value: int) -> int:
    """The integer, where its magnitude is at most 2^53.

    Raises:
        ScalarFault: it is larger.
    """
    if abs(value) > MAX_INTEGER:
        raise _too_large()
    return value


def finite(text: str) -> float:
    """The float that a decimal text stands for.

    Raises:
        ScalarFault: it is beyond the largest float.
    """
    value = float(text)
    if not math.isfinite(value):
        raise ScalarFault("AS041", f"`{clip(text)}` is too large for a float", "the largest float is about 1.8e308")
    return value


def _decimal(text: str, digits: str) -> int:
    if len(digits) > 1 and digits[0] == "0":
        raise _leading_zero(text, digits)
    if len(digits) > _LONGEST_INTEGER:
        raise _too_large()
    return bounded(int(text))


def _based(text: str, base: int) -> Plain:
    digits = text[2:]
    if "_" in digits or not digits or not digits.isalnum() or not digits.isascii():
        return text
    try:
        value = int(digits, base)
    except ValueError:
        return text
    return bounded(value)


def _leading_zero(text: str, digits: str) -> ScalarFault:
    sign = text[: len(text) - len(digits)]
    decimal = sign.replace("+", "") + (digits.lstrip("0") or "0")
    octal = "" if len(digits) > _LONGEST_INTEGER or set(digits) - set("01234567") else str(int(digits, 8))
    if not octal or octal == decimal.lstrip("-"):
        return ScalarFault("AS040", f"leading zero in `{clip(text)}`", f"write `{clip(decimal)}`, or quote it", decimal)
    return ScalarFault(
        "AS040",
        f"leading zero: {sign.replace('+', '')}{octal} (octal) or {decimal}?",
        f"write `{decimal}`, or `0o{digits.lstrip('0')}` for octal, or quote it if it is a text",
        decimal,
    )


def _too_large() -> ScalarFault:
    return ScalarFault(
        "AS042", "integer beyond 2^53 (9,007,199,254,740,992)", "write a smaller number, or quote it if it is a text"
    )
