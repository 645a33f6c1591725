"""An entry of `layers`: its one kind, and the modifiers beside it."""

from __future__ import annotations

from collections.abc import Iterable

from archspec.elaborate.branches import MERGES as BRANCH_MERGES
from archspec.elaborate.copies import MOST_COPIES
from archspec.elaborate.skip import MERGES as SKIP_MERGES
from archspec.ops.arguments import Bool, Int, Maybe, OneOf
from archspec.ops.entry import Op
from archspec.ops.refused import REFUSED
from archspec.ops.registry import find
from archspec.schema import kinds, misspelt
from archspec.schema.names import identifier, layer
from archspec.schema.values import ANY, EXPRESSION, NULL, Schema, as_words, documented, one_of, value
from archspec.spec.document import BODIES, MODIFIERS

ENTRY: Schema = {"$ref": "#/definitions/entry"}
ENTRIES: Schema = {"$ref": "#/definitions/entries"}
REFERENCE: Schema = {"type": ["string", "number"]}
_OVERRIDING = ("first", "last", "per_stage", "per_repeat")
_OF_A_REPEAT = ("names", *_OVERRIDING)
_PER_COPY: Schema = {"type": "object", "additionalProperties": one_of([{"type": "array"}, EXPRESSION])}
_REFERENCES: Schema = one_of(
    [
        REFERENCE,
        {"type": "array", "items": REFERENCE, "minItems": 1},
        {"type": "object", "additionalProperties": REFERENCE, "minProperties": 1},
    ]
)


def definitions(ops: Iterable[Op]) -> dict[str, Schema]:
    """`entry`, `entries` and what they are made of, for the kinds that are given."""
    ops = tuple(ops)
    return {
        "entry": _entry(ops),
        "entries": _entries(),
        "modifier": {"enum": list(MODIFIERS)},
        "misspelt": misspelt.definition([*(op.name for op in ops), *MODIFIERS, *BODIES]),
        **{op.name: kinds.kind(op) for op in ops},
    }


def _entries() -> Schema:
    return {
        "type": ["object", "array"],
        "items": ENTRY,
        "minItems": 1,
        "propertyNames": {"pattern": layer(), "errorMessage": "this cannot be the name of a layer"},
        "additionalProperties": ENTRY,
        "minProperties": 1,
    }


def _entry(ops: tuple[Op, ...]) -> Schema:
    needs = {op.name: found for op in ops if (found := kinds.required(op)) is not None}
    names = [op.name for op in ops]
    return {
        "type": ["string", "object", "array"],
        **_word(),
        "examples": [name for name in names if name not in needs],  # as snippets they took 18 s to complete
        "items": ENTRY,
        "minItems": 1,
        "properties": {
            **{name: {"$ref": f"#/definitions/{name}"} for name in names},
            **{word: BODY_VALUES.get(word, ANY) for word in BODIES},
            **{word: MODIFIER_VALUES.get(word, ANY) for word in MODIFIERS},
            **{name: _refused(*why) for name, why in REFUSED.items()},
        },
        "patternProperties": {r"^\$": {**NULL, "errorMessage": "a held layer has its arguments where it is held"}},
        "additionalProperties": ANY,
        "propertyNames": {
            "pattern": rf"^\$|{as_words(MODIFIERS)}|{identifier()}",
            "errorMessage": "a kind is a layer, a function or a block of this file",
        },
        "dependencies": _beside(ops),
        "allOf": [
            _has_kind(),
            _complete(needs),
            *misspelt.rules(names),
        ],
    }


def _word() -> Schema:
    """An entry that is a kind alone."""
    return {
        "pattern": rf"^\$|{identifier(*MODIFIERS, *BODIES)}",
        "patternErrorMessage": "expected a kind: a layer, a function or a block of this file",
    }


def _refused(reason: str, help: str) -> Schema:
    return {"deprecationMessage": f"not in the language: {reason}; {help}"}


def _has_kind() -> Schema:
    """A mapping whose keys are modifiers alone is no entry."""
    return {
        "if": {"type": "object", "propertyNames": {"$ref": "#/definitions/modifier"}},
        "then": {"type": "string", "errorMessage": "the entry has no kind: say what it is, e.g. `Linear: 10`"},
    }


def _complete(needs: dict[str, Schema]) -> Schema:
    """What each kind needs, unless copies are given more."""
    named = {"properties": {"repeat": {"type": "object"}}, "required": ["repeat"]}
    given = [*({"required": [word]} for word in _OVERRIDING), named]
    word = {"pattern": rf"^(?!(?:{'|'.join(needs)})$)", "patternErrorMessage": "this kind needs arguments"}
    return {"if": {"type": "object", "anyOf": given}, "else": {"properties": needs, **word}}


def _beside(ops: tuple[Op, ...]) -> dict[str, Schema | list[str]]:
    """One kind alone; and which modifiers say something only beside certain ones."""
    no_parameters = [op.name for op in ops if not op.is_module]
    no_align = [op.name for op in ops if not kinds.takes_align(op)]
    bodies = [body for body in BODIES if body != "branches"]
    return {
        **{op.name: _alone(op) for op in ops},
        **{body: _only(body) for body in BODIES},
        "branches": {**_only("branches"), "required": ["merge"]},
        **{word: ["repeat"] for word in _OF_A_REPEAT},
        "merge": ["branches"],
        "align": _not_beside([*no_align, *bodies]),
        "tie": _not_beside([*no_parameters, *BODIES]),
    }


def _not_beside(names: list[str]) -> Schema:
    """For a modifier that says nothing beside some kinds, and beside a held layer."""
    return {"propertyNames": {"not": {"anyOf": [{"enum": names}, {"pattern": r"^\$"}]}}}


def _alone(op: Op) -> Schema:
    only = _only(op.name)
    return (
        {**only, "not": {"anyOf": [{"required": [word]} for word in ("from", "skip", "repeat")]}} if op.bare else only
    )


def _only(name: str) -> Schema:
    return {"propertyNames": {"anyOf": [{"const": name}, {"$ref": "#/definitions/modifier"}]}}


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
}
BODY_VALUES: dict[str, Schema] = {
    "layers": documented(ENTRIES, "A sequence with children of its own.", {}),
    "branches": documented(ENTRIES, "The same input into each; `merge` says what becomes of the results.", {}),
    "use": documented(REFERENCE, "Call an earlier entry's module again: its weights are shared.", {}),
}
