"""Specs given as Python data: written out as JSON text, so that diagnostics have something to show."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypeAlias

from archspec.errors import Diagnostic, SourceText, SpecError, clip
from archspec.source.limits import MAX_BYTES, MAX_DEPTH, MAX_INTEGER, MAX_NODES, NESTED, REPEATED, TENSORS

_INDENT = "  "
_WIDEST_LIST = 100
_ESCAPES = {code: f"\\u{code:04x}" for code in (*range(0x20), 0x7F)} | {
    ord('"'): '\\"',
    ord("\\"): "\\\\",
    ord("\n"): "\\n",
    ord("\r"): "\\r",
    ord("\t"): "\\t",
}

_Collection: TypeAlias = Mapping[object, object] | list[object] | tuple[object, ...]


def from_data(data: object, name: str = "<dict>") -> SourceText:
    """Plain data as an indented JSON text; `read(text, "json")` makes the tree of it.

    Args:
        data: mappings, lists, tuples (which become lists), strings, numbers, booleans and None.
            Keys are strings, or integers, which become strings.
        name: what diagnostics call it.

    Raises:
        SpecError: something else is among it, a number is not finite, it contains itself, or it is too large.
    """
    return SourceText(name, _Writer().written(data, "", []) + "\n")


class _Writer:
    """Counts what it has written, so that data which repeats itself cannot grow without bounds."""

    def __init__(self) -> None:
        self._nodes = 0
        self._characters = 0
        self._inside: set[int] = set()

    def written(self, value: object, indent: str, path: list[str]) -> str:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise _refused("AS012", f"more than {MAX_NODES:,} values", path, REPEATED)
        if isinstance(value, (Mapping, list, tuple)):
            return self._collection(value, indent, path)
        text = _scalar(value, path)
        self._characters += len(text)
        if self._characters > MAX_BYTES:
            raise _refused("AS003", f"more than {MAX_BYTES:,} characters", path, TENSORS)
        return text

    def _collection(self, value: _Collection, indent: str, path: list[str]) -> str:
        if id(value) in self._inside:
            raise _refused(
                "AS062", "the data contains itself", path, "put a copy of the inner part there: `copy.deepcopy`"
            )
        if len(path) >= MAX_DEPTH:
            raise _refused("AS011", f"nested more than {MAX_DEPTH} levels deep", path, NESTED)
        self._inside.add(id(value))
        deeper = indent + _INDENT
        if isinstance(value, Mapping):
            parts = [
                f"{_string(key)}: {self.written(item, deeper, [*path, key])}"
                for key, item in ((_key(key, path), item) for key, item in value.items())
            ]
            text = _laid_out(parts, "{}", indent, deeper, one_line=False)
        else:
            parts = [self.written(item, deeper, [*path, str(index)]) for index, item in enumerate(value)]
            one_line = not any(isinstance(item, (Mapping, list, tuple)) for item in value)
            text = _laid_out(parts, "[]", indent, deeper, one_line=one_line)
        self._inside.remove(id(value))
        return text


def _laid_out(parts: list[str], brackets: str, indent: str, deeper: str, *, one_line: bool) -> str:
    if not parts:
        return brackets
    if one_line and sum(map(len, parts)) + 2 * len(parts) <= _WIDEST_LIST:
        return brackets[0] + ", ".join(parts) + brackets[1]
    lines = ",\n".join(deeper + part for part in parts)
    return f"{brackets[0]}\n{lines}\n{indent}{brackets[1]}"


def _key(key: object, path: list[str]) -> str:
    if isinstance(key, str):
        return str.__str__(key)
    if isinstance(key, int) and not isinstance(key, bool):
        return str(int(key))
    raise _refused("AS061", f"a key is {_called(key)}; keys are strings", path, "write it as a string")


def _scalar(value: object, path: list[str]) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise _refused("AS042", "integer beyond 2^53 (9,007,199,254,740,992)", path, "give a smaller number")
        return str(int(value))
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _refused("AS041", f"`{value}` is not a finite number", path, "give a finite number, or None")
        return repr(float(value))
    if isinstance(value, str):
        return _string(value)
    help = "give numbers, strings, lists and mappings only"
    if callable(getattr(value, "item", None)) or callable(getattr(value, "tolist", None)):
        help = "convert it first: `.item()` for a number, `.tolist()` for a list"
    raise _refused("AS060", f"{_called(value)} is not plain data", path, help)


def _string(value: str) -> str:
    text = str.__str__(value)  # an enumeration's member has a `str()` of its own
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return f'"{text.translate(_ESCAPES)}"'


def _called(value: object) -> str:
    kind = type(value)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return f"a value of type `{clip(name, 100)}`"


def _refused(code: str, message: str, path: list[str], help: str | None = None) -> SpecError:
    place = f" at `{clip('.'.join(path), 200)}`" if path else ""
    return SpecError([Diagnostic(code, message + place, help=help)])
