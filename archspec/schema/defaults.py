"""`defaults`, and what an entry has to say itself where they do not."""

from __future__ import annotations

from collections.abc import Iterable

from archspec.ops.entry import Op
from archspec.schema import kinds, misspelt
from archspec.schema.names import identifier
from archspec.schema.values import ANY, Schema
from archspec.spec.document import BODIES, MODIFIERS

DEFAULTS: Schema = {"allOf": [{"$ref": "#/definitions/defaults"}]}
LAID_DEFAULTS: Schema = {"allOf": [{"$ref": "#/definitions/laid_defaults"}]}
_COMPLETE: Schema = {"$ref": "#/definitions/complete"}
_ALL_COMPLETE: Schema = {"$ref": "#/definitions/all_complete"}
_BARE = ("string", "number", "boolean", "array")
OVERRIDING = ("first", "last", "per_stage", "per_repeat")


def definitions(ops: Iterable[Op]) -> dict[str, Schema]:
    """`defaults` of a whole spec and of one laid over another; and entries that are complete by themselves."""
    ops = tuple(ops)
    needs = {op.name: found for op in ops if (found := kinds.required(op)) is not None}
    return {
        "defaults": _defaults({op.name: _of(op) for op in ops}, ops),
        "laid_defaults": _defaults({op.name: _laid(op) for op in ops}, ops),
        "needless": _needless(ops),
        "complete": _complete(needs),
        "all_complete": {"items": _COMPLETE, "additionalProperties": _COMPLETE},
    }


def of_complete_entries() -> Schema:
    """Every entry of a spec says what its kind needs, unless `defaults` says it."""
    block = {"if": _no_defaults(), "then": {"properties": {"layers": _ALL_COMPLETE}}}
    whole = {"layers": _ALL_COMPLETE, "blocks": {"additionalProperties": block}}
    return {"if": _no_defaults(), "then": {"properties": whole}}


def _no_defaults() -> Schema:
    return {"properties": {"defaults": {"$ref": "#/definitions/needless"}}}


def _defaults(properties: dict[str, Schema], ops: tuple[Op, ...]) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "propertyNames": {
            "pattern": identifier(*MODIFIERS, *BODIES),
            "errorMessage": "a kind is a layer or a function",
        },
        "allOf": misspelt.rules([op.name for op in ops]),
    }


def _of(op: Op) -> Schema:
    """Arguments, or a bare value in place of the primary one, but for functions: it would be their inputs."""
    bare = _BARE if op.primary is not None and (op.is_module or op.bare) else ()
    schema: Schema = {"type": ["object", *bare], "allOf": [{"$ref": f"#/definitions/{op.name}"}]}
    return schema if op.free is None else {**schema, "propertyNames": {"enum": list(op.by_name)}}


def _laid(op: Op) -> Schema:
    """The same where `null` removes what the other spec has."""
    types = [*_of(op)["type"], "null"]
    return {"type": types, "properties": dict.fromkeys(op.by_name, ANY), "additionalProperties": False}


def _needless(ops: tuple[Op, ...]) -> Schema:
    """Defaults none of which an entry would have to say itself."""
    needed = {op.name: [arg.name for arg in op.args if arg.is_required] for op in ops}
    given = {
        name: {"type": "object", "not": {"anyOf": [{"required": [argument]} for argument in arguments]}}
        for name, arguments in needed.items()
        if arguments
    }
    return {"type": "object", "properties": given}


def _complete(needs: dict[str, Schema]) -> Schema:
    """What each kind needs, unless copies are given more; in an entry, and in all inside it."""
    named = {"properties": {"repeat": {"type": "object"}}, "required": ["repeat"]}
    given = [*({"required": [word]} for word in OVERRIDING), named]
    word = {"pattern": rf"^(?!(?:{'|'.join(needs)})$)", "patternErrorMessage": "this kind needs arguments"}
    inside = {"layers": _ALL_COMPLETE, "branches": _ALL_COMPLETE, "skip": {"properties": {"project": _COMPLETE}}}
    return {
        "if": {"type": "object", "anyOf": given},
        "else": {"properties": needs, **word},
        "properties": inside,
        "items": _COMPLETE,
    }
