"""The files in schemas/, and that the schema has every word that the readers have."""

from __future__ import annotations

import json

import jsonschema
import pytest

import archspec
from archspec.schema import document, entry, modifiers, recipe
from archspec.spec import read, read_parameters, read_recipe
from archspec.spec.document import BODIES, MODIFIERS
from tools import generate_schemas


@pytest.mark.parametrize("name", generate_schemas.texts())
def test_the_files_are_up_to_date(name: str) -> None:
    text = (generate_schemas.FOLDER / name).read_text(encoding="utf-8")
    assert text == generate_schemas.texts()[name], "run `make schema`"
    jsonschema.Draft7Validator.check_schema(json.loads(text))


@pytest.mark.parametrize("is_recipe", [False, True])
def test_every_reference_leads_somewhere(is_recipe: bool) -> None:
    schema = json.loads(archspec.json_schema(recipe=is_recipe))
    assert {name.removeprefix("#/definitions/") for name in _references(schema)} <= set(schema["definitions"])


def _references(node: object) -> set[str]:
    if isinstance(node, list):
        return {name for inner in node for name in _references(inner)}
    if not isinstance(node, dict):
        return set()
    own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
    return own | {name for inner in node.values() for name in _references(inner)}


def test_the_schema_has_what_the_readers_read() -> None:
    assert set(document.sections([])) == set(read.KEYS)
    assert set(document.block_sections()) == set(read._BLOCK_KEYS)
    assert set(recipe.fields()) == set(read_recipe.FIELDS)
    assert document.POSITION_NAMES == read_parameters._POSITION_NAMES
    assert set(modifiers.MODIFIER_VALUES) == set(MODIFIERS)
    assert set(entry.bodies({})) == set(BODIES)
