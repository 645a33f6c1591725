"""How each value came to be, for the chain of shapes in a note."""

from __future__ import annotations

from bisect import bisect_right

from archspec.errors import Span
from archspec.graph.nodes import Ref
from archspec.records import record
from archspec.tensors import TensorType


@record
class Made:
    """How a value came to be. A scope's `results` are what its inside made."""

    name: str
    types: tuple[TensorType, ...]
    span: Span
    inputs: tuple[Ref, ...]
    results: tuple[Ref, ...] = ()


@record
class Shift:
    """From the inside of one instance of a block to that of another: ids by a distance, paths by what they begin
    with."""

    distance: int
    old: str
    new: str

    def ref(self, ref: Ref) -> Ref:
        """The value that takes its place."""
        return Ref(ref.id + self.distance, ref.port)

    def path(self, path: str) -> str:
        """The place of what takes its place. What has none, has none there."""
        return path and self.new + path[len(self.old) :]


class History:
    """What made each value, by its id. Of instances that are alike, only the first one's inside is written down."""

    def __init__(self) -> None:
        self._made: dict[int, Made] = {}
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._shifts: list[Shift] = []

    def add(self, id: int, made: Made) -> None:
        """Write down what made a value."""
        self._made[id] = made

    def repeat(self, first: int, last: int, shift: Shift) -> None:
        """The values from the id `first` to `last` came to be as others did, `shift` before."""
        self._starts.append(first)
        self._ends.append(last)
        self._shifts.append(shift)

    def get(self, id: int) -> Made | None:
        """What made a value; None where a fault has kept it from being made."""
        found = self._made.get(id)
        at = bisect_right(self._starts, id) - 1
        if found is not None or at < 0 or id > self._ends[at]:
            return found
        shift = self._shifts[at]
        found = self.get(id - shift.distance)
        if found is None:
            return None
        inputs, results = tuple(map(shift.ref, found.inputs)), tuple(map(shift.ref, found.results))
        return Made(shift.path(found.name), found.types, found.span, inputs, results)

    def forget(self, after: int, last: int) -> None:
        """Take out what was written down for ids that are given anew."""
        for id in range(after + 1, last + 1):
            self._made.pop(id, None)
