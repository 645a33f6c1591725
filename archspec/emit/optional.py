"""Entries that some instances of a block have and others have not, since their `when` is true in some."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from archspec.graph.nodes import Absent, Call, Graph, Node, Ref, Scope
from archspec.ops.code import is_plain


def optional_children(graph: Graph) -> dict[str, frozenset[str]]:
    """By block: entries whose `when` is false in some instances, and which are layers of one value in the others."""
    absent: dict[str, set[str]] = defaultdict(set)
    present: dict[str, set[str]] = defaultdict(set)
    unfit: dict[str, set[str]] = defaultdict(set)
    for scope in scopes_of(graph.root):
        if scope.kind != "block" or scope.block is None:
            continue
        for node in scope.body:
            if isinstance(node, Absent):
                absent[scope.block].add(node.name)
            elif _can_be_none(node):
                present[scope.block].add(node.name)
            else:
                unfit[scope.block].add(node.name)
    return {block: frozenset(absent[block] & present[block] - unfit[block]) for block in absent}


def _can_be_none(node: Node) -> bool:
    if len(node.inputs) != 1 or len(node.outputs) != 1:
        return False
    if isinstance(node, Absent) or node.module:
        return False
    return not node.is_container if isinstance(node, Scope) else is_plain_layer(node)


def is_plain_layer(call: Call) -> bool:
    """Whether a call is a layer that takes its input alone and gives one value."""
    return call.op.is_module and is_plain(call.op, call.args)


def scopes_of(scope: Scope) -> list[Scope]:
    """A scope and all inside it."""
    found = [scope]
    for node in scope.body:
        if isinstance(node, Scope):
            found += scopes_of(node)
    return found


def conditional_functions(graph: Graph) -> dict[str, dict[str, tuple[str, ...]]]:
    """By block: the functions that some instances call and others do not, and the names of what they take."""
    absent: dict[str, set[str]] = defaultdict(set)
    found: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    unfit: dict[str, set[str]] = defaultdict(set)
    for scope in scopes_of(graph.root):
        if scope.kind != "block" or scope.block is None:
            continue
        names = {Ref(inner.id): inner.name for inner in (*scope.parameters, *scope.body)}
        for node in scope.body:
            if isinstance(node, Absent):
                absent[scope.block].add(node.name)
            elif isinstance(node, Call) and _is_function(node) and all(ref in names for ref in node.inputs):
                taken = tuple(names[ref] for ref in node.inputs)
                known = found[scope.block].setdefault(node.name, taken)
                unfit[scope.block] |= {node.name} if known != taken else set()
            else:
                unfit[scope.block].add(node.name)
    return {
        block: {name: taken for name, taken in found[block].items() if name in absent[block] - unfit[block]}
        for block in absent
    }


def _is_function(call: Call) -> bool:
    return not call.op.is_module and not call.op.bare and not call.module and len(call.outputs) == 1


def taken_elsewhere(scope: Scope, functions: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[Ref, ...]]:
    """What the functions that are absent from a scope take in the instances that have them, as the scope has it."""
    ids = {inner.name: inner.id for inner in (*scope.parameters, *scope.body)}
    absent = (node.name for node in scope.body if isinstance(node, Absent) and node.name in functions)
    return {name: tuple(Ref(ids[other]) for other in functions[name] if other in ids) for name in absent}
