"""How entries and declarations may be written: one reading of each form, for the interpreter."""

from __future__ import annotations

from typing import Any

from tests.fuzz.functions import LISTED
from tests.fuzz.scope import Names, Refused, Scope, evaluate
from tests.fuzz.several import PRIMARY, SIZES, TEXTS, is_function

MODIFIERS = (
    *("from", "when", "repeat", "names", "first", "last", "per_stage", "per_repeat"),
    *("skip", "align", "merge", "tie", "inline"),
)


TYPES = ("int", "float", "bool", "str", "layer")


def split(entry: Any, names: Names) -> tuple[str, Any, dict[str, Any]]:
    """The kind, its arguments and the modifiers of an entry, however it is written."""
    if isinstance(entry, list):
        return "layers", entry, {}
    if isinstance(entry, str):
        kind, arguments, modifiers = entry, None, {}
    elif isinstance(entry, dict):
        kinds = [key for key in entry if key not in MODIFIERS]
        if len(kinds) != 1:
            raise Refused("not one kind")
        kind, arguments = kinds[0], entry[kinds[0]]
        modifiers = {key: value for key, value in entry.items() if key in MODIFIERS}
    else:
        raise Refused("not an entry")
    if not kind.startswith("$"):
        return kind, arguments, modifiers
    held, given, inside = split(evaluate(kind, names), names)
    return held, given, inside | modifiers


def wrapped(entry: Any) -> Any:
    """What a variable holds is the child `layer` beside a projection, whatever it is."""
    skip = entry.get("skip") if isinstance(entry, dict) else None
    if not isinstance(skip, dict) or skip.get("project") is None:
        return entry
    around = {key: value for key, value in entry.items() if key in ("from", "when", "repeat", "skip")}
    inside = {key: value for key, value in entry.items() if key not in around}
    held = any(key.startswith("$") for key in inside)
    return {"layers": {"layer": inside}, **around} if held else entry


def lists_inputs(kind: str, arguments: Any) -> bool:
    """Whether a function's bare value names what it takes."""
    if not is_function(kind):
        return False
    if not isinstance(arguments, list):
        is_text = kind in TEXTS or arguments in ("inf", "-inf") or (kind in PRIMARY and "$" in str(arguments))
        return isinstance(arguments, str) and not is_text
    if kind in SIZES and len(arguments) > 1:
        return False
    kinds = str if kind in LISTED else (str, int)
    if any(isinstance(each, int) and each < 0 for each in arguments):
        return False  # entries are numbered from 0
    return all(isinstance(each, kinds) for each in arguments) and (len(arguments) > 0 or kind not in LISTED)


def as_mapping(arguments: Any, primary: str | None) -> dict[str, Any]:
    if arguments is None:
        return {}
    if isinstance(arguments, dict):
        return dict(arguments)
    if primary is None:
        raise Refused("a bare value means nothing here")
    return {primary: arguments}


def evaluate_skip(written: Any, names: Names, scope: Scope) -> dict[str, Any] | None:
    if written is None:
        return None
    if isinstance(written, dict):
        return {key: value if key == "project" else evaluate(value, names, scope) for key, value in written.items()}
    return {"merge": evaluate(written, names, scope)}


def declared_value(declared: Any, names: Names) -> Any:
    """The default of a declaration."""
    if isinstance(declared, dict) and "type" in declared:
        if "default" not in declared:
            raise Refused("a required value is missing")
        return evaluate(declared["default"], names)
    if declared in TYPES or (isinstance(declared, list) and declared and declared[0] in TYPES):
        raise Refused("a required value is missing")
    return declared if isinstance(declared, dict) else evaluate(declared, names)
