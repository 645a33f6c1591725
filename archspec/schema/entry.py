"""An entry of `layers`: its one kind, and the modifiers beside it."""

from __future__ import annotations

from collections.abc import Iterable

from archspec.ops.entry import Op
from archspec.ops.refused import REFUSED
from archspec.schema import defaults, kinds, misspelt
from archspec.schema.defaults import OVERRIDING
from archspec.schema.modifiers import ENTRY, MODIFIER_VALUES, REFERENCE
from archspec.schema.names import identifier, layer
from archspec.schema.values import NULL, Schema, as_words, documented, removable
from archspec.spec.document import BODIES, MODIFIERS, PLACEMENT

ENTRIES: Schema = {"$ref": "#/definitions/entries"}
LAID_ENTRY: Schema = {"$ref": "#/definitions/laid_entry"}
LAID_ENTRIES: Schema = {"$ref": "#/definitions/laid_entries"}
_KINDS: Schema = {"$ref": "#/definitions/kinds"}
_OF_A_REPEAT = ("names", "inline", *OVERRIDING)
_NO_PLACE = "it places an entry among those of a spec that this one `extends`"


def definitions(ops: Iterable[Op]) -> dict[str, Schema]:
    """`entry`, `entries` and what they are made of, for the kinds that are given."""
    ops = tuple(ops)
    alone = {op.name: op.doc for op in ops if kinds.required(op) is None}
    return {
        "entry": _entry(),
        "entries": {**_entries(ENTRY), "minProperties": 1},
        "laid_entry": _laid_entry(),
        "laid_entries": _entries(LAID_ENTRY),
        "kinds": _kinds(ops),
        "alone": _alone_explained(alone),
        "offered": {"enum": list(alone), "markdownEnumDescriptions": list(alone.values())},
        "modifier": {"enum": [*MODIFIERS, *PLACEMENT]},
        "misspelt": misspelt.definition([*(op.name for op in ops), *MODIFIERS, *BODIES]),
        **defaults.definitions(ops),
        **{op.name: kinds.kind(op) for op in ops},
    }


def _entries(named: Schema) -> Schema:
    """Named or numbered entries.

    The pattern is that of every name, so `additionalProperties` judges nothing; yaml-language-server completes
    from it. In the entry itself, a list of words would be shown whole whenever the pointer rests on one.
    """
    return {
        "type": ["object", "array"],
        "items": ENTRY,
        "minItems": 1,
        "propertyNames": {"pattern": layer(), "errorMessage": "this cannot be the name of a layer"},
        "patternProperties": {"^": named},
        "additionalProperties": {"$ref": "#/definitions/offered"},
    }


def _alone_explained(docs: dict[str, str]) -> Schema:
    """What each kind is, where it stands alone; accepts every word."""
    words: list[Schema] = [{"const": name, "description": doc} for name, doc in docs.items()]
    return {"anyOf": [*words, {"not": {"enum": list(docs)}}]}


def _entry() -> Schema:
    """An entry of a spec that is whole."""
    return {
        **_any_entry(),
        "properties": {**bodies(ENTRIES), **MODIFIER_VALUES},
        "dependencies": {
            "branches": ["merge"],
            "merge": ["branches"],
            **{word: ["repeat"] for word in _OF_A_REPEAT},
            **{word: {"not": {}, "errorMessage": _NO_PLACE} for word in PLACEMENT},
        },
    }


def _laid_entry() -> Schema:
    """An entry that is laid over another one, of which it may keep something."""
    place = documented({"type": ["string", "integer"]}, "The entry of the extended spec that this one goes beside.", {})
    modifiers = {word: removable(schema) for word, schema in MODIFIER_VALUES.items()}
    properties = {**bodies(LAID_ENTRIES), **modifiers, **dict.fromkeys(PLACEMENT, place)}
    return removable({**_any_entry(), "properties": properties})


def _any_entry() -> Schema:
    return {
        "type": ["string", "object", "array"],
        "items": ENTRY,
        "minItems": 1,
        "if": {"type": "string"},
        "then": {"$ref": "#/definitions/alone"},
        "allOf": [_KINDS],
    }


def bodies(entries: Schema) -> dict[str, Schema]:
    """What an entry can be other than a kind, with the given entries inside it."""
    return {
        "layers": documented(entries, "A sequence with children of its own.", {}),
        "branches": documented(entries, "The same input into each; `merge` says what becomes of the results.", {}),
        "use": documented(REFERENCE, "Call an earlier entry's module again: its weights are shared.", {}),
    }


def _kinds(ops: tuple[Op, ...]) -> Schema:
    """What is true of an entry wherever it stands."""
    names = [op.name for op in ops]
    return {
        **_word(),
        "properties": {
            **{name: {"$ref": f"#/definitions/{name}"} for name in names},
            **{name: _refused(*why) for name, why in REFUSED.items()},
        },
        "patternProperties": {r"^\$": {**NULL, "errorMessage": "a held layer has its arguments where it is held"}},
        "propertyNames": {
            "pattern": rf"^\$|{as_words(MODIFIERS)}|{identifier()}",
            "errorMessage": "a kind is a layer, a function or a block of this file",
        },
        "dependencies": _beside(ops),
        "allOf": [
            _has_kind(),
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


def _beside(ops: tuple[Op, ...]) -> dict[str, Schema | list[str]]:
    """One kind alone; and which modifiers say something only beside certain ones."""
    no_parameters = [op.name for op in ops if not op.is_module]
    no_align = [op.name for op in ops if not kinds.takes_align(op)]
    bodies = [body for body in BODIES if body != "branches"]
    return {
        **{op.name: _alone(op) for op in ops},
        **{body: _only(body) for body in BODIES},
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
