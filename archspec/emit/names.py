"""Python identifiers for generated code, every one from here."""

from __future__ import annotations

import builtins
import keyword
import re

from archspec.ops.registry import CATALOGUE

_IN_SCOPE = frozenset(
    {
        "self",
        "torch",
        "nn",
        "F",
        "einops",
        "super",
        "type",
        "list",
        "len",
        "range",
        "getattr",
        "partial",
        "reduce",
        "zip",
        "reversed",
    }
)
_HELPERS = frozenset(name for op in CATALOGUE.values() for name in op.helpers)
_BUILTINS = frozenset(dir(builtins)) - {"input"}  # which torch itself calls its arguments
_TAKEN = frozenset({*_IN_SCOPE, *_HELPERS, *keyword.kwlist})


class Names:
    """Hands out identifiers that are unique in one namespace."""

    def __init__(self, taken: frozenset[str] | set[str] = frozenset()) -> None:
        self._used = set(_TAKEN | taken)

    def allocate(self, *wishes: str) -> str:
        """The first free wish, or the last one with a number behind it."""
        wanted = [f"{name}_" if name in _BUILTINS else name for name in map(identifier, wishes)]
        name = next((wish for wish in wanted if wish not in self._used), None)
        number = 2
        while name is None:
            candidate = f"{wanted[-1]}_{number}" if wanted[-1][-1].isdigit() else f"{wanted[-1]}{number}"
            name = candidate if candidate not in self._used else None
            number += 1
        self._used.add(name)
        return name


def identifier(text: str) -> str:
    """The text with everything that no identifier holds replaced by `_`."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", text)
    return f"_{name}" if not name or name[0].isdigit() else name


def class_name(text: str) -> str:
    """`res_block` as `ResBlock`; what is already capitalised stays as it is."""
    words = [word for word in re.split(r"[^A-Za-z0-9]+", text) if word]
    return identifier("".join(word[:1].upper() + word[1:] for word in words) or "Module")


def attribute(owner: str, name: str) -> str:
    """The expression that reaches a child module."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) and not keyword.iskeyword(name):
        return f"{owner}.{name}"
    return f"getattr({owner}, {name!r})"
