"""Every kind of the catalogue: the arguments, and the bare values that may stand in their place."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from archspec.elaborate.call_arguments import takes_list
from archspec.ops.entry import Arg, Op
from archspec.schema.values import EXPRESSION, NULL, Schema, alternatives, default, documented, one_of, value

_NAMES: Schema = {"type": ["string", "integer"]}
_INFERRED = "inferred from the input, so it can be left out"


def kind(op: Op) -> Schema:
    """What may stand behind the kind's name. Whether it lacks an argument is said by `required`."""
    return documented(one_of([_arguments(op), NULL, *_bare(op)]), _doc(op), {})


def required(op: Op) -> Schema | None:
    """What must stand there where no repeat gives further arguments; None if nothing has to."""
    names = [arg.name for arg in op.args if arg.is_required]
    if not names:
        return None
    named: Schema = {"type": "object", "required": names}
    bare = _primary(op) if names == [op.primary] else []
    return one_of([named, *bare])


def takes_align(op: Op) -> bool:
    """Whether `align` may stand beside it."""
    return op.arg("align") is not None


def _doc(op: Op) -> str:
    inputs = "" if op.is_module or not op.inputs else f" Inputs: {', '.join(f'`{name}`' for name in op.inputs)}."
    bare = "" if op.primary is None else f" A bare value is its `{op.primary}`."
    return f"{op.doc}{bare}{inputs} ({op.target})"


def _arguments(op: Op) -> Schema:
    schema: Schema = {"type": "object", "properties": {arg.name: _argument(arg) for arg in op.args}}
    if op.free is None:
        return {**schema, "additionalProperties": False}
    free = documented(value(op.free), "the size of an axis of the pattern", {})
    return {**schema, "propertyNames": {"pattern": r"^[^\W\d]\w*$"}, "additionalProperties": free}


def _argument(arg: Arg) -> Schema:
    notes = [arg.doc] if arg.doc else []
    if arg.inferred is not None:
        notes.append(_INFERRED)
    given = {} if arg.is_required or arg.inferred is not None else _default(arg.default)
    return documented(value(arg.type), "; ".join(notes), given)


def _default(found: Any) -> Mapping[str, Any]:
    plain = default(found)
    finite = not isinstance(plain, float) or math.isfinite(plain)
    return {"default": plain} if finite and _is_data(plain) else {}


def _is_data(plain: Any) -> bool:
    return plain is None or isinstance(plain, (bool, int, float, str, list))


def _bare(op: Op) -> list[Schema]:
    """A value in place of the arguments: the primary one, or a function's inputs."""
    if op.is_module or op.bare:
        return _primary(op)
    primary = [form for form in _primary(op) if form.get("type") != "array"]
    return [*primary, {"type": "string"}, _list(op)]


def _primary(op: Op) -> list[Schema]:
    """The forms of the primary argument; a mapping always means arguments by name."""
    arg = None if op.primary is None else op.arg(op.primary)
    if arg is None:
        return []
    forms = [form for form in alternatives(arg.type) if form.get("type") != "null" and form]
    if op.is_module or op.bare:
        return [*forms, EXPRESSION]
    lists = [_several(op, form) for form in forms if form.get("type") == "array" and takes_list(op)]
    return [*(form for form in forms if form.get("type") != "array"), *lists, EXPRESSION]


def _several(op: Op, form: Schema) -> Schema:
    """A list that means a function's primary argument: names alone would be inputs."""
    if len(op.inputs) == 1 and not op.variadic:
        return {**form, "if": {"maxItems": 1}, "then": {"items": {"not": {"type": "string"}}}}
    return {**form, "contains": {"not": {"type": "string"}}}


def _list(op: Op) -> Schema:
    """A list behind a function's name: its inputs, or its primary argument where that is one."""
    if not takes_list(op):
        return {"type": "array", "items": _NAMES, "minItems": 1}
    names: Schema = {"items": {"type": "string"}, "minItems": 1}
    if len(op.inputs) == 1 and not op.variadic:
        names["maxItems"] = 1
    lists = [form for form in _primary(op) if form.get("type") == "array"]
    return {"type": "array", "anyOf": [names, *map(_untyped, lists)]}


def _untyped(form: Schema) -> Schema:
    """The limits alone, which say nothing of what is no list."""
    return {key: limit for key, limit in form.items() if key != "type"}
