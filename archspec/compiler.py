"""The pipeline: text goes in at the top, each stage hands one immutable thing to the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from archspec import source
from archspec.collector import rarely_collected
from archspec.elaborate.elaborate import elaborate
from archspec.elaborate.losses import check_outputs
from archspec.elaborate.param_groups import check_param_groups
from archspec.elaborate.recipe import check_recipe
from archspec.elaborate.train import read_train
from archspec.elaborate.weights import Freeze, frozen, read_freeze, read_weights, tensor_names
from archspec.errors import Diagnostic, SourceText, SpecError, in_file_order
from archspec.graph.fragment import Fragment
from archspec.graph.nodes import Graph
from archspec.records import record
from archspec.source.home import NOWHERE, Home
from archspec.source.tree import Mapping, Node, Scalar
from archspec.spec.checkpoint import Checkpoint
from archspec.spec.overrides import Override, apply_overrides
from archspec.spec.read import read_document
from archspec.spec.reader import Reader
from archspec.spec.recipe import Recipe
from archspec.spec.recipe_file import is_recipe, section_of


@record
class Read:
    """A spec's tree with all that it extends and imports, and the faults of that.

    Attributes:
        tree: needs no other file.
        is_whole: whether the spec said all of it itself.
        faults: what does not keep the rest from being checked.
        homes: what the paths in each of the files mean; the spec's own first.
    """

    tree: Node
    is_whole: bool
    faults: tuple[Diagnostic, ...]
    homes: tuple[tuple[SourceText, Home], ...]

    def home_of(self, text: SourceText) -> Home:
        """What the paths in a file mean; a setting from outside stands as if it were in the spec."""
        return next((home for source, home in self.homes if source is text), self.homes[0][1])


_Node = TypeVar("_Node")
_Made = TypeVar("_Made")


@record
class Compiled:
    """What the front end makes of a spec.

    Attributes:
        read: its tree as the files say it; None where they cannot be read.
        tree: the same with its overrides.
        graph: None after an error, and for a file that only has blocks.
        fragment: what is known of the graph, also after an error; None where nothing is.
        variables: their values.
        recipe: its `train` section.
        diagnostics: every fault and warning, in file order.
        weights: its `weights` section.
    """

    read: Read | None
    tree: Node | None
    graph: Graph | None
    fragment: Fragment | None
    variables: dict[str, Any]
    recipe: Recipe | None
    diagnostics: tuple[Diagnostic, ...]
    weights: Checkpoint | None = None


@rarely_collected()
def compile_text(text: SourceText, overrides: Sequence[Override] = (), home: Home = NOWHERE) -> Compiled:
    """Read, elaborate and infer a spec. Never raises for a spec's faults: they are in the result.

    Args:
        text: of the spec.
        overrides: settings from outside.
        home: what the paths in it mean; unless given, they lead nowhere, except into the zoo.
    """
    try:
        read = read_spec(text, home)
    except SpecError as error:
        return Compiled(None, None, None, None, {}, None, error.diagnostics)
    return _compile_recipe(read, overrides) if is_recipe(read.tree) else compile_tree(read, overrides)


def _compile_recipe(read: Read, overrides: Sequence[Override]) -> Compiled:
    """A recipe by itself: what can be told of it without a model."""
    reader = Reader()
    try:
        section = section_of(reader, read.tree)
        whole = Mapping(((Scalar("train", section.span), section),), section.span)
        set_ = apply_overrides(whole, overrides).get("train")
        assert isinstance(set_, Mapping)
        recipe, faults = _section(read_train, set_, {})
    except SpecError as error:
        return Compiled(read, read.tree, None, None, {}, None, error.diagnostics)
    faults = [*reader.faults, *faults, *(() if recipe is None else check_recipe(recipe))]
    return Compiled(read, read.tree, None, None, {}, recipe, tuple(in_file_order(faults)))


def read_spec(text: SourceText, home: Home = NOWHERE) -> Read:
    """The tree of a spec and of the files that it names.

    Raises:
        SpecError: one of the texts cannot be read, or a path is refused.
    """
    tree = source.read(text)
    if not isinstance(tree, Mapping) or (tree.key("extends") is None and tree.key("import") is None):
        return Read(tree, True, (), ((text, home),))
    from archspec.spec.assemble import assemble  # most specs have no use for it

    assembled = assemble(tree, home)
    return Read(assembled.tree, False, tuple(assembled.faults), ((text, home), *assembled.homes))


@rarely_collected()
def compile_tree(read: Read, overrides: Sequence[Override] = ()) -> Compiled:
    """Elaborate and infer what has been read.

    A stage whose input is broken as a whole does not start; otherwise a faulty part is left out of what the next
    stage sees, so that all independent faults are found in one run.
    """
    try:
        tree = apply_overrides(read.tree, overrides) if isinstance(read.tree, Mapping) else read.tree
        document, faults = read_document(tree)
    except SpecError as error:
        return Compiled(read, None, None, None, {}, None, (*read.faults, *error.diagnostics))
    faults = [*read.faults, *faults]
    if document is None:
        return Compiled(read, tree, None, None, {}, None, tuple(in_file_order(faults)))
    elaborated = elaborate(document)
    recipe, recipe_faults = _section(read_train, document.train, elaborated.variables)
    weights, weights_faults = _section(read_weights, document.weights, elaborated.variables)
    freeze, freeze_faults = _section(read_freeze, document.freeze, elaborated.variables)
    if weights is not None and weights.span is not None:
        weights = replace(weights, home=read.home_of(weights.span.source))
    faults = [*faults, *elaborated.diagnostics, *recipe_faults, *weights_faults, *freeze_faults]
    if recipe is not None:
        faults += check_recipe(recipe)
    graph = elaborated.graph
    if graph is not None and freeze is not None:
        graph, freeze_faults = _with_frozen(graph, freeze, trains=document.train is not None)
        faults += freeze_faults
    if graph is not None and recipe is not None and recipe.param_groups:
        faults += check_param_groups(recipe.param_groups, tensor_names(graph)[0], graph.frozen.parameters)
    if graph is not None and recipe is not None:
        faults += check_outputs(recipe, [output.name for output in graph.outputs])
        from archspec.elaborate.loss_inputs import check_loss_inputs  # most checks are of specs without a recipe

        faults += check_loss_inputs(recipe, graph)
    if any(fault.severity == "error" for fault in faults):
        graph = None
    found = tuple(in_file_order(faults))
    return Compiled(read, tree, graph, elaborated.fragment, elaborated.variables, recipe, found, weights)


def _section(
    read: Callable[[_Node, dict[str, Any]], tuple[_Made | None, list[Diagnostic]]],
    node: _Node,
    variables: dict[str, Any],
) -> tuple[_Made | None, list[Diagnostic]]:
    """A section beside the layers, and its faults."""
    try:
        return read(node, variables)
    except SpecError as error:  # a limit, or as many faults as are told
        return None, list(error.diagnostics)


def _with_frozen(graph: Graph, freeze: Freeze, *, trains: bool) -> tuple[Graph, list[Diagnostic]]:
    held, faults = frozen(freeze, graph, trains=trains)
    return replace(graph, frozen=held), faults
