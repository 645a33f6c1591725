"""A whole spec, and a whole recipe."""

from __future__ import annotations

import json

from archspec.ops.arguments import Bool, Int
from archspec.ops.registry import find, kinds
from archspec.schema import entry, recipe
from archspec.schema.defaults import DEFAULTS, of_complete_entries
from archspec.schema.entry import ENTRIES
from archspec.schema.laid import laid_sections
from archspec.schema.modifiers import REFERENCE
from archspec.schema.names import identifier
from archspec.schema.shared import shared
from archspec.schema.values import ANY, EXPRESSION, INITIALISATION, NULL, Schema, documented, one_of, value
from archspec.spec.document import BODIES, MODIFIERS, PLACEMENT, TYPE_NAMES
from archspec.spec.read import LANGUAGE_VERSION, MODEL_KEYS
from archspec.tensors import DTYPES

_DRAFT = "http://json-schema.org/draft-07/schema#"
_LARGEST_SIZE = 2**31
POSITION_NAMES = ("index", "count", "stage", "stages", "position", "total", "input", "previous", "N")
_FILE: Schema = {"type": "string"}
_NOT_NULL: Schema = {"not": NULL}
_SIZES: Schema = {"type": "array", "items": value(Int(1, _LARGEST_SIZE))}


def spec_schema() -> Schema:
    """The schema of a spec, with the layers that are registered now."""
    ops = [op for name in kinds() if (op := find(name)) is not None]
    taken = [op.name for op in ops]
    whole = sections(taken)
    schema = {
        "$schema": _DRAFT,
        "title": "archspec",
        "description": "A neural network as archspec reads it.",
        "type": "object",
        "required": ["archspec"],
        "not": {"required": ["input", "inputs"], "properties": {"input": _NOT_NULL, "inputs": _NOT_NULL}},
        "if": {"required": ["extends"]},
        "then": {"properties": laid_sections(whole), "additionalProperties": False},
        "else": {
            "properties": whole,
            "additionalProperties": False,
            "allOf": [of_complete_entries()],
            **_model_or_blocks(),
        },
        "definitions": {**entry.definitions(ops), **recipe.definitions()},
    }
    return shared(schema)


def _model_or_blocks() -> Schema:
    """A file has a model, or else blocks alone."""
    imports: Schema = {"required": ["import"], "properties": {"import": {"minLength": 1, "minItems": 1}}}
    blocks = {"anyOf": [{"required": ["blocks"]}, imports]}
    of_a_model = {"anyOf": [{"required": [key]} for key in MODEL_KEYS]}
    model = {"required": ["layers"], "anyOf": [{"required": ["input"]}, {"required": ["inputs"]}]}
    return {"if": {**blocks, "not": of_a_model}, "else": model}


def text(schema: Schema) -> str:
    """The schema as a file: one definition per line, so that it stays small and its changes can be read."""
    head = {key: value for key, value in schema.items() if key != "definitions"}
    lines = [f"{json.dumps(key)}: {_line(value)}" for key, value in head.items()]
    definitions = ",\n".join(f"{json.dumps(key)}: {_line(value)}" for key, value in schema["definitions"].items())
    return "{\n" + ",\n".join([*lines, f'"definitions": {{\n{definitions}\n}}']) + "\n}\n"


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def recipe_schema() -> Schema:
    """The schema of a recipe in a file of its own."""
    schema = {
        "$schema": _DRAFT,
        "title": "archspec recipe",
        "description": "How archspec trains a model.",
        **recipe.section(),
        "properties": {
            "archspec": documented({"const": LANGUAGE_VERSION}, "The version of the language.", {}),
            **recipe.fields(),
        },
        "required": ["archspec"],
        "definitions": recipe.definitions(),
    }
    return shared(schema)


def sections(taken: list[str]) -> dict[str, Schema]:
    """Every key of a spec. `taken` are the kinds whose names no block can have."""
    return {
        "archspec": documented({"const": LANGUAGE_VERSION}, "The version of the language.", {}),
        "name": documented(_name(), "The class name of the compiled module.", {"default": "Model"}),
        "description": documented({"type": "string"}, "A few words on the model.", {}),
        "extends": documented(_FILE, "Another spec, over which this one is laid: `base.yaml`, `zoo:resnet34`.", {}),
        "import": documented(
            one_of([_FILE, {"type": "array", "items": _FILE}]), "Files whose blocks can be used here.", {}
        ),
        "input": documented(_input(), "The input's shape without the batch, e.g. `[3, 224, 224]`.", {}),
        "inputs": documented(_inputs(), "The forward's arguments by name, in order.", {}),
        "vars": documented(_parameters(), "Values to use as `$name`; `--set name=…` gives another one.", {}),
        "defaults": documented(DEFAULTS, "Arguments for every entry of a kind, e.g. `Conv2d: {bias: false}`.", {}),
        "blocks": documented(_blocks(taken), "Kinds of this file's own.", {}),
        "layers": documented(ENTRIES, "The model: entries by name, or a list.", {}),
        "outputs": documented(_outputs(), "What the model gives back; the last layer, unless it is said.", {}),
        "init": documented(_init(), "How parameters are initialised, by kind or by a glob over names.", {}),
        "weights": documented(_weights(), "A checkpoint that fills the model when it is built.", {}),
        "freeze": documented(_freeze(), "Globs over names of parameters that are not trained, e.g. `layer1.*`.", {}),
        "train": documented(recipe.section(), "How the model is trained.", {}),
    }


def block_sections() -> dict[str, Schema]:
    """Every key of a block."""
    inputs = {"type": "array", "items": _name(), "uniqueItems": True}
    order = {"type": "array", "items": {"type": ["string", "integer"]}, "uniqueItems": True}
    outputs = one_of([REFERENCE, {"type": "array", "items": REFERENCE, "minItems": 1}, _mapping(REFERENCE), EXPRESSION])
    return {
        "params": documented(_parameters(), "Its parameters: a type (required) or a default for each.", {}),
        "inputs": documented(inputs, "The names of its inputs; one called `input`, unless it is said.", {}),
        "defaults": documented(DEFAULTS, "Arguments for its entries, by kind, in place of the file's.", {}),
        "layers": documented(ENTRIES, "Its entries.", {}),
        "outputs": documented(outputs, "What it gives back; its last entry, unless it is said.", {}),
        "order": documented(order, "Entries that the module registers first, where it runs others before them.", {}),
        "description": documented(ANY, "A few words on the block.", {}),
    }


def _mapping(values: Schema) -> Schema:
    return {"type": "object", "additionalProperties": values, "minProperties": 1}


def _name() -> Schema:
    return {"type": "string", "pattern": identifier()}


def _input() -> Schema:
    dtype: Schema = {"enum": list(DTYPES)}
    properties = {"shape": one_of([_SIZES, EXPRESSION]), "dtype": dtype}
    full: Schema = {
        "type": "object",
        "properties": properties,
        "required": ["shape"],
        "additionalProperties": False,
    }
    return one_of([_SIZES, full, EXPRESSION])


def _inputs() -> Schema:
    return {**_mapping(_input()), "propertyNames": {"pattern": identifier()}}


def _parameters() -> Schema:
    types = list(TYPE_NAMES)
    full = {
        "properties": {
            "type": {
                "anyOf": [{"enum": types}, {"type": "array", "items": {"enum": types}, "minItems": 1, "maxItems": 1}]
            },
            "default": ANY,
            "min": ANY,
            "max": ANY,
            "choices": ANY,
        },
        "required": ["type"],
        "additionalProperties": False,
    }
    typed = {"required": ["type"], "properties": {"type": {"not": {"type": "null"}}}}
    declared = {"type": "object", "anyOf": [typed, {"required": ["default"]}]}
    return {
        "type": "object",
        "propertyNames": {"pattern": identifier(*POSITION_NAMES)},
        "additionalProperties": {"if": declared, "then": full},
    }


def _blocks(taken: list[str]) -> Schema:
    block: Schema = {
        "type": "object",
        "properties": block_sections(),
        "additionalProperties": False,
        "required": ["layers"],
    }
    names = {"pattern": identifier(*MODIFIERS, *PLACEMENT, *BODIES), "not": {"enum": taken}}
    return {"type": "object", "propertyNames": names, "additionalProperties": block}


def _outputs() -> Schema:
    full: Schema = {
        "type": "object",
        "properties": {"from": REFERENCE, "training": {"type": "boolean"}},
        "required": ["from"],
        "additionalProperties": False,
    }
    one = one_of([REFERENCE, full])
    names = {"pattern": identifier()}
    return one_of(
        [REFERENCE, {"type": "array", "items": one, "minItems": 1}, {**_mapping(one), "propertyNames": names}]
    )


def _init() -> Schema:
    """A kind's policy is for its weight, or a mapping of one per parameter."""
    return {"type": "object", "additionalProperties": {"if": _per_parameter(), "else": INITIALISATION}}


def _globs() -> Schema:
    return one_of(_globs_forms())


def _globs_forms() -> list[Schema]:
    glob: Schema = {"type": "string", "minLength": 1}
    return [glob, {"type": "array", "items": glob}]


def _freeze() -> Schema:
    full: Schema = {
        "type": "object",
        "properties": {
            "match": documented(_globs(), "Globs over names.", {}),
            "statistics": documented(value(Bool()), "Whether running statistics stay as they are.", {"default": True}),
        },
        "required": ["match"],
        "additionalProperties": False,
    }
    return one_of([*_globs_forms(), full, NULL])


def _weights() -> Schema:
    allow: Schema = {
        "type": "object",
        "properties": {"missing": _globs(), "unexpected": _globs()},
        "additionalProperties": False,
    }
    properties: Schema = {
        "path": documented({"type": ["string", "null"], "minLength": 1}, "The checkpoint, relative to this file.", {}),
        "key": documented({"type": "string"}, "Where in the checkpoint the state dict is.", {}),
        "sha256": documented({"type": "string", "pattern": "^[0-9a-fA-F]{64}$"}, "What `sha256sum` prints of it.", {}),
        "allow": documented(allow, "Names that may be missing from it, or be in it alone.", {}),
        "rename": documented({"type": "object", "additionalProperties": {"type": "string"}}, "Its names to ours.", {}),
    }
    full: Schema = {
        "type": "object",
        "properties": properties,
        "required": ["path"],
        "additionalProperties": False,
    }
    return one_of([{"type": "string", "minLength": 1}, full, NULL])


def _per_parameter() -> Schema:
    return {"type": "object", "minProperties": 1, "additionalProperties": INITIALISATION}
