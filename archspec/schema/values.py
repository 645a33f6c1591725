"""What an argument accepts, as JSON Schema: its type or an expression, in one flat schema wherever that can be.

A flat schema has one `type` list and the limits of each type side by side (`minimum` speaks of numbers only, `items` of
lists only), so that an editor can say what is wrong instead of "matches none of three alternatives".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from archspec.ops.arguments import ArgType, Bool, Each, Either, Float, Int, Maybe, OneOf, Plain, Text
from archspec.ops.bare import Functions, Initialisation, Values
from archspec.ops.einops_patterns import Pattern
from archspec.ops.einsum import Equation
from archspec.ops.layer_class import LayerClass
from archspec.ops.sizes import INFINITIES, MULTIPLE, FillValue, Size

Schema: TypeAlias = dict[str, Any]

EXPRESSION: Schema = {"type": "string", "pattern": r"\$"}
NULL: Schema = {"type": "null"}
ANY: Schema = {}
INITIALISATION: Schema = {"$ref": "#/definitions/initialisation"}
_TERM = r" *[a-zA-Z][a-zA-Z ]*"
_EQUATION = rf"^{_TERM}(?:,{_TERM})*(?:- *>[a-zA-Z ]*)?$"
"""With spaces anywhere, as `archspec.ops.einsum` takes them out."""
_ARROW = r"^(?![\s\S]*->[\s\S]*->)[\s\S]*->"


def alternatives(type: ArgType) -> list[Schema]:
    """What a type accepts, each form for itself, without expressions."""
    match type:
        case Int():
            return [_limited({"type": "integer"}, minimum=type.min, maximum=type.max)]
        case Float():
            return [_float(type)]
        case Bool():
            return [{"type": "boolean"}]
        case Text():
            return [{"type": "string"}]
        case OneOf():
            return [{"enum": list(type.values)}]
        case LayerClass():
            return [{"enum": list(type.values)}, _with_arguments(type)]
        case Maybe():
            return [*alternatives(type.type), NULL]
        case Either():
            return [form for each in type.types for form in alternatives(each)]
        case Each():
            return [_list(type), *(alternatives(type.type) if type.or_one else ())]
        case Size():
            whole = {"type": "integer", "minimum": -1, "not": {"const": 0}}
            return [whole, {"type": "string", "pattern": rf"^\s*(?:{MULTIPLE.pattern})\s*$"}]
        case FillValue():
            return [{"type": "number"}, {"enum": list(INFINITIES)}]
        case Pattern():
            return [{"type": "string", "pattern": _ARROW}]
        case Equation():
            return [{"type": "string", "pattern": _EQUATION}]
        case Initialisation():
            return [INITIALISATION]
        case Values():
            return [{"type": "array", "minItems": 1}]
        case Functions():
            return [{"$ref": "#/definitions/entries"}]
        case Plain():
            return [ANY]
    raise AssertionError(f"no schema for {type}")


def value(type: ArgType) -> Schema:
    """What a type accepts, or an expression, whose value only the checker knows."""
    made = one_of([*alternatives(type), EXPRESSION])
    if "pattern" in made:
        made["patternErrorMessage"] = f"expected {type.describe()}, or an expression such as `$name`"
    return made


def one_of(forms: Iterable[Schema]) -> Schema:
    """Any of some forms: as one flat schema if their types differ, else with `anyOf`."""
    flat: Schema = {}
    types: list[str] = []
    others: list[Schema] = []
    for form in forms:
        kinds = form.get("type")
        if form == ANY:
            return ANY
        if kinds is None:
            others.append(form)
            continue
        for kind in kinds if isinstance(kinds, list) else [kinds]:
            if kind not in types:
                types.append(kind)
            elif kind == "string":
                _join_patterns(flat, form)
        flat.update({key: limit for key, limit in form.items() if key != "type" and key not in flat})
    if types:
        others.append({"type": types[0] if len(types) == 1 else types, **flat})
    return others[0] if len(others) == 1 else {"anyOf": others}


def removable(schema: Schema) -> Schema:
    """Or `null`, which in a spec that extends another removes what is there."""
    types = schema.get("type")
    if types is not None and not {"enum", "const", "not"} & set(schema):
        return {**schema, "type": list(dict.fromkeys([*([types] if isinstance(types, str) else types), "null"]))}
    notes = {key: text for key, text in schema.items() if key in ("description", "default")}
    return {**notes, "anyOf": [{key: value for key, value in schema.items() if key not in notes}, NULL]}


def _join_patterns(flat: Schema, form: Schema) -> None:
    """A second form of strings: a string may have either."""
    if "pattern" in flat and "pattern" in form:
        flat["pattern"] = f"{flat['pattern']}|{form['pattern']}"
    else:
        flat["pattern"] = ""  # one of them takes any
        flat.pop("patternErrorMessage", None)


def _limited(schema: Schema, **limits: float | None) -> Schema:
    return schema | {key: limit for key, limit in limits.items() if limit is not None}


def _float(type: Float) -> Schema:
    return _limited(
        {"type": "number"},
        minimum=type.min,
        maximum=type.max,
        exclusiveMinimum=type.above,
        exclusiveMaximum=type.below,
    )


def _list(type: Each) -> Schema:
    least = type.at_least if type.count is None else type.count
    schema: Schema = {"type": "array", "items": value(type.type)}
    return _limited(schema, minItems=least or None, maxItems=type.count)


def _with_arguments(type: LayerClass) -> Schema:
    """One of some kinds, with arguments of its own."""
    kinds = {name: {"$ref": f"#/definitions/{name}"} for name in type.values}
    return {
        "type": "object",
        "properties": kinds,
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }


def default(value: Any) -> Any:
    """A default as JSON; tuples are lists."""
    return [default(item) for item in value] if isinstance(value, (list, tuple)) else value


def as_words(words: Iterable[str]) -> str:
    """A pattern of exactly these words."""
    return f"^(?:{'|'.join(words)})$"


def snippets(words: Mapping[str, str]) -> list[Schema]:
    """Words to complete with, and what each is. Short lists only: long ones take the server seconds."""
    return [{"label": word, "description": text, "body": word} for word, text in words.items()]


def documented(schema: Schema, text: str, given: Mapping[str, Any]) -> Schema:
    """The schema with a text and its default; these stand first, as people read them first."""
    return {"description": text, **given, **schema}
