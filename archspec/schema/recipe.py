"""The `train` section, or a recipe of its own: everything that it calls by name, with its arguments."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.elaborate.recipe import NOUNS, unusable
from archspec.elaborate.recipe_fields import PLAIN_FIELDS, WEIGHT
from archspec.elaborate.recipe_values import DOMAINS, DTYPES
from archspec.ops.called import NO_DEFAULT, Argument, Signature
from archspec.ops.offered import offered_names
from archspec.ops.signatures import Group, signatures
from archspec.schema.values import (
    ANY,
    EXPRESSION,
    NULL,
    Schema,
    alternatives,
    as_words,
    documented,
    one_of,
    snippets,
    value,
)
from archspec.spec.read_recipe import FIELDS
from archspec.spec.recipe import Recipe

_DEFAULTS = Recipe()
_NUMBERS: Schema = {"type": "array", "items": one_of([{"type": "number"}, {"type": "array"}, EXPRESSION])}
_WORDS: dict[str, Schema] = {
    "bool": {"type": "boolean"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "str": {"type": "string"},
    "list": {"type": "array"},
    "dict": {"type": "object"},
    "null": NULL,
    "tensor": _NUMBERS,
    "dtype": {"enum": sorted(DTYPES)},
}
_OF_ITS_OWN: Schema = {"type": ["object", "array", "string", "number", "boolean", "null"]}
"""What only a plug-in knows, which is not loaded for a schema."""
_GROUPS: tuple[Group, ...] = ("datasets", "transforms", "losses", "optimizers", "schedulers", "metrics", "inits")


def definitions() -> dict[str, Schema]:
    """One definition per group, and one per thing that a group has."""
    made: dict[str, Schema] = {}
    for group in _GROUPS:
        known = _usable(group)
        made[group] = _named(group, known)
        made |= {f"{group}.{name}": _called(group, found) for name, found in known.items()}
        if group == "datasets":
            made |= {f"{group}.{name}": _OF_ITS_OWN for name in offered_names() if name not in signatures(group)}
    made["initialisation"] = made.pop("inits")
    return made


def _usable(group: Group) -> dict[str, Signature]:
    known = {name: found for name, found in signatures(group).items() if unusable_in(group, found) is None}
    offered = offered_names() if group == "datasets" else []
    return {**{name: Signature(name, "A data set of a plug-in.") for name in offered}, **known}


def unusable_in(group: Group, signature: Signature) -> str | None:
    """Why a spec cannot call something; None if it can."""
    return None if group == "inits" else unusable(group, signature)


def section() -> Schema:
    """The fields of a recipe."""
    return {"type": "object", "properties": fields(), "additionalProperties": False}


def fields() -> dict[str, Schema]:
    """Every field of a recipe, by its name."""
    named = {
        "data": _field("datasets", "The data set.", _DEFAULTS.data.name),
        "transforms": documented(_transforms(), "`torchvision.transforms.v2` by name, in order, for each phase.", {}),
        "loss": _field("losses", "A loss of `torch.nn`, on the first output.", _DEFAULTS.loss.name),
        "losses": documented(_losses(), "Instead of `loss`, one for each of several outputs, with their weights.", {}),
        "optimizer": _field("optimizers", "An optimiser of `torch.optim`.", _DEFAULTS.optimizer.name),
        "param_groups": documented(
            {"type": ["array", "null"], "items": _param_group()},
            "Parameters with arguments of the optimiser of their own; of several that match, the last one wins.",
            {},
        ),
        "scheduler": documented(
            {"anyOf": [_ref("schedulers"), NULL]},
            "A scheduler of `torch.optim.lr_scheduler`.",
            {"default": None},
        ),
        "metrics": documented(_several("metrics"), "The first one chooses the best checkpoint.", {}),
    }
    plain = {
        name: documented(value(type), text, {"default": getattr(_DEFAULTS, name)})
        for name, (type, text) in PLAIN_FIELDS.items()
    }
    return {name: (named | plain)[name] for name in FIELDS}


def _losses() -> Schema:
    """By output: a loss, with its weight beside it."""
    loss = _named("losses", _usable("losses"))
    weight = documented(value(WEIGHT), "How much of the whole.", {"default": 1.0})
    name: Schema = {"type": "string"}
    outputs = {"type": ["string", "array"], "items": name}
    beside = {
        "weight": weight,
        "from": documented(outputs, "The outputs that it takes, in the loss's own order.", {}),
        "target": documented(name, "An input of the model, or one of the data's targets.", {}),
    }
    each = {**loss, "properties": {**loss["properties"], **beside}, "maxProperties": 1 + len(beside)}
    return {"type": ["object", "null"], "additionalProperties": each}


def _param_group() -> Schema:
    """Globs, and whatever arguments some optimiser has."""
    forms: dict[str, list[Schema]] = {}
    for signature in signatures("optimizers").values():
        for argument in signature.arguments:
            given = forms.setdefault(argument.name, [])
            given += [form for form in _forms("optimizers", argument) if form not in given]
    glob: Schema = {"type": "string", "minLength": 1}
    match = documented({**glob, "type": ["string", "array"], "items": glob}, "Globs over the parameters' names.", {})
    return {
        "type": "object",
        "properties": {"match": match, **{name: one_of(given) for name, given in forms.items()}},
        "required": ["match"],
        "additionalProperties": False,
    }


def _ref(group: Group) -> Schema:
    return {"$ref": f"#/definitions/{group}"}


def _field(group: Group, text: str, default: str) -> Schema:
    return documented({"allOf": [_ref(group)]}, text, {"default": default})


def _several(group: Group) -> Schema:
    """One or a list of them."""
    return {"if": {"type": "array"}, "then": {"items": _ref(group)}, "else": _ref(group)}


def _transforms() -> Schema:
    phases = {phase: _several("transforms") for phase in ("train", "eval", "batch")}
    return {"type": "object", "properties": phases, "additionalProperties": False}


def _named(group: Group, known: dict[str, Signature]) -> Schema:
    """`SGD` or `{SGD: {lr: 0.1}}`."""
    bare = {name: signature.doc for name, signature in known.items() if not _needed(signature)}
    return {
        "type": ["string", "object"],
        "pattern": "|".join([as_words(bare), EXPRESSION["pattern"]]),
        "patternErrorMessage": f"expected {NOUNS[group]} that needs no arguments, or one with its arguments",
        "defaultSnippets": snippets(bare),
        "properties": {name: {"$ref": f"#/definitions/{group}.{name}"} for name in known},
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }


def _needed(signature: Signature) -> list[str]:
    return [argument.name for argument in signature.arguments if argument.required]


def _called(group: Group, signature: Signature) -> Schema:
    needed = _needed(signature)
    arguments = {
        argument.name: documented(_argument(group, argument), "", _default(argument))
        for argument in signature.arguments
        if argument.accepts != ("callable",)
    }
    named: Schema = {"type": "object", "properties": arguments, "additionalProperties": False}
    if needed:
        named["required"] = needed
    forms = [named]
    if signature.arguments and set(needed) <= {signature.primary}:
        forms += [form for form in _forms(group, signature.arguments[0]) if form.get("type") not in ("null", "object")]
    if not needed:
        forms.append(NULL)
    return documented(one_of(forms), signature.doc, {})


def _default(argument: Argument) -> dict[str, object]:
    known = not argument.required and argument.default is not NO_DEFAULT
    return {"default": argument.default} if known else {}


def _argument(group: Group, argument: Argument) -> Schema:
    return one_of(_forms(group, argument)) if argument.accepts else ANY


def _forms(group: Group, argument: Argument) -> list[Schema]:
    """What an argument accepts, each form for itself."""
    if not argument.accepts:
        return [ANY]
    if argument.accepts == ("nameds",):
        return [{"type": "array", "items": _ref(group)}]
    domain = DOMAINS.get((group, argument.name))
    if domain is not None:
        return [*_in_domain(domain, argument), EXPRESSION]
    return [*_plain(argument), EXPRESSION]


def _plain(argument: Argument) -> Iterator[Schema]:
    if argument.choices:
        yield {"enum": list(argument.choices)}
    for word in argument.accepts:
        if (word == "str" and argument.choices) or (word == "int" and "float" in argument.accepts):
            continue
        if word in _WORDS:
            yield _WORDS[word]


def _in_domain(domain: object, argument: Argument) -> Iterator[Schema]:
    """A number in its domain, or a list of such numbers."""
    (limits,) = alternatives(domain)  # type: ignore[arg-type]
    whole = "float" not in argument.accepts
    if "int" in argument.accepts or not whole:
        yield {**limits, "type": "integer"} if whole else limits
    if "list" in argument.accepts:
        yield {"type": "array", "items": one_of([limits, NULL, EXPRESSION])}
    if "null" in argument.accepts:
        yield NULL
