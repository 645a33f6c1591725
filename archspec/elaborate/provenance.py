"""Where a value's shape comes from: the chain of what changed it, and what changed one of its dimensions."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.elaborate.environment import Value
from archspec.elaborate.history import History, Made
from archspec.errors import Span
from archspec.graph.nodes import Ref
from archspec.tensors import Dim, TensorType

_FARTHEST = 10_000


def chain(history: History, value: Value, at: Span, longest: int = 8) -> str | None:
    """`conv [N, 64, 8, 8] (line 3) → pool [N, 64, 4, 4] (line 4)`: the latest steps that changed the shape.

    `at` is where the fault stands; steps in other files are told with their file.
    """
    steps: list[str] = []
    for step, type_, before in _back(history, value.ref):
        if steps and before is not None and before.shape == type_.shape:
            continue
        if len(steps) == longest:
            return "… → " + " → ".join(reversed(steps))
        steps.append(f"{step.name} {type_} ({step.span.line_seen_from(at)})")
    return " → ".join(reversed(steps)) if steps else None


def changed(history: History, value: Value, dim: int) -> tuple[Made, Dim, Dim] | None:
    """The step that gave a dimension its size, and that size before and after; None where it came so."""
    for step, type_, before in _back(history, value.ref):
        if before is None or before.rank != type_.rank or dim >= before.rank:
            return None
        if before.shape[dim] != type_.shape[dim]:
            return step, before.shape[dim], type_.shape[dim]
    return None


def _back(history: History, ref: Ref) -> Iterator[tuple[Made, TensorType, TensorType | None]]:
    """The steps that made a value, the last one first: each with its type and that of its first input.

    A scope that changes the shape is told by its inside, any other as one step; a scope's input by what it stands for.
    """
    for _ in range(_FARTHEST):
        step = history.get(ref.id)
        if step is None:
            return
        type_ = step.types[ref.port]
        before = _type_of(history, step.inputs[0]) if step.inputs else None
        if step.name == "" and step.inputs:
            ref = step.inputs[0]
        elif step.results and before is not None and before.shape != type_.shape:
            ref = step.results[ref.port]
        else:
            yield step, type_, before
            if not step.inputs:
                return
            ref = step.inputs[0]


def _type_of(history: History, ref: Ref) -> TensorType | None:
    step = history.get(ref.id)
    return None if step is None else step.types[ref.port]
