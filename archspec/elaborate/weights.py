"""The `weights` and `freeze` sections, against the graph that they speak of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archspec import globs
from archspec.elaborate.sections import evaluated
from archspec.elaborate.unmatched import matches_nothing
from archspec.errors import Diagnostic, Span
from archspec.graph.nodes import Frozen, Graph
from archspec.records import record
from archspec.source.tree import Mapping as TreeMapping
from archspec.source.tree import Node, Scalar
from archspec.spec.checkpoint import Checkpoint, read_checkpoint, read_globs
from archspec.spec.reader import Reader

MOST_MATCHES = 200_000
_FREEZE_KEYS = ("match", "statistics")
_STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


@record
class Freeze:
    """The `freeze` section: globs over state-dict names, and whether running statistics stay as they are too."""

    rules: tuple[Scalar, ...]
    statistics: bool
    span: Span


def read_weights(node: Node | None, variables: Mapping[str, Any]) -> tuple[Checkpoint | None, list[Diagnostic]]:
    """What the `weights` section asks for (None where there is none), and the faults in its form."""
    if node is None:
        return None, []
    reader = Reader()
    value = evaluated(reader.faults, node, variables)
    checkpoint = read_checkpoint(reader, value)
    return (None if reader.faults else checkpoint), reader.faults


def read_freeze(node: Node | None, variables: Mapping[str, Any]) -> tuple[Freeze | None, list[Diagnostic]]:
    """The `freeze` section (None where there is none), and the faults in its form."""
    reader = Reader()
    value = None if node is None else evaluated(reader.faults, node, variables)
    if value is None or (isinstance(value, Scalar) and value.value is None):
        return None, reader.faults
    statistics, match = True, value
    if isinstance(value, TreeMapping):
        reader.keys(value, _FREEZE_KEYS, "`freeze`")
        value = reader.corrected(value, _FREEZE_KEYS)
        found = value.get("match")
        if found is None:
            help = 'write `freeze: {match: ["layer1.*"], statistics: false}`'
            reader.fault("AS103", "`freeze` has no `match`", value.span, help=help)
            return None, reader.faults
        match, statistics = found, _is_set(reader, value.get("statistics"))
    return Freeze(tuple(read_globs(reader, match, "`freeze`")), statistics, value.span), reader.faults


def _is_set(reader: Reader, node: Node | None) -> bool:
    if node is None or (isinstance(node, Scalar) and isinstance(node.value, bool)):
        return node is None or bool(node.value)
    reader.expected(node, "`true` or `false`", "`statistics` of `freeze`")
    return True


def frozen(freeze: Freeze, graph: Graph, *, trains: bool) -> tuple[Frozen, list[Diagnostic]]:
    """What stays as it is, and the faults: globs that match nothing, and nothing left to train.

    Args:
        freeze: the section.
        graph: the whole model.
        trains: whether the spec has a `train` section.
    """
    parameters, statistics = tensor_names(graph)
    everything = [*parameters, *statistics]
    if len(freeze.rules) * sum(map(globs.cost, everything)) > MOST_MATCHES:
        message = f"{len(freeze.rules):,} globs of `freeze` for so many parameters are too many to try"
        return Frozen(), [Diagnostic("AS701", message, freeze.span, help="join them by a wider glob")]
    unmatched = [rule for rule in freeze.rules if not _any(rule, everything)]
    faults = [matches_nothing("AS405", str(rule.value), rule.span, everything) for rule in unmatched]
    globs_ = [str(rule.value) for rule in freeze.rules]
    held = frozenset(name for name in parameters if any(globs.matches(glob, name) for glob in globs_))
    layers = dict.fromkeys(
        name.rpartition(".")[0]
        for name in (statistics if freeze.statistics else ())
        if any(globs.matches(glob, name) for glob in globs_)
    )
    if trains and held and len(held) == len(parameters):
        message = "every parameter is frozen: nothing is left to train"
        faults.append(
            Diagnostic("AS406", message, freeze.span, help="freeze all but the last layer, or remove `train`")
        )
    return Frozen(held, tuple(layers)), faults


def tensor_names(graph: Graph) -> tuple[list[str], list[str]]:
    """The full names of all parameters, and of all running statistics."""
    tensors = [tensor for call in graph.calls() for tensor in call.tensors]
    parameters = [name for name, tensor in tensors if not tensor.is_buffer]
    statistics = [name for name, tensor in tensors if tensor.is_buffer and name.rpartition(".")[2] in _STATISTICS]
    return parameters, statistics


def _any(rule: Scalar, names: list[str]) -> bool:
    return any(globs.matches(str(rule.value), name) for name in names)
