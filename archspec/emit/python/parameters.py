"""What differs between the instances of one class becomes the parameters of its `__init__`."""

from __future__ import annotations

import copy
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from archspec.emit.names import Names, identifier
from archspec.emit.python.construct import Argument, Code, Group, Instance, Layer, Tensor, Tree
from archspec.emit.python.folding import can_fold
from archspec.emit.python.relations import MISSING, Parameter, condition, product
from archspec.emit.python.statements import Line
from archspec.graph.nodes import Scope
from archspec.ops.registry import CATALOGUE


def annotation(parameter: Parameter) -> str:
    """The type of a parameter, as it stands behind its name."""
    known = _known(parameter.values)
    kinds = sorted({_kind(value) for value in known if value is not None})
    if kinds == ["float", "int"]:
        kinds = ["float"]
    return " | ".join([*kinds, *(["None"] if None in known else [])])


def _kind(value: Any) -> str:
    if isinstance(value, Code):
        return "partial[nn.Module]" if value.text.startswith("partial(") else "type[nn.Module]"
    if isinstance(value, tuple):
        return f"tuple[{', '.join(map(_kind, value)) or '()'}]"
    return type(value).__name__


@dataclass(slots=True)
class Class:
    """A generated class: its instances, and what they make.

    Attributes:
        name: the class's name.
        wish: what it would be called if no other class were.
        optional: children that some instances do not have.
        absent: functions that some instances do not call.
        is_chain: its `forward` does what that of `nn.Sequential` does.
        functions: the lines of the `forward` that each instance would have by itself.
        scopes: its instances.
        trees: the children that each instance makes, by name.
        parameters: of its `__init__`; known when it is written.
        derived: what follows from the parameters, as if these were some.
        shapes: what each child is like in the instances, by name.
    """

    name: str
    wish: str
    optional: frozenset[str]
    absent: frozenset[str]
    is_chain: bool = False
    functions: list[tuple[Line, ...]] = field(default_factory=list)
    scopes: list[Scope] = field(default_factory=list)
    trees: list[dict[str, Tree]] = field(default_factory=list)
    parameters: list[Parameter] = field(default_factory=list)
    derived: list[Parameter] = field(default_factory=list)
    shapes: dict[str, set[Hashable]] = field(default_factory=dict)
    _names: Names = field(default_factory=lambda: Names({"index", "layers"}))

    def can_fold(self, lines: tuple[Line, ...]) -> bool:
        """Whether an instance with such a forward can be one of the class."""
        return all(can_fold(known, lines, self.absent) for known in set(self.functions))

    def children(self) -> Iterator[tuple[str, tuple[Tree | None, ...]]]:
        """Each child's name, and how each instance makes it."""
        for name in self.child_names():
            yield name, tuple(trees.get(name) for trees in self.trees)

    def child_names(self) -> list[str]:
        """The children in order; one that some instances lack stands where the others have it."""
        known = {name for trees in self.trees for name in trees}
        return [node.name for node in self.scopes[0].registered if node.name in known]

    def presence(self, name: str, there: tuple[bool, ...]) -> str:
        """The condition under which an optional child is there: of its parameters, or a parameter of its own."""
        found = condition(there, [*self.parameters, *self.derived], self._given())
        if found is None:
            default = False if sum(there) * 2 <= len(there) else MISSING
            return self._parameter(self.wish_of(name), there, f"has_{name}", default).name
        text, names = found
        for said in names:
            values = self._given()[said]
            made = self._parameter(said, tuple(values), said, MISSING)
            text = text.replace(said, made.name)
        return text

    def wish_of(self, name: str) -> str:
        """What to call whether an entry is there."""
        return _FRIENDLY.get(name, f"has_{name}" if name in CATALOGUE else name)

    def value(self, name: str, owner: str, values: tuple[Any, ...], default: Any = MISSING) -> Parameter | Any:
        """The one value of an argument; or what holds the different ones: a parameter, or what follows from some."""
        known = _known(values)
        at = self._matching(values)
        if all(_same(value, known[0]) for value in known):
            is_that = at is not None and self.parameters[at].name == name and len(known) < len(values)
            return self._merged(at, values, default) if at is not None and is_that else known[0]
        if at is not None:
            return self._merged(at, values, default)
        said = self._argument(values)
        if said is None:
            follows = self._product(values)
            if follows is not None:
                return follows
            if all(isinstance(value, tuple) and len(value) == len(known[0]) for value in known):
                items = self._items(name, owner, values)
                if items is not None:
                    return items
        return self._parameter(said or name, values, f"{owner}_{name}", default)

    def count(self, name: str, totals: tuple[int, ...], others: int) -> str:
        """How many copies there are beside some others, from a parameter that says how many there are in all."""
        said = next((given for given, values in self._given().items() if values == totals), f"num_{name}")
        made = self._parameter(said, totals, f"num_{name}", MISSING).name
        return f"{made} - {others}" if others else made

    def _items(self, name: str, owner: str, values: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """The values of a tuple one by one, where they follow from each other; else the tuple is one parameter."""
        before = list(self.parameters), list(self.derived), copy.deepcopy(self._names)
        columns = zip(*_known(values), strict=True)
        places = [None if value is MISSING else 0 for value in values]
        made = tuple(self.value(name, owner, _spread(column, places)) for column in columns)
        if sum(parameter.name not in self._given() for parameter in self.parameters[len(before[0]) :]) < 2:
            return made
        self.parameters, self.derived, self._names = before
        return None

    def _product(self, values: tuple[Any, ...]) -> Code | None:
        """What follows from parameters, or from a parameter of the block that becomes one thereby."""
        text = None if MISSING in values else product(values, self.parameters)
        for name, given in () if text is not None else self._given().items():
            if all(type(value) is int for value in given) and len(set(given)) > 1:
                text = product(values, [*self.parameters, Parameter(name, given)])
                if text is not None:
                    text = text.replace(name, self._parameter(name, given, name, MISSING).name)
                    break
        text = text or product(values, self.parameters)
        if text is None:
            return None
        self.derived.append(Parameter(text, values))
        return Code(text)

    def _matching(self, values: tuple[Any, ...]) -> int | None:
        """The place of the parameter that has these values."""
        found = (at for at, known in enumerate(self.parameters) if _compatible(known.values, values))
        return next(found, None)

    def _merged(self, at: int, values: tuple[Any, ...], default: Any) -> Parameter:
        """A parameter with further values, where it has none yet."""
        known = self.parameters[at]
        merged = tuple(b if a is MISSING else a for a, b in zip(known.values, values, strict=True))
        default = known.default if known.default is not MISSING else default
        self.parameters[at] = Parameter(known.name, merged, _usual(merged, default))
        return self.parameters[at]

    def _parameter(self, name: str, values: tuple[Any, ...], otherwise: str, default: Any) -> Parameter:
        at = self._matching(values)
        if at is not None:
            return self._merged(at, values, default)
        given = self._given().get(name)
        if given is not None:
            values = tuple(b if a is MISSING else a for a, b in zip(values, given, strict=True))
        size = self._of_input(values)
        if size is not None and name not in self._given():
            values, name = size[1], size[0] if name in _SIZES_OF_INPUTS else name
        wishes = (_FRIENDLY.get(name, name), name, otherwise)
        made = Parameter(self._names.allocate(*map(identifier, wishes)), values, _usual(values, default))
        self.parameters.append(made)
        return made

    def _of_input(self, values: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]] | None:
        """What to call a size that is the input's in each instance, and all its values."""
        shapes = [scope.parameters[0].type.shape for scope in self.scopes if scope.parameters]
        if len(shapes) < len(values) or any(len(shape) < 2 for shape in shapes):
            return None
        for dim in (1, -1):
            sizes = tuple(shape[dim] for shape in shapes)
            if all(type(size) is int for size in sizes) and _compatible(values, sizes):
                return ("in_channels" if dim == 1 and len(shapes[0]) > 2 else "in_features"), sizes
        return None

    def _given(self) -> dict[str, tuple[Any, ...]]:
        """The block's own parameters, with their values in each instance."""
        names: Mapping[str, Any] = self.scopes[0].arguments
        return {name: tuple(scope.arguments.get(name) for scope in self.scopes) for name in names}

    def _argument(self, values: tuple[Any, ...]) -> str | None:
        """The block's own parameter that has these values."""
        return next((name for name, given in self._given().items() if _compatible(given, values)), None)


_FRIENDLY = {"normalized_shape": "features", "add": "residual"}
"""Better names for the parameters of classes than those of what they are for."""

_SIZES_OF_INPUTS = frozenset({"num_features", "normalized_shape", "shape"})
"""Arguments that can say how large the input is."""


def _usual(values: Sequence[Any], default: Any) -> Any:
    """A default that is one of the values, too."""
    return default if any(_same(value, default) for value in values) else MISSING


def _spread(column: Sequence[Any], places: Sequence[int | None]) -> tuple[Any, ...]:
    """The values of a column, where there are any."""
    rest = iter(column)
    return tuple(MISSING if place is None else next(rest) for place in places)


def _known(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if value is not MISSING]


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, Code) and isinstance(b, Code):
        return a.text == b.text
    return type(a) is type(b) and bool(a == b)


def _compatible(mine: Sequence[Any], theirs: Sequence[Any]) -> bool:
    return all(a is MISSING or b is MISSING or _same(a, b) for a, b in zip(mine, theirs, strict=True))


_BY_POSITION = 3  # so many arguments can do without their names


def arguments_of(tree: Layer | Tensor | Instance, class_of: Mapping[int, Class]) -> tuple[Argument, ...]:
    """A constructor's arguments in one instance of the class around it."""
    if not isinstance(tree, Instance):
        return tree.arguments
    made = class_of[tree.scope.id]
    at = next(index for index, scope in enumerate(made.scopes) if scope.id == tree.scope.id)
    positional = sum(parameter.default is MISSING for parameter in made.parameters) <= _BY_POSITION
    return tuple(
        Argument(
            parameter.name,
            parameter.values[at],
            parameter.default,
            required=parameter.default is MISSING and positional and type(parameter.stand_in) is not bool,
            stand_in=parameter.stand_in,
        )
        for parameter in made.parameters
    )


def in_order(classes: Sequence[Class], class_of: Mapping[int, Class]) -> list[Class]:
    """The classes, each behind those of which it makes instances."""
    ordered: dict[str, Class] = {}

    def place(made: Class) -> None:
        for trees in made.trees:
            for scope in (scope for tree in trees.values() for scope in _instances(tree)):
                if class_of[scope.id].name not in ordered:
                    place(class_of[scope.id])
        ordered[made.name] = made

    for made in classes:
        if made.name not in ordered:
            place(made)
    return list(ordered.values())


def _instances(tree: Tree) -> Iterator[Scope]:
    if isinstance(tree, Instance):
        yield tree.scope
    elif isinstance(tree, Group):
        for child in tree.children:
            yield from _instances(child)
