"""The words that an expression may use after a dot and before a parenthesis; checked before anything is parsed."""

from __future__ import annotations

from itertools import pairwise

from archspec.elaborate.expressions.faults import Fault
from archspec.elaborate.expressions.functions import FUNCTIONS
from archspec.elaborate.expressions.tokens import Token
from archspec.errors import clip
from archspec.suggest import nearest

ATTRIBUTES = ("channels", "length", "depth", "height", "width", "features", "shape")


def check_words(tokens: list[Token]) -> None:
    """Refuses every call and attribute that the language does not have.

    Raises:
        Fault: at the first of them.
    """
    for token, after in pairwise(tokens):
        if token.kind == "name" and after.kind == "(" and token.value not in FUNCTIONS:
            raise not_callable(token.start, token.end, str(token.value))
        if token.kind == "." and after.kind == "name" and after.value not in ATTRIBUTES:
            raise _no_attribute(token, after)


def not_callable(start: int, end: int, name: str = "") -> Fault:
    """A call of anything but the functions."""
    near = nearest(name, FUNCTIONS)
    help = f"did you mean `{near[0]}`?" if near else "write it with these, with operators, or as a number"
    return Fault("AS213", f"calls are limited to {', '.join(FUNCTIONS)}", start, end, help, near[0] if near else None)


def _no_attribute(dot: Token, token: Token) -> Fault:
    name = str(token.value)
    near = nearest(name, ATTRIBUTES)
    if near:
        message, help = f"a tensor has no `.{clip(name)}`", f"did you mean `.{near[0]}`?"
        return Fault("AS212", message, dot.start, token.end, help, f".{near[0]}")
    help = "a tensor in scope has " + ", ".join(f"`.{known}`" for known in ATTRIBUTES)
    return Fault("AS212", "attribute access is not part of the language", dot.start, token.end, help)
