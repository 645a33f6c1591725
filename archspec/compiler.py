"""The pipeline: text goes in at the top, each stage hands one immutable thing to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from archspec import source
from archspec.elaborate.elaborate import elaborate
from archspec.elaborate.recipe import check_recipe
from archspec.elaborate.train import read_train
from archspec.elaborate.weights import Freeze, frozen, read_freeze, read_weights
from archspec.errors import Diagnostic, SourceText, SpecError, in_file_order
from archspec.graph.fragment import Fragment
from archspec.graph.nodes import Graph
from archspec.records import record
from archspec.source.tree import Mapping, Node
from archspec.spec.checkpoint import Checkpoint
from archspec.spec.overrides import Override, apply_overrides
from archspec.spec.read import read_document
from archspec.spec.recipe import Recipe


@record
class Compiled:
    """What the front end makes of a spec.

    Attributes:
        tree: the spec with its overrides.
        graph: None after an error.
        fragment: what is known of the graph, also after an error; None where nothing is.
        variables: their values.
        recipe: its `train` section.
        diagnostics: every fault and warning, in file order.
        weights: its `weights` section.
    """

    tree: Node | None
    graph: Graph | None
    fragment: Fragment | None
    variables: dict[str, Any]
    recipe: Recipe | None
    diagnostics: tuple[Diagnostic, ...]
    weights: Checkpoint | None = None


def compile_text(text: SourceText, overrides: Sequence[Override] = ()) -> Compiled:
    """Read, elaborate and infer a spec. Never raises for a spec's faults: they are in the result.

    A stage whose input is broken as a whole does not start; otherwise a faulty part is left out of what the next
    stage sees, so that all independent faults are found in one run.
    """
    try:
        tree = source.read(text)
        if isinstance(tree, Mapping):
            tree = apply_overrides(tree, overrides)
    except SpecError as error:
        return Compiled(None, None, None, {}, None, error.diagnostics)
    document, faults = read_document(tree)
    if document is None:
        return Compiled(tree, None, None, {}, None, tuple(in_file_order(faults)))
    elaborated = elaborate(document)
    recipe, recipe_faults = read_train(document.train, elaborated.variables)
    weights, weights_faults = read_weights(document.weights, elaborated.variables)
    freeze, freeze_faults = read_freeze(document.freeze, elaborated.variables)
    faults = [*faults, *elaborated.diagnostics, *recipe_faults, *weights_faults, *freeze_faults]
    if recipe is not None:
        faults += check_recipe(recipe)
    graph = elaborated.graph
    if graph is not None and freeze is not None:
        graph, freeze_faults = _with_frozen(graph, freeze, trains=document.train is not None)
        faults += freeze_faults
    if any(fault.severity == "error" for fault in faults):
        graph = None
    found = tuple(in_file_order(faults))
    return Compiled(tree, graph, elaborated.fragment, elaborated.variables, recipe, found, weights)


def _with_frozen(graph: Graph, freeze: Freeze, *, trains: bool) -> tuple[Graph, list[Diagnostic]]:
    held, faults = frozen(freeze, graph, trains=trains)
    return replace(graph, frozen=held), faults
