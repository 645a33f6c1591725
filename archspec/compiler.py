"""The pipeline: text goes in at the top, each stage hands one immutable thing to the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archspec import source
from archspec.elaborate.elaborate import elaborate
from archspec.elaborate.recipe import check_recipe
from archspec.elaborate.train import read_train
from archspec.errors import Diagnostic, SourceText, SpecError, in_file_order
from archspec.graph.nodes import Graph
from archspec.records import record
from archspec.source.tree import Mapping, Node
from archspec.spec.document import Document
from archspec.spec.overrides import Override, apply_overrides
from archspec.spec.read import read_document
from archspec.spec.recipe import Recipe


@record
class Compiled:
    """What the front end makes of a spec. `tree` is it with its overrides; `graph` is None after an error."""

    tree: Node | None
    graph: Graph | None
    variables: dict[str, Any]
    recipe: Recipe | None
    diagnostics: tuple[Diagnostic, ...]


def compile_text(text: SourceText, overrides: Sequence[Override] = ()) -> Compiled:
    """Read, elaborate and infer a spec. Never raises for a spec's faults: they are in the result.

    A stage whose input is broken as a whole does not start; otherwise a faulty part is left out of what the next
    stage sees, so that all independent faults are found in one run.
    """
    try:
        tree = source.read(text)
        if isinstance(tree, Mapping):
            tree = apply_overrides(tree, overrides)
        document, faults = read_document(tree)
    except SpecError as error:
        return Compiled(None, None, {}, None, error.diagnostics)
    if document is None:
        return Compiled(tree, None, {}, None, tuple(in_file_order(faults)))
    elaborated = elaborate(document)
    recipe, recipe_faults = _train(document, elaborated.variables)
    faults = [*faults, *elaborated.diagnostics, *recipe_faults]
    if recipe is not None:
        faults += check_recipe(recipe)
    failed = any(fault.severity == "error" for fault in faults)
    graph = None if failed else elaborated.graph
    return Compiled(tree, graph, elaborated.variables, recipe, tuple(in_file_order(faults)))


def _train(document: Document, variables: dict[str, Any]) -> tuple[Recipe | None, list[Diagnostic]]:
    try:
        return read_train(document.train, variables)
    except SpecError as error:  # as many faults as are told
        return None, list(error.diagnostics)
