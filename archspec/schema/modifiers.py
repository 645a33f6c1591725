"""What stands beside an entry's kind."""

from __future__ import annotations

from archspec.elaborate.branches import MERGES as BRANCH_MERGES
from archspec.elaborate.copies import MOST_COPIES
from archspec.elaborate.skip import MERGES as SKIP_MERGES
from archspec.ops.arguments import Bool, Int, Maybe, OneOf
from archspec.ops.entry import Op
from archspec.ops.registry import find
from archspec.schema import kinds
from archspec.schema.names import layer
from archspec.schema.values import EXPRESSION, NULL, Schema, documented, one_of, value

ENTRY: Schema = {"$ref": "#/definitions/entry"}
REFERENCE: Schema = {"type": ["string", "number"]}
_PER_COPY: Schema = {"type": "object", "additionalProperties": one_of([{"type": "array"}, EXPRESSION])}
_REFERENCES: Schema = one_of(
    [
        REFERENCE,
        {"type": "array", "items": REFERENCE, "minItems": 1},
        {"type": "object", "additionalProperties": REFERENCE, "minProperties": 1},
    ]
)


def _copies() -> Schema:
    count = Int(1, MOST_COPIES)
    named: Schema = {
        "type": "object",
        "propertyNames": {"pattern": layer()},
        "additionalProperties": {"type": ["object", "null"]},
        "minProperties": 1,
    }
    return one_of([{"type": "array", "items": value(count), "minItems": 1}, *[value(count)], named])


def _merge() -> Schema:
    forms: list[Schema] = []
    properties: dict[str, Schema] = {}
    for word in BRANCH_MERGES:
        op = find({"mean": "mean_of"}.get(word, word))
        properties[word] = NULL if op is None else _merge_arguments(op)
    forms.append({"enum": list(BRANCH_MERGES)})
    forms.append(
        {
            "type": "object",
            "properties": properties,
            "additionalProperties": False,
            "minProperties": 1,
            "maxProperties": 1,
        }
    )
    return one_of([*forms, EXPRESSION])


def _merge_arguments(op: Op) -> Schema:
    found = kinds.kind(op)
    return {"type": ["object", "null"], "properties": found["properties"], "additionalProperties": False}


def _skip() -> Schema:
    merge = value(OneOf(SKIP_MERGES))
    properties = {
        "merge": documented(merge, "how the input and the output are merged", {"default": "add"}),
        "project": documented({"anyOf": [{"enum": ["auto", None]}, ENTRY]}, "what fits the input's shape", {}),
        "align": _ALIGN,
    }
    long: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {"anyOf": [{"enum": list(SKIP_MERGES)}, one_of([long, EXPRESSION])]}


_ALIGN = documented(value(Maybe(OneOf(("pad", "crop", "resize")))), "the later inputs to the size of the first one", {})

MODIFIER_VALUES: dict[str, Schema] = {
    "from": documented(
        _REFERENCES, "The inputs: names of earlier entries, `input`, or `previous`; a mapping says which is which.", {}
    ),
    "when": documented(value(Bool()), "Where it is false, the entry is not there.", {}),
    "repeat": documented(_copies(), "Copies, chained: a number, one number per stage, or names.", {}),
    "names": documented({"type": ["string", "integer"]}, "The copies' names, e.g. `block$(index + 1)`.", {}),
    "first": documented({"type": "object"}, "Other arguments for the first copy (of each stage).", {}),
    "last": documented({"type": "object"}, "Other arguments for the last copy (of each stage).", {}),
    "per_stage": documented(_PER_COPY, "For an argument, a list of one value per stage.", {}),
    "per_repeat": documented(_PER_COPY, "For an argument, a list of one value per copy.", {}),
    "skip": documented(_skip(), "The output is merged with the input.", {}),
    "align": _ALIGN,
    "merge": documented(_merge(), "What becomes of the branches' results.", {}),
    "tie": documented(
        {"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1},
        "Parameters of this layer that are parameters of earlier ones, e.g. `weight: embedding.weight`.",
        {},
    ),
    "inline": documented({"const": True}, "The copies stand in the list around them, one number each.", {}),
}
