"""The invariant check finds what must never be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

import archspec
from archspec.graph import invariants
from archspec.graph.nodes import Graph, Output, Ref, Scope
from archspec.tensors import N, TensorType
from tests.emit.specs import EVERYTHING


def changed(record: Any, **values: Any) -> Any:
    """A copy of a record with other values."""
    return type(record)(**{**{field.name: getattr(record, field.name) for field in fields(record)}, **values})


def with_body(graph: Graph, change: Callable[[list[Any]], Any]) -> Graph:
    body = list(graph.root.body)
    change(body)
    return changed(graph, root=changed(graph.root, body=tuple(body)))


def test_a_compiled_graph_keeps_them() -> None:
    invariants.check(archspec.load(EVERYTHING).graph)


def _twice(body: list[Any]) -> None:
    body.append(body[0])


def _late(body: list[Any]) -> None:
    body.append(body.pop(0))


def _path(body: list[Any]) -> None:
    body[0] = changed(body[0], path="elsewhere")


def _id(body: list[Any]) -> None:
    body[-1] = changed(body[-1], id=body[0].id)


def _input(body: list[Any]) -> None:
    body[1] = changed(body[1], inputs=(Ref(10**9),))


def _type(body: list[Any]) -> None:
    body[0] = changed(body[0], outputs=(TensorType((N, 1)),))


def _results(body: list[Any]) -> None:
    index = next(index for index, node in enumerate(body) if isinstance(node, Scope))
    body[index] = changed(body[index], outputs=(TensorType((N, 1)),))


def _ports(body: list[Any]) -> None:
    index = next(index for index, node in enumerate(body) if isinstance(node, Scope))
    body[index] = changed(body[index], ports=("a", "b"))


def _copies(body: list[Any]) -> None:
    index = next(index for index, node in enumerate(body) if isinstance(node, Scope) and node.kind == "copies")
    body[index] = changed(body[index], copies=body[index].copies[:-1])


def _into_a_block(body: list[Any]) -> None:
    """A call in a block that takes what is outside."""
    index = next(index for index, node in enumerate(body) if isinstance(node, Scope) and node.kind == "block")
    block = body[index]
    inner = list(block.body)
    inner[-1] = changed(inner[-1], inputs=(Ref(body[0].id),))
    body[index] = changed(block, body=tuple(inner))


@pytest.mark.parametrize(
    "change",
    [_twice, _late, _path, _id, _input, _type, _results, _ports, _copies, _into_a_block],
    ids=lambda c: c.__name__,
)
def test_each_break_is_found(change: Callable[[list[Any]], Any]) -> None:
    broken = with_body(archspec.load(EVERYTHING).graph, change)
    with pytest.raises(AssertionError):
        invariants.check(broken)


def test_an_output_of_another_type_is_found() -> None:
    graph = archspec.load(EVERYTHING).graph
    first = graph.outputs[0]
    wrong = Output(first.name, first.ref, TensorType((N, 99)))
    with pytest.raises(AssertionError):
        invariants.check(changed(graph, outputs=(wrong,)))
