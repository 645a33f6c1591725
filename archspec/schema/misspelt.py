"""Kinds that are probably misspelt: warned of, not refused, since a schema cannot see the `blocks` of a file.

A schema may refuse no good file, and `{Conv2D: …}` is good where the file has a block of that name. Editors show
`deprecationMessage` as a warning: the kind is underlined, and `archspec check` has the last word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from archspec.schema.values import Schema, as_words
from archspec.spec.document import BODIES, MODIFIERS, PLACEMENT

_SHORTEST = 4
"""Every block called `Up` or `Mul` would be one edit away from something."""


def definition(names: Iterable[str]) -> Schema:
    """Warns of a word that is one edit away from a kind, or has its letters in another case."""
    families: dict[str, list[str]] = {}
    for name in names:
        if len(name) >= _SHORTEST:
            families.setdefault(re.sub(r"\d", "#", name), []).append(name)
    return {"allOf": [{"if": {"pattern": pattern(found)}, "then": _warning(found)} for found in families.values()]}


def rules(names: Iterable[str]) -> list[Schema]:
    """Looks at words that are no kinds, as a key and as a whole entry."""
    known = {"pattern": as_words([*names, *BODIES, *MODIFIERS, *PLACEMENT])}  # an `enum` would be listed in every hover
    looked_at = {"if": known, "else": {"$ref": "#/definitions/misspelt"}}
    return [{"if": {"type": "string"}, "then": looked_at, "else": {"propertyNames": looked_at}}]


def _warning(names: list[str]) -> Schema:
    shown = " or ".join(f"`{name}`" for name in names)
    return {"deprecationMessage": f"did you mean {shown}? (If it is a block of this file, all is well.)"}


def pattern(family: list[str]) -> str:
    """Matches what is one insertion, deletion, substitution or swap away from a name, or differs in case only.

    A family are names that differ in their digits, such as `Conv1d` and `Conv2d`.
    """
    letters = [
        column[0] if len(set(column)) == 1 else f"[{''.join(sorted(set(column)))}]"
        for column in zip(*family, strict=True)
    ]
    cased = "".join(f"[{letter.upper()}{letter.lower()}]" if letter.isalpha() else letter for letter in letters)
    return f"^(?:{_edited(letters)}|{cased})$"


def _edited(letters: list[str]) -> str:
    if not letters:
        return r"\w"
    first, rest = letters[0], letters[1:]
    edits = [rf"\w{{0,2}}{''.join(rest)}"]
    if rest:
        edits.append(f"{rest[0]}{first}{''.join(rest[1:])}")
    return f"(?:{first}{_edited(rest)}|{'|'.join(edits)})"
