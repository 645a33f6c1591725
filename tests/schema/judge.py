"""Two judges of one spec: the schema, by `jsonschema`, and the checker; and what only the second one can see."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jsonschema

import archspec
from archspec import source
from archspec.compiler import compile_text
from archspec.elaborate.unknown_kinds import meant_kind
from archspec.errors import Diagnostic, SourceText, SpecError
from archspec.ops.registry import kinds
from archspec.source.home import NOWHERE, Home
from archspec.source.tree import Mapping, Node, Scalar, Sequence, plain
from archspec.spec.document import MODIFIERS

VISIBLE = frozenset(
    [
        *("AS101", "AS102", "AS103", "AS104", "AS105", "AS106", "AS107", "AS111", "AS201", "AS202", "AS203", "AS204"),
        *("AS230", "AS401", "AS501", "AS502", "AS503", "AS504", "AS505", "AS506"),
    ]
)
"""Faults of form. All others need what a schema has not: shapes (AS3…), relations of arguments (AS402), references,
variables and expressions (AS205 to AS224), torch and data (AS507 to AS557)."""

HIDDEN: tuple[tuple[str, str, str], ...] = (
    ("AS201", r"no layer, function or block called `[A-Za-z_]\w*`", "it could be a block of the file, or a plug-in's"),
    ("AS201", r"is not in the language", "a block may have the name of a function that is refused"),
    ("AS105", r"the entries of a list have no names", "a name in a list could be a plug-in's layer"),
    ("AS105", r"has entries inside", "what is in it could be the arguments of a plug-in's layer"),
    ("AS101", r"an entry must be a kind", "whether the default of a parameter is a layer"),
    ("AS105", r"an entry's kind is its key", "which of two keys is a block"),
    ("AS201", r"there is no layer called", "a key of `init` could be a plug-in's layer"),
    ("AS230", r"needs one value per", "how long a list has to be, another one says"),
    ("AS201", r"there is no layer or function called", "a key of `defaults` could be a plug-in's layer"),
    ("AS401", r"takes a plain value, but .* holds a layer", "what a variable holds"),
    (
        "AS401",
        r"`sparsity` of `sparse`|`groups` of `dirac`|is within 2 × std|`std` of",
        "single functions of `torch.nn.init`",
    ),
    ("AS105", r"what is `inline`", "a relation between two modifiers"),
    ("AS107", r"the copies are named twice", "a relation between two modifiers"),
    ("AS202", r"has no input", "which inputs a layer takes by name, under `from`"),
    ("AS202", r"has no parameter", "which parameters a layer has that `tie` names"),
    ("AS401", r"numbers in lists \(of lists\) of one length", "whether lists are ragged"),
    ("AS203", r"a buffer has `shape` and `init`, or `values`", "which of three arguments are there"),
    ("AS106", r"is called|would be called|the copies|another copy|a stage of", "names that an expression makes"),
    ("AS106", r"only an entry with a list of stages", "whether `repeat` is a list, beside an expression in the name"),
    ("AS106", r"a branch has a plain name", "whether it stands among branches"),
    ("AS107", r"the inputs are given twice", "whether the value of a function is its inputs or its primary argument"),
    ("AS103", r"every output is there in training mode only", "a relation between outputs"),
)
"""What the schema cannot know although the code is one of form: code, message, why."""

HIDDEN_WHEN_LAID: tuple[tuple[str, str, str], ...] = (
    ("AS101", r"found nothing$", "whether there is something that `null` removes"),
    ("AS103", r"", "what the other spec has"),
    ("AS106", r"a stage of an entry before it", "the stages of the other spec"),
    ("AS105", r"says nothing here: it is for the copies of a `repeat`", "the other one's entry may be a repeat"),
    ("AS203", r"", "what the `defaults` of the other one give"),
    ("AS105", r"says nothing here: it places an entry", "whether the sequence that it stands in is a new one"),
    ("AS107", r"a spec has `input` or `inputs`", "which of them the other spec has"),
)
"""The same, in a spec that extends another."""

OVERRIDES = ("first", "last", "per_stage", "per_repeat")


@dataclass(frozen=True)
class Verdicts:
    """What both judges say.

    Attributes:
        refused: why the schema refuses; None if it does not.
        errors: the checker's.
        visible: those of them that the schema should see.
        in_unused_block: the schema's fault stands in a block that no entry uses, where the checker looks at kinds
            and arguments, but not at the values of modifiers.
    """

    refused: str | None
    errors: tuple[Diagnostic, ...]
    visible: tuple[Diagnostic, ...]
    in_unused_block: bool = False


@functools.cache
def validator(*, recipe: bool = False) -> jsonschema.Draft7Validator:
    schema = json.loads(archspec.json_schema(recipe=recipe))
    jsonschema.Draft7Validator.check_schema(schema)
    if not recipe:
        schema["definitions"]["misspelt"] = {}  # warnings: slow, and they refuse nothing (tested in test_misspelt)
    return jsonschema.Draft7Validator(schema)


@functools.cache
def _strict() -> jsonschema.Draft7Validator:
    """The same schema for a judge that tells 64.0 from 64, which JSON Schema does not."""
    checker = jsonschema.Draft7Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
    return jsonschema.validators.extend(jsonschema.Draft7Validator, type_checker=checker)(validator().schema)


@functools.cache
def _needless() -> jsonschema.Draft7Validator:
    """Accepts `defaults` that leave every entry to say what its kind needs."""
    whole = validator().schema
    return jsonschema.Draft7Validator({**whole["definitions"]["needless"], "definitions": whole["definitions"]})


def data_of(text: str) -> Any:
    """The text as archspec reads it. None where that is no YAML that the language has."""
    try:
        return plain(source.read(SourceText("net.yaml", text)))
    except SpecError:
        return None


def judge(text: str, home: Home = NOWHERE) -> Verdicts | None:
    """Both verdicts; None where the text is not read at all. `home` is where the files are that it names."""
    data = data_of(text)
    if data is None:
        return None
    fault = next(validator().iter_errors(data), None)
    refused = None if fault is None else f"{list(fault.absolute_path)}: {fault.message[:300]}"
    given = SourceText("net.yaml", text)
    compiled = compile_text(given, home=home)
    errors = tuple(found for found in compiled.diagnostics if found.severity == "error")
    tree = compiled.tree or source.read(given)  # without a tree where a file that it names cannot be read
    own = (found for found in errors if found.span is not None and found.span.source is given)
    visible = tuple(found for found in own if _is_visible(found, tree) and not (_is_laid(data) and _is_kept(found)))
    if refused is None and visible and not _strict().is_valid(data):
        visible = ()  # 64.0 where an integer belongs
    return Verdicts(refused, errors, visible, fault is not None and _is_in_unused_block(fault, data))


def _is_laid(data: Any) -> bool:
    return isinstance(data, dict) and "extends" in data


def _is_kept(fault: Diagnostic) -> bool:
    """What stands beside it may be in the spec that this one extends, so only both together show it."""
    return any(fault.code == code and re.search(text, fault.message) for code, text, _ in HIDDEN_WHEN_LAID)


def _is_in_unused_block(fault: jsonschema.ValidationError, data: Any) -> bool:
    path = list(fault.absolute_path)
    if path[:1] != ["blocks"] or not set(MODIFIERS) & {step for step in path[4:] if isinstance(step, str)}:
        return False
    rest = {key: value for key, value in data.items() if key != "blocks"}
    return f'"{path[1]}"' not in json.dumps(rest)


def _is_visible(fault: Diagnostic, tree: Node) -> bool:
    if fault.code not in VISIBLE or any(
        fault.code == code and re.search(text, fault.message) for code, text, _ in HIDDEN
    ):
        return False
    assert fault.span is not None
    if "$" in fault.span.text and fault.code in ("AS101", "AS230", "AS401", "AS504", "AS505", "AS501"):
        return False  # the value of an expression
    if fault.code in ("AS105", "AS202", "AS203", "AS204", "AS401") and _concerns_a_block(fault, tree):
        return False
    if fault.code == "AS203" and not all(map(_needless().is_valid, _all_defaults(tree))):
        return False
    if fault.code == "AS230" and _is_of_a_misspelt_modifier(fault, tree):
        return False
    if fault.code == "AS201" and _is_given_to_a_block(fault, tree):
        return False
    if _is_in_a_named_entry(fault, tree):
        return False
    if _is_in_a_variable(fault, tree) or _is_given_to_a_misspelt_kind(fault, tree):
        return False
    return not (fault.code in ("AS202", "AS203", "AS401") and _is_overridden(fault, tree))


def _all_defaults(tree: Node) -> Iterator[Any]:
    """Those of the file and those of its blocks."""
    blocks = tree.get("blocks") if isinstance(tree, Mapping) else None
    for node in (tree, *(block for _, block in (blocks if isinstance(blocks, Mapping) else ()))):
        defaults = node.get("defaults") if isinstance(node, Mapping) else None
        if defaults is not None:
            yield plain(defaults)


def _concerns_a_block(fault: Diagnostic, tree: Node) -> bool:
    """It is of the parameters of a block, or of what stands beside a kind that the schema does not know."""
    beside = re.search(r"already has the kind `([^`]*)`", fault.message)
    if beside is not None:
        return beside[1] not in validator().schema["definitions"]
    return bool(_blocks(tree) & set(re.findall(r"`([^`]*)`", fault.message)))


def _is_given_to_a_block(fault: Diagnostic, tree: Node) -> bool:
    names = _blocks(tree)
    pairs = (pair for node in _nodes(tree) if isinstance(node, Mapping) for pair in node)
    return any(str(key.value) in names and _is_in(fault, value) for key, value in pairs)


def _is_in_a_named_entry(fault: Diagnostic, tree: Node) -> bool:
    """The checker looks into `- conv1: {Conv2d: …}` as into an entry with a name, and into `{kind: Conv2d, args: …}` as
    into one of another format; to the schema `conv1` and `kind` are kinds."""
    nodes = [node for node in _nodes(tree) if isinstance(node, Mapping)]
    if any(_is_in(fault, node) and node.get("kind") is not None for node in nodes):
        return True
    items = (item for node in _nodes(tree) if isinstance(node, Sequence) for item in node if isinstance(item, Mapping))
    return any(
        _is_in(fault, item) and all(str(key.value) not in kinds() for key, _ in list(item)[:1]) for item in items
    )


def _is_in_a_variable(fault: Diagnostic, tree: Node) -> bool:
    """Only the places where it is used say if what a variable holds is a layer."""
    variables = tree.get("vars") if isinstance(tree, Mapping) else None
    return variables is not None and _is_in(fault, variables)


def _is_given_to_a_misspelt_kind(fault: Diagnostic, tree: Node) -> bool:
    """The checker looks at the arguments of `Conv2D` as those of the `Conv2d` that was meant; to the schema it may be
    a block."""
    pairs = [pair for node in _nodes(tree) if isinstance(node, Mapping) for pair in node if _is_slip(pair[0])]
    at, missing = fault.span, fault.code == "AS203"  # what is missing is told at the kind
    spans = [(key if missing else value).span for key, value in pairs]
    return at is not None and any(at.source is span.source and span.start <= at.start <= span.end for span in spans)


def _is_slip(key: Scalar) -> bool:
    return str(key.value) not in kinds() and meant_kind(str(key.value), ()) is not None


def _is_of_a_misspelt_modifier(fault: Diagnostic, tree: Node) -> bool:
    """The checker reads `repeats: -1` as the `repeat` that was meant; to the schema it may be a block."""
    pairs = (pair for node in _nodes(tree) if isinstance(node, Mapping) for pair in node)
    return any(value.span == fault.span and key.value not in MODIFIERS for key, value in pairs)


def _blocks(tree: Node) -> set[str]:
    blocks = tree.get("blocks") if isinstance(tree, Mapping) else None
    return {str(key.value) for key, _ in blocks} if isinstance(blocks, Mapping) else set()


def _is_in(fault: Diagnostic, node: Node) -> bool:
    at, span = fault.span, node.span
    return at is not None and at.source is span.source and span.start <= at.start <= span.end


def _is_overridden(fault: Diagnostic, tree: Node) -> bool:
    """It stands in an entry whose copies are given further arguments."""
    for node in _nodes(tree):
        if isinstance(node, Mapping) and _is_in(fault, node):
            repeat = node.get("repeat")
            if isinstance(repeat, Mapping) or any(node.get(word) is not None for word in OVERRIDES):
                return True
    return False


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    inner = [value for _, value in node] if isinstance(node, Mapping) else node if isinstance(node, Sequence) else ()
    for each in inner:
        yield from _nodes(each)
