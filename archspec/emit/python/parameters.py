"""What differs between the instances of one class becomes the parameters of its `__init__`."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from archspec.emit.names import Names, identifier
from archspec.emit.python.construct import Argument, Code, Instance, Layer, Tensor, Tree
from archspec.graph.nodes import Absent, Scope
from archspec.records import record


class _Missing:
    """Stands for the value of an argument of a child that an instance does not have."""


MISSING = _Missing()


@record
class Parameter:
    """A parameter of a class, with its value in each instance."""

    name: str
    values: tuple[Any, ...]

    @property
    def stand_in(self) -> Any:
        """What an instance is given that has no use for it."""
        return next(value for value in self.values if value is not MISSING)

    @property
    def type(self) -> str:
        """Its annotation."""
        known = _known(self.values)
        kinds = sorted({_kind(value) for value in known if value is not None})
        if kinds == ["float", "int"]:
            kinds = ["float"]
        return " | ".join([*kinds, *(["None"] if None in known else [])])


def _kind(value: Any) -> str:
    if isinstance(value, Code):
        return "partial[nn.Module]" if value.text.startswith("partial(") else "type[nn.Module]"
    if isinstance(value, tuple):
        inner = sorted({_kind(item) for item in value})
        return f"tuple[{' | '.join(inner) or 'int'}, ...]"
    return type(value).__name__


@dataclass(slots=True)
class Class:
    """A generated class: its instances, and what they make.

    Attributes:
        name: the class's name.
        wish: what it would be called if no other class were.
        forward: its `forward`, as text.
        scopes: its instances.
        trees: the children that each instance makes, by name.
        optional: children that some instances do not have.
        is_chain: its `forward` does what that of `nn.Sequential` does.
        shapes: what each child is like in the instances, by name.
    """

    name: str
    wish: str
    forward: str
    scopes: list[Scope]
    trees: list[dict[str, Tree]]
    optional: frozenset[str]
    parameters: list[Parameter] = field(default_factory=list)
    is_chain: bool = False
    shapes: dict[str, set[Hashable]] = field(default_factory=dict)
    _names: Names = field(default_factory=Names)

    def children(self) -> Iterator[tuple[str, tuple[Tree | None, ...]]]:
        """Each child's name, and how each instance makes it."""
        for name in self.child_names():
            yield name, tuple(trees.get(name) for trees in self.trees)

    def child_names(self) -> list[str]:
        """The children in order; one that some instances lack stands where the others have it."""
        known = {name for trees in self.trees for name in trees}
        return [node.name for node in self.scopes[0].registered if node.name in known]

    @property
    def never(self) -> set[str]:
        """Optional children that no instance of this class has, though its `forward` asks for them."""
        absent = {node.name for node in self.scopes[0].body if isinstance(node, Absent)} & self.optional
        return absent.difference(*self.trees)

    def presence(self, name: str) -> Parameter:
        """The parameter that says whether an optional child is there."""
        there = tuple(name in trees for trees in self.trees)
        return self._parameter(name, there, owner="has", allow_arguments=False)

    def value(self, name: str, owner: str, values: tuple[Any, ...]) -> Parameter | Any:
        """The one value of an argument, or the parameter that holds the different ones."""
        known = _known(values)
        if all(_same(value, known[0]) for value in known):
            return known[0]
        return self._parameter(name, values, owner=owner)

    def _parameter(
        self, name: str, values: tuple[Any, ...], *, owner: str = "", allow_arguments: bool = True
    ) -> Parameter:
        for index, parameter in enumerate(self.parameters):
            if _compatible(parameter.values, values):
                merged = tuple(b if a is MISSING else a for a, b in zip(parameter.values, values, strict=True))
                self.parameters[index] = Parameter(parameter.name, merged)
                return self.parameters[index]
        said = self._argument(values) if allow_arguments else None
        if said is not None:
            given = [scope.arguments[said] for scope in self.scopes]
            values = tuple(b if a is MISSING else a for a, b in zip(values, given, strict=True))
        wishes = [wish for wish in (said, name, f"{owner}_{name}") if wish]
        made = Parameter(self._names.allocate(*map(identifier, wishes)), values)
        self.parameters.append(made)
        return made

    def _argument(self, values: tuple[Any, ...]) -> str | None:
        """The block's own parameter that has these values."""
        names: Mapping[str, Any] = self.scopes[0].arguments
        return next(
            (name for name in names if _compatible(tuple(s.arguments.get(name) for s in self.scopes), values)), None
        )


def _known(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if value is not MISSING]


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, Code) and isinstance(b, Code):
        return a.text == b.text
    return type(a) is type(b) and bool(a == b)


def _compatible(mine: Sequence[Any], theirs: Sequence[Any]) -> bool:
    return all(a is MISSING or b is MISSING or _same(a, b) for a, b in zip(mine, theirs, strict=True))


def arguments_of(tree: Layer | Tensor | Instance, class_of: Mapping[int, Class]) -> tuple[Argument, ...]:
    """A constructor's arguments in one instance of the class around it."""
    if not isinstance(tree, Instance):
        return tree.arguments
    made = class_of[tree.scope.id]
    at = next(index for index, scope in enumerate(made.scopes) if scope.id == tree.scope.id)
    return tuple(
        Argument(parameter.name, parameter.values[at], MISSING, stand_in=parameter.stand_in)
        for parameter in made.parameters
    )
