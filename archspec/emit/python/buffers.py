"""The functions that compute buffers: one for those that differ in numbers alone, which are its parameters then."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from archspec.emit.classes import Generator
from archspec.emit.names import Names
from archspec.emit.python.construct import Argument, Computed
from archspec.emit.python.folding import can_fold, folded
from archspec.emit.python.relations import MISSING
from archspec.emit.python.statements import Line, read, shown


@dataclass(slots=True)
class _Function:
    """A function, with its parameters' values for each buffer that it computes."""

    name: str
    texts: list[tuple[Line, ...]] = field(default_factory=list)
    buffers: list[int] = field(default_factory=list)
    parameters: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    names: Names = field(default_factory=Names)

    def parameter(self, name: str, values: tuple[Any, ...]) -> str:
        """The parameter with these values."""
        known = next((each for each, held in self.parameters.items() if held == values), None)
        if known is None:
            known = self.names.allocate(name)
            self.parameters[known] = values
        return known

    def text(self) -> str:
        """The function as it stands in the file."""
        lines = list(shown(tuple(folded(self.texts, frozenset(), self.parameter, _never))))
        kinds = (f"{name}: {type(values[0]).__name__}" for name, values in self.parameters.items())
        return "\n".join([f"def {self.name}({', '.join(kinds)}) -> torch.Tensor:", *lines])


def computed(generator: Generator, found: dict[int, Computed]) -> list[str]:
    """The functions' texts; `found` is told how each buffer is computed, by its id."""
    functions: list[tuple[str, _Function]] = []
    for call, text in generator.computed():
        lines = read(text)
        like = (each for wish, each in functions if wish == call.name and can_fold(each.texts[0], lines, frozenset()))
        function = next(like, None)
        if function is None:
            function = _Function(generator.names.allocate(call.name))
            functions.append((call.name, function))
        function.texts.append(lines)
        function.buffers.append(call.id)
    texts = [function.text() for _, function in functions]
    for _, function in functions:
        for at, buffer in enumerate(function.buffers):
            given = ((name, values[at]) for name, values in function.parameters.items())
            arguments = tuple(Argument(name, value, MISSING, required=True, stand_in=value) for name, value in given)
            found[buffer] = Computed(function.name, arguments)
    return texts


def _never(name: str, there: tuple[bool, ...]) -> str:
    raise AssertionError(f"`{name}` is in every function that computes the buffer")
