"""What a class's docstring tells: what it takes and gives, sizes by the names of the class's parameters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from archspec.emit.python.parameters import Class
from archspec.emit.python.relations import Parameter, product
from archspec.tensors import Dim, TensorType, show_dim

_SPACES = {1: ("L",), 2: ("H", "W"), 3: ("D", "H", "W")}
"""What sizes of space are called, by how many a tensor has."""

_OF_CHANNELS = ("channels", "features", "heads")
"""What the names of parameters have in them of which numbers of channels are multiples."""

Known: TypeAlias = dict[str, tuple[Dim, ...]]
"""The sizes in each instance of what has a letter."""


def takes_and_gives(made: Class) -> str:
    """The sentence of a block's class, or of a sequence's."""
    known: Known = {}
    first = made.scopes[0]
    taken = [
        f"{parameter.name} {_shape(made, [scope.parameters[at].type for scope in made.scopes], known)}"
        for at, parameter in enumerate(first.parameters)
    ]
    given = [_shape(made, [scope.outputs[at] for scope in made.scopes], known) for at in range(len(first.outputs))]
    return f"Takes {', '.join(taken)}; gives {', '.join(shapes_of(given))}."


def shapes_of(shapes: Sequence[str]) -> Iterator[str]:
    """Shapes one by one, or how often where they are all alike."""
    if len(shapes) > 1 and len(set(shapes)) == 1:
        yield f"{len(shapes)} × {shapes[0]}"
    else:
        yield from shapes


def _shape(made: Class, types: Sequence[TensorType], known: Known) -> str:
    """The shape that a value has in all instances; the batch, and what is the same in all, as it is."""
    first = types[0]
    if len({type.rank for type in types}) > 1 or len({type.dtype for type in types}) > 1:
        return "a tensor"
    columns = [tuple(type.shape[dim] for type in types) for dim in range(first.rank)]
    told = [_size(made, column) for column in columns]
    for at, letter in enumerate(_letters(told)):
        told[at] = told[at] or _by_letter(made, letter, columns[at], known)
    return f"[{', '.join(filter(None, told))}]" + ("" if first.dtype == "float32" else f" {first.dtype}")


def _size(made: Class, column: tuple[Dim, ...]) -> str | None:
    """What is the same in all instances, or a parameter or a multiple of one."""
    if len(set(map(str, column))) == 1:
        return show_dim(column[0])
    if not all(isinstance(size, int) for size in column):
        return None
    same = next((each.name for each in made.parameters if each.values == column), None)
    return same or product(
        column, [each for each in made.parameters if any(word in each.name for word in _OF_CHANNELS)]
    )


def _letters(told: Sequence[str | None]) -> list[str]:
    """What each dimension would be called: the batch, channels, and space, which channels can stand behind."""
    rank = len(told)
    is_last = rank > 2 and len({text is None for text in told[1:-1]}) == 1 and (told[1] is None) != (told[-1] is None)
    space = range(1, rank - 1) if is_last else range(2, rank)
    names = dict(zip(space, _SPACES.get(len(space), ()), strict=False))
    return ["B", *(names.get(at, "C") for at in range(1, rank))]


def _by_letter(made: Class, letter: str, column: tuple[Dim, ...], known: Known) -> str:
    before = known.setdefault(letter, column)
    if before == column:
        return letter
    pairs = [(size, other) for size, other in zip(column, before, strict=True)]
    if all(isinstance(size, int) and isinstance(other, int) for size, other in pairs):
        part = product(column, [Parameter(letter, before)])
        by = (each.name for each in made.parameters if all(map(_is_part, column, before, each.values)))
        found = part or next((f"{letter} // {name}" for name in by), None)
        if found is not None:
            return found
    return _by_letter(made, f"{letter}'", column, known)


def _is_part(size: Dim, whole: Dim, by: object) -> bool:
    return isinstance(whole, int) and type(by) is int and by > 0 and size == whole // by
