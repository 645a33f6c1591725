"""A smaller schema that says the same: what stands in it several times becomes a definition."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from archspec.schema.values import Schema

_ANNOTATIONS = ("description", "default", "title")
_SMALLEST = 70
"""Characters under which a reference would be no shorter."""


def shared(schema: Schema) -> Schema:
    """The schema with the values of arguments that recur put among its `definitions`."""
    counts = Counter(text for text in _values(schema) if len(text) > _SMALLEST)
    names = {text: f"value{at}" for at, text in enumerate(text for text, count in counts.items() if count > 1)}
    made: Schema = _replaced(schema, names)
    made["definitions"] |= {name: json.loads(text) for text, name in names.items()}
    return made


def _values(node: Any) -> Iterator[str]:
    """The value of every documented property, as text."""
    if isinstance(node, dict):
        if isinstance(node.get("description"), str):
            yield _text(_value(node))
        for inner in node.values():
            yield from _values(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _values(inner)


def _value(node: Schema) -> Schema:
    return {key: inner for key, inner in node.items() if key not in _ANNOTATIONS}


def _text(node: Schema) -> str:
    return json.dumps(node, ensure_ascii=False)


def _replaced(node: Any, names: dict[str, str]) -> Any:
    if isinstance(node, list):
        return [_replaced(inner, names) for inner in node]
    if not isinstance(node, dict):
        return node
    name = names.get(_text(_value(node))) if isinstance(node.get("description"), str) else None
    if name is None:
        return {key: _replaced(inner, names) for key, inner in node.items()}
    notes = {key: inner for key, inner in node.items() if key in _ANNOTATIONS}
    return {**notes, "allOf": [{"$ref": f"#/definitions/{name}"}]}
