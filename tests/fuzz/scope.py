"""What a spec's names mean while the interpreter runs it: scopes, references, expressions."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor

Names = dict[str, Any]


class Refused(Exception):
    """The spec breaks a rule of the language that torch does not know."""


@dataclass
class Bound:
    """What a name means: the values of an entry, and the names inside it that may be reached.

    Attributes:
        is_absent: the entry is not there, and stands for its input.
        path: the place of the layer, or of the bare tensor, that it is.
        again: calls the module that it is with other inputs.
    """

    ports: dict[str, Tensor]
    inner: dict[str, Bound] = field(default_factory=dict)
    is_absent: bool = False
    again: Callable[[list[Tensor]], Bound] | None = None
    path: str = ""

    @property
    def first(self) -> Tensor:
        return next(iter(self.ports.values()))


@dataclass
class Scope:
    """One sequence while it runs.

    Attributes:
        is_module: it is the forward of a module of its own.
        offset: how many entries of the list around it come before its own.
        beyond: the scope of which its expressions see the sizes, though it sees no tensor there.
    """

    path: str
    inputs: dict[str, Tensor]
    names: Names
    parent: Scope | None = None
    bound: dict[str, Bound] = field(default_factory=dict)
    previous: list[Tensor] = field(default_factory=list)
    listed: bool = False
    is_module: bool = False
    offset: int = 0
    beyond: Scope | None = None

    @property
    def number(self) -> str:
        """What the next entry of a list is called."""
        return str(self.offset + len(self.bound))

    def owner(self) -> str:
        """The path of the module in whose forward it runs."""
        return self.path if self.is_module or self.parent is None else self.parent.owner()

    def knows_batch(self, batch: int) -> bool:
        """Whether the forward in which it runs has an argument with the batch."""
        if not self.inputs and self.parent is not None:
            return self.parent.knows_batch(batch)
        return any(size % batch == 0 for tensor in self.inputs.values() for size in tensor.shape)

    def __post_init__(self) -> None:
        self.previous = self.previous or list(self.inputs.values())

    def as_now(self) -> Scope:
        """The same, of which what comes later is not seen: for further calls of what is made here."""
        parent = None if self.parent is None else self.parent.as_now()
        return replace(self, bound=dict(self.bound), parent=parent)

    def find(self, name: str) -> Bound:
        """What a name means here: an own entry or input, or one of a scope around."""
        if name == "previous":
            return Bound({"output": self.previous[0]})
        if name in self.bound:
            return self.bound[name]
        if name in self.inputs:
            return Bound({"output": self.inputs[name]})
        if self.parent is None:
            raise Refused(f"no `{name}` here")
        return self.parent.find(name)

    def refer(self, reference: str) -> Tensor:
        """A dotted name's tensor."""
        return self.reach(reference).first

    def reach(self, reference: str) -> Bound:
        """All that a dotted name means."""
        head, *rest = reference.split(".")
        found = self.find(head)
        for at, part in enumerate(rest):
            if part in found.inner:
                found = found.inner[part]
            elif part in found.ports and at == len(rest) - 1:
                found = Bound({part: found.ports[part]})
            else:
                raise Refused(f"no `{reference}` here")
        return found

    def visible(self) -> Iterator[tuple[str, Tensor]]:
        """Every reference that means something here."""
        for name, tensor in self.inputs.items():
            yield name, tensor
        for name, value in self.bound.items():
            yield from _reached(name, value)
        if self.parent is not None:
            own = {*self.inputs, *self.bound}
            yield from ((name, value) for name, value in self.parent.visible() if name.split(".")[0] not in own)


def _reached(name: str, value: Bound) -> Iterator[tuple[str, Tensor]]:
    yield name, value.first
    if len(value.ports) > 1:
        yield from ((f"{name}.{port}", tensor) for port, tensor in value.ports.items())
    for inner, each in value.inner.items():
        yield from _reached(f"{name}.{inner}", each)


class _Shape:
    """A tensor as an expression sees it."""

    def __init__(self, tensor: Tensor) -> None:
        self.shape = list(tensor.shape)
        self.features = self.shape[-1]
        if tensor.dim() > 1:
            self.channels = self.shape[1]
        names = {3: ("length",), 4: ("height", "width"), 5: ("depth", "height", "width")}.get(tensor.dim(), ())
        for name, size in zip(names, self.shape[2:], strict=False):
            setattr(self, name, size)


class _Sight(dict[str, Any]):
    """The names that an expression may use: variables, then tensors in scope."""

    def __init__(self, names: Names, scope: Scope | None) -> None:
        super().__init__(names)
        self.scope = scope

    def __missing__(self, name: str) -> Any:
        scope = self.scope
        while scope is not None:
            with contextlib.suppress(Refused):
                return _Shape(scope.find(name).first)
            scope = scope.beyond
        raise KeyError(name)


def _make_divisible(value: float, divisor: int) -> int:
    made = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return made + divisor if made < 0.9 * value else made


_CALLS = {"make_divisible": _make_divisible, "true": True, "false": False, "null": None} | {
    function.__name__: function for function in (min, max, abs, round, int, float, sum, len)
}
_PART = re.compile(r"\$\$|\$([A-Za-z_]\w*)|\$\(([^()]*(?:\([^()]*\)[^()]*)*)\)")


def evaluate(value: Any, names: Names, scope: Scope | None = None) -> Any:
    """A value of a spec with its variables and expressions in place."""
    if isinstance(value, list):
        return [evaluate(item, names, scope) for item in value]
    if isinstance(value, dict):
        return {key: evaluate(item, names, scope) for key, item in value.items()}
    if not isinstance(value, str) or "$" not in value:
        return value
    parts = list(_PART.finditer(value))
    if len(parts) == 1 and parts[0].group() == value and value != "$$":
        return _expression(parts[0].group(1) or parts[0].group(2), names, scope)
    return _PART.sub(lambda found: _written(found, names, scope), value)


def _written(found: re.Match[str], names: Names, scope: Scope | None) -> str:
    return "$" if found.group() == "$$" else str(_expression(found.group(1) or found.group(2), names, scope))


def _expression(text: str, names: Names, scope: Scope | None) -> Any:
    return eval(text, {"__builtins__": {}, **_CALLS}, _Sight(names, scope))
