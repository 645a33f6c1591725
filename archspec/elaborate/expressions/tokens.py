"""The words of an expression, each with its place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from archspec.elaborate.expressions.faults import Fault
from archspec.errors import clip

SPLIT = "compute a part of it as a variable of its own, in `vars`"
MAX_TOKENS = 256
MAX_LENGTH = 4_096

CONSTANTS: dict[str, Any] = {
    "true": True,
    "True": True,
    "false": False,
    "False": False,
    "null": None,
    "none": None,
    "None": None,
}
_KEYWORDS = frozenset(("and", "or", "not", "if", "else", "in"))
_CLOSERS = {"(": ")", "[": "]"}
_SPACE = re.compile(r"[ \t\r\n]*")
_TOKEN = re.compile(
    r"""(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<string>'[^']*'|"[^"]*")
    |(?P<operator>\*\*|//|==|!=|<=|>=|<<|>>|&&|\|\||:=|[-+*/%<>()\[\],.])""",
    re.VERBOSE,
)
_INSTEAD = {
    "<<": "write `* 2**…`",
    ">>": "write `// 2**…`",
    "&&": "write `and`",
    "||": "write `or`",
    "!": "write `not`",
    "?": "write `a if condition else b`",
    ":": "slices and `a ? b : c` are not part of the language; write `a if condition else b` for a choice",
    "=": "write `==` to compare; the arguments of a call are given by their place",
    "^": "write `**` for a power",
    "{": "lists are written `[…]`; there are no mappings",
    "$": "inside `$(…)` a name stands without `$`",
    "~": "write `not`",
    ":=": "declare a variable in `vars`",
}
_TYPESET = {
    **dict.fromkeys("×·∙⋅", "*"),
    **dict.fromkeys("−–", "-"),
    **dict.fromkeys("“”„‘’", "'"),
    "÷": "/",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "¬": "not ",
}
"""What a word processor or a keyboard makes of a sign."""
_THERE_IS = (
    "there are numbers, names, strings, lists, calls, and `+ - * / // % **`, comparisons, `and or not`, `if else`"
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word.

    Attributes:
        kind: `number`, `name`, `string`, or the operator or keyword itself; `end` after the last.
        value: the number, the name, or the string's content.
        start: its first character in the text.
        end: the one after its last.
    """

    kind: str
    value: Any
    start: int
    end: int


def tokenize(text: str, opening: int) -> list[Token]:
    """The tokens from just after the parenthesis at `opening` to the one that closes it, which becomes the end token.

    Raises:
        Fault: a character or word that the language does not have, a limit, or no closing parenthesis.
    """
    tokens: list[Token] = []
    opened = [Token("(", "(", opening, opening + 1)]
    at = opening + 1
    while True:
        at = _SPACE.match(text, at).end()  # type: ignore[union-attr]
        if at >= len(text):
            raise Fault("AS210", "`(` is never closed", opening, opening + 1, "add `)` where the expression ends")
        if at - opening > MAX_LENGTH:
            raise Fault("AS219", f"expression longer than {MAX_LENGTH:,} characters", opening, at, SPLIT)
        token = _next(text, at)
        _match_bracket(opened, token)
        if not opened:
            tokens.append(Token("end", ")", token.start, token.end))
            return tokens
        tokens.append(token)
        if len(tokens) > MAX_TOKENS:
            raise Fault("AS219", f"expression longer than {MAX_TOKENS} tokens", token.start, token.end, SPLIT)
        at = token.end


def _match_bracket(opened: list[Token], token: Token) -> None:
    """Keeps the brackets that are open."""
    if token.kind in _CLOSERS:
        opened.append(token)
    elif token.kind in (")", "]"):
        opener = opened.pop()
        if _CLOSERS[opener.kind] == token.kind:
            return
        if token.kind == "]":
            raise Fault("AS210", "`]` closes nothing", token.start, token.end, "write `)`")
        raise Fault("AS210", "`[` is never closed", opener.start, opener.end, "add `]` where it ends")


def _next(text: str, at: int) -> Token:
    match = _TOKEN.match(text, at)
    if match is None:
        raise _unknown_character(text, at)
    kind, word, end = str(match.lastgroup), match.group(), match.end()
    if kind == "number":
        return Token(kind, _number(text, word, at, end), at, end)
    if kind == "string":
        return Token(kind, word[1:-1], at, end)
    if kind == "name":
        if word in CONSTANTS:
            return Token("constant", CONSTANTS[word], at, end)
        return Token(word if word in _KEYWORDS else kind, word, at, end)
    if word in _INSTEAD:
        raise Fault("AS223", f"`{word}` is not an operator of the language", at, end, _INSTEAD[word])
    return Token(word, word, at, end)


def _number(text: str, word: str, at: int, end: int) -> int | float:
    if text[end : end + 1].isalnum() or text[end : end + 1] == "_":
        message = f"an operator is missing after `{clip(word)}`"
        raise Fault("AS210", message, end, end + 1, f"write `{clip(word)} * …` for a product")
    if not word.isdigit():
        value = float(word)
        if value == float("inf"):
            help = "the largest float is about 1.8e308"
            raise Fault("AS218", f"`{clip(word)}` is too large for a float", at, end, help)
        return value
    if len(word) > 1 and word[0] == "0":
        plain = word.lstrip("0") or "0"
        raise Fault("AS210", f"leading zero in `{clip(word)}`", at, end, f"write `{clip(plain)}`", plain)
    if len(word) > 16 or int(word) > 2**53:
        raise Fault("AS218", "integer beyond 2^53 (9,007,199,254,740,992)", at, end, "write a smaller number")
    return int(word)


def _unknown_character(text: str, at: int) -> Fault:
    character = text[at]
    if character in "'\"":
        return Fault("AS210", f"the quote {character} is never closed", at, at + 1, f"add {character} where it ends")
    if character in _INSTEAD:
        help = _INSTEAD[character]
        return Fault("AS223", f"`{character}` is not part of the expression language", at, at + 1, help)
    shown = f"`{character}`" if character.isascii() else f"`{character}` (U+{ord(character):04X})"
    message, meant = f"{shown} is not part of the expression language", _TYPESET.get(character)
    help = _THERE_IS if meant is None else f"write `{meant.strip()}`"
    return Fault("AS223", message, at, at + 1, help, meant)
