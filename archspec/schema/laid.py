"""A spec that `extends` another: it need not be whole, and `null` removes what is there."""

from __future__ import annotations

from collections.abc import Mapping

from archspec.schema.defaults import LAID_DEFAULTS
from archspec.schema.entry import LAID_ENTRIES
from archspec.schema.values import Schema, documented, removable

_KEPT = ("archspec", "extends", "import")
"""What each file says for itself."""

_BY_KEY = ("inputs", "outputs", "init")


def laid_sections(sections: Mapping[str, Schema]) -> dict[str, Schema]:
    """The keys of a spec that is laid over another, from those of a whole one."""
    inner = {key: _by_key(sections[key]) for key in _BY_KEY}
    inner["layers"] = documented(LAID_ENTRIES, sections["layers"]["description"], {})
    inner["defaults"] = _laid_defaults(sections["defaults"])
    inner["blocks"] = {**sections["blocks"], "additionalProperties": _block(sections["blocks"]["additionalProperties"])}
    inner["train"] = _each(sections["train"])
    return {key: schema if key in _KEPT else removable(inner.get(key, schema)) for key, schema in sections.items()}


def _by_key(schema: Schema) -> Schema:
    """A mapping that may be empty, and whose values may be removed."""
    values = removable(schema["additionalProperties"])
    return {**_without(schema, "minProperties"), "additionalProperties": values}


def _each(schema: Schema) -> Schema:
    return {**schema, "properties": {key: removable(inner) for key, inner in schema["properties"].items()}}


def _block(schema: Schema) -> Schema:
    properties = schema["properties"]
    layers = documented(LAID_ENTRIES, properties["layers"]["description"], {})
    defaults = _laid_defaults(properties["defaults"])
    made = {**schema, "properties": {**properties, "defaults": defaults, "layers": layers}}
    return removable(_without(_each(made), "required"))


def _laid_defaults(schema: Schema) -> Schema:
    return documented(LAID_DEFAULTS, schema["description"], {})


def _without(schema: Schema, word: str) -> Schema:
    return {key: inner for key, inner in schema.items() if key != word}
